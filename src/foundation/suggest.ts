/**
 * "Did you mean": the allowed word that a wrong one most resembles, for errors about names in files and flags.
 */

/** The nearest of `allowed` when it is near enough to be a typing mistake; null otherwise. Case is ignored. */
export function nearest(word: string, allowed: Iterable<string>): string | null {
  let best: string | null = null
  // A third of the letters may be wrong, at least one: "faultz" → "faults", but "cat" is no mistaken "kind".
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of allowed) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}

/** ` (did you mean "kind"?)`, or nothing: to be put after the wrong word. What is no text has no suggestion. */
export function didYouMean(word: unknown, allowed: Iterable<string>): string {
  const suggestion = typeof word === 'string' ? nearest(word, allowed) : null
  return suggestion === null ? '' : ` (did you mean "${suggestion}"?)`
}

/** Letters to insert, remove, replace, or swap with their neighbour, to turn `left` into `right`. */
function editDistance(left: string, right: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1]
      let distance = Math.min(
        last[column]! + 1,
        current[column - 1]! + 1,
        last[column - 1]! + (same ? 0 : 1),
      )
      if (row > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]) {
        distance = Math.min(distance, (beforeLast[column - 2] ?? Infinity) + 1)
      }
      current.push(distance)
    }
    beforeLast = last
    last = current
  }
  return last[right.length]!
}
