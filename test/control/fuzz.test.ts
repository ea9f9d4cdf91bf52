/** The smaller twin of fuzz.slow.test.ts. */
import { expect, it } from 'vitest'
import { fuzzControlPlane } from './fuzz.ts'

it('a thousand hostile requests find no way in, and no way to hurt', async () => {
  const { answers } = await fuzzControlPlane(1000)
  expect(answers).toBeGreaterThan(250)
})
