import fc from 'fast-check'
import { expect, test } from 'vitest'
import { didYouMean, nearest } from '../../src/foundation/suggest.ts'

test.each([
  ['tittle', 'title'],
  ['duraton', 'duration'],
  ['HOST', 'host'],
  ['fautls', 'faults'],
])('%s is taken for %s', (word, expected) => {
  expect(nearest(word, ['title', 'duration', 'host', 'faults', 'summary'])).toBe(expected)
})

test('a word that resembles none has no suggestion', () => {
  expect(nearest('zebra', ['title', 'host'])).toBeNull()
  expect(didYouMean('zebra', ['title', 'host'])).toBe('')
  expect(didYouMean(3, ['title', 'host'])).toBe('')
})

test('the suggestion is one of the allowed words, and a word that is allowed is its own', () => {
  const words = fc.array(fc.string({ minLength: 1 }), { minLength: 1 })
  fc.assert(
    fc.property(words, fc.string(), (allowed, word) => {
      expect([...allowed, null]).toContain(nearest(word, allowed))
      expect(nearest(allowed[0]!, allowed)?.toLowerCase()).toBe(allowed[0]!.toLowerCase())
    }),
    { seed: 1 },
  )
})
