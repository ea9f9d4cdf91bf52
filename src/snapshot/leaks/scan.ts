/**
 * Tells whether a value holds something personal or secret that can be told by its form. It never hands out the value
 * itself: a report of leaks must not be one.
 */
import { jsonTexts } from './json-texts.ts'
import { URL_PARTS, isRealToken } from './kinds.ts'
import { RANDOM_LENGTH_MIN } from './randomness.ts'
import { overlapping, spansOf } from './spans.ts'
import type { Span } from './spans.ts'

export interface Leak {
  /** In words for people, such as `e-mail address`. */
  readonly kind: string
}

const RANDOM_TOKEN = 'random token (key or password)'
const TOKEN = new RegExp(`[A-Za-z0-9]{${RANDOM_LENGTH_MIN},}`, 'g')

/** The first leak of a value: JSON is looked at inside, everything else as text. null = nothing that can be told. */
export function findLeak(text: string): Leak | null {
  const texts = jsonTexts(text)
  if (texts === null) return findPlainLeak(text)
  for (const each of texts) {
    const leak = findPlainLeak(each)
    if (leak !== null) return leak
  }
  return null
}

/** The same without looking for JSON. */
export function findPlainLeak(text: string): Leak | null {
  // The shortest of all forms, 1.1.1.1, has seven characters.
  if (text.length < 7) return null
  const spans = spansOf(text)
  for (const { kind, start, end } of spans) {
    const match = text.slice(start, end)
    if (kind.isReal(match)) return { kind: kind.name }
    const inside = kind.treatment === 'url' ? findPlainLeak(URL_PARTS.exec(match)?.[5] ?? '') : null
    if (inside !== null) return inside
  }
  return hasRandomToken(text, spans) ? { kind: RANDOM_TOKEN } : null
}

function hasRandomToken(text: string, spans: readonly Span[]): boolean {
  TOKEN.lastIndex = 0
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    const start = match.index
    const end = start + match[0].length
    if (overlapping(spans, spans.length, start, end) !== undefined) continue
    const isBounded = text[start - 1] !== '_' && text[end] !== '_'
    if (isRealToken(match[0], isBounded)) return true
  }
  return false
}
