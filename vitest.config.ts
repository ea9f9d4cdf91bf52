import { defineConfig } from 'vitest/config'

/** `*.slow.test.ts`, more than half of the time, run where QUEUE_DRILL_SLOW_TESTS is 1: in `.ci/run`, and where they are wanted. */
const slow = process.env['QUEUE_DRILL_SLOW_TESTS'] === '1'
/** The sample project runs where the package is installed (test/package). */
const exclude = ['test/consumer/**', ...(slow ? [] : ['test/**/*.slow.test.ts'])]

/**
 * Tests of what computes and keeps nothing: one process reads the code once for many of their files (measured: 16 s of
 * CPU instead of 24 s for 28 files). All others open servers or change their process, and get one of their own.
 */
const FOLDERS = [
  'conformance',
  'drill/weekly',
  'foundation',
  'queue-job',
  'report',
  'scenario',
  'scoring',
]
const pure = [
  'test/*.test.ts',
  // They close what they listen on, in their own process.
  'test/control/{control-plane,docs,fuzz}.test.ts',
  'test/control/odoocli/usage.test.ts',
  ...[...FOLDERS, 'snapshot/inspect', 'snapshot/mask', 'tidy'].map(
    (name) => `test/${name}/**/*.test.ts`,
  ),
]

const all = { testTimeout: 60_000, hookTimeout: 60_000 }

export default defineConfig({
  test: {
    globalSetup: ['test/build.ts'],
    maxWorkers: 2,
    projects: [
      { test: { ...all, name: 'pure', include: pure, exclude, isolate: false } },
      {
        test: {
          ...all,
          name: 'processes',
          include: ['test/**/*.test.ts'],
          exclude: [...exclude, ...pure],
        },
      },
    ],
  },
})
