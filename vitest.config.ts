import { defineConfig } from 'vitest/config'

/** `*.slow.test.ts`, a fifth of the time, run where QUEUE_DRILL_SLOW_TESTS is 1: in `.ci/run`, and where they are wanted. */
const slow = process.env['QUEUE_DRILL_SLOW_TESTS'] === '1'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The sample project runs where the package is installed (test/package).
    exclude: ['test/consumer/**', ...(slow ? [] : ['test/**/*.slow.test.ts'])],
    globalSetup: ['test/build.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
})
