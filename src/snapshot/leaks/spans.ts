/**
 * Where in a text the recognisable kinds stand, without overlaps. The kinds are looked for one after the other, each in
 * what those before it left over, as the normalisation of signatures does it.
 */
import { KINDS } from './kinds.ts'
import type { Kind } from './kinds.ts'

export interface Span {
  readonly kind: Kind
  readonly start: number
  readonly end: number
}

/** Quick no for most texts: nothing of the forms below is possible without one of these. */
const ANYTHING =
  /@|:\/\/|-----BEGIN|\d[\d .()+/-]{6,}\d|\d\.\d+\.\d|[A-Z]{2}\d\d[ A-Z0-9]{11}|[A-Za-z0-9+/=_-]{15}/

/** Every part of the text that has the form of a kind, in the order of the text. */
export function spansOf(text: string): Span[] {
  if (!ANYTHING.test(text)) return []
  const spans: Span[] = []
  for (const kind of KINDS) {
    if (kind.hints.length > 0 && !kind.hints.some((hint) => text.includes(hint))) continue
    addSpans(text, kind, spans)
  }
  return spans
}

function addSpans(text: string, kind: Kind, spans: Span[]): void {
  const { pattern } = kind
  pattern.lastIndex = 0
  const taken = spans.length
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const start = match.index
    const end = start + match[0].length
    const before = overlapping(spans, taken, start, end)
    if (before !== undefined) pattern.lastIndex = Math.max(before.end, start + 1)
    else if (kind.isForm?.(match[0]) ?? true) spans.push({ kind, start, end })
  }
  if (spans.length > taken) spans.sort((left, right) => left.start - right.start)
}

/** `spans` are in order up to `count` and do not overlap. */
export function overlapping(
  spans: readonly Span[],
  count: number,
  start: number,
  end: number,
): Span | undefined {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >> 1
    if (spans[middle]!.start < end) low = middle + 1
    else high = middle
  }
  const last = spans[low - 1]
  return last !== undefined && last.end > start ? last : undefined
}
