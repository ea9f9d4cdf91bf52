/** The control plane holds against ten thousand requests that nobody should send. */
import { expect, it } from 'vitest'
import { fuzzControlPlane } from './fuzz.ts'

it('ten thousand hostile requests find no way in, and no way to hurt', async () => {
  const { answers } = await fuzzControlPlane(10_000)
  expect(answers).toBeGreaterThan(2500)
}, 300_000)
