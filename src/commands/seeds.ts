/** Seeds as people write them: `7`, `1,2,7`, `1..10`. */
import { DrillError } from '../foundation/errors.ts'

/** One call plays at most so many drills of a scenario: a slip of the finger in `1..1000000` is caught. */
const SEEDS_MAX = 1000

/** In the order given, each once. `name` is that of the flag, for errors. */
export function parseSeeds(text: string, name: string): readonly number[] {
  const seeds = [...new Set(text.split(',').flatMap((part) => parsePart(part.trim(), name)))]
  if (seeds.length <= SEEDS_MAX) return seeds
  throw new DrillError('input', `${name} names more than ${SEEDS_MAX} seeds`)
}

function parsePart(part: string, name: string): number[] {
  const [, first, last = first] = /^(\d+)(?:\.\.(\d+))?$/.exec(part) ?? []
  const [from, to] = [Number(first), Number(last)]
  if (first === undefined || to < from || !Number.isSafeInteger(to)) {
    throw new DrillError(
      'input',
      `${name} must be a whole number, 0 or more; several as 1,2,7 or 1..10`,
    )
  }
  return Array.from({ length: Math.min(to - from, SEEDS_MAX) + 1 }, (_, index) => from + index)
}

/** `seed 1`, `seeds 1..10`, `seeds 1, 2, 7`. */
export function seedsText(seeds: readonly number[]): string {
  const [first] = seeds
  if (seeds.length === 1) return `seed ${first}`
  const isRange = seeds.length > 2 && seeds.every((seed, index) => seed === first! + index)
  return `seeds ${isRange ? `${first}..${seeds.at(-1)}` : seeds.join(', ')}`
}
