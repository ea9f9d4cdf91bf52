/**
 * Identity keys that more than one unfinished job has: the key was to prevent that. Keys are as many as jobs, so the
 * first look keeps a bit for each only (16 MB whatever comes); the second one counts those whose bit was met twice.
 */
import type { JobRow } from '../../queue-job/job.ts'

/** 2^27: a million keys make about 0.4 % of them suspects without a cause. */
const BITS = 1 << 27
const LISTED_MAX = 10

/** States in which a key is taken. */
const TAKEN: ReadonlySet<string> = new Set(['pending', 'enqueued', 'started', 'wait_dependencies'])

export interface DuplicateKeys {
  /** Keys that several unfinished jobs have. */
  readonly keys: number
  /** Jobs that have one of them. */
  readonly jobs: number
  /** Most jobs first. */
  readonly worst: readonly { readonly identityKey: string; readonly jobs: number }[]
}

export class DuplicateCounter {
  readonly #seen = new Uint8Array(BITS / 8)
  readonly #suspects = new Set<number>()
  readonly #counts = new Map<string, number>()

  /** First look. */
  look(job: JobRow): void {
    if (job.identityKey === null || !TAKEN.has(job.state)) return
    const bit = hash(job.identityKey)
    const mask = 1 << (bit & 7)
    if ((this.#seen[bit >>> 3]! & mask) === 0) this.#seen[bit >>> 3]! |= mask
    else this.#suspects.add(bit)
  }

  /** Whether the second look can tell anything. */
  get hasSuspects(): boolean {
    return this.#suspects.size > 0
  }

  /** Second look. */
  count(job: JobRow): void {
    if (job.identityKey === null || !TAKEN.has(job.state)) return
    if (!this.#suspects.has(hash(job.identityKey))) return
    this.#counts.set(job.identityKey, (this.#counts.get(job.identityKey) ?? 0) + 1)
  }

  result(): DuplicateKeys {
    const twice = [...this.#counts].filter(([, jobs]) => jobs > 1)
    return {
      keys: twice.length,
      jobs: twice.reduce((sum, [, jobs]) => sum + jobs, 0),
      worst: twice
        .sort(([leftKey, left], [rightKey, right]) => right - left || (leftKey < rightKey ? -1 : 1))
        .slice(0, LISTED_MAX)
        .map(([identityKey, jobs]) => ({ identityKey, jobs })),
    }
  }
}

/** FNV-1a, cut to the number of bits. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  }
  return value >>> 5
}
