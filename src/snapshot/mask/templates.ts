/**
 * What was masked before, by the shape of the field: its bytes but for the digits of free numbers (`shape.ts`), and what
 * became of them. A value that comes again is a shape without free numbers. Only what is met a second time is kept, so
 * that values that never repeat cost neither memory nor the room of those that do.
 */
import type { Digits } from './digits.ts'
import type { Output } from './output.ts'

/** Of one column, twice: nothing that comes again is forgotten before so much else came. */
const BYTES_MAX = 1_000_000
const ENTRIES_MAX = 4000
/** Longer fields would take the room of hundreds of others. */
const FIELD_BYTES_MAX = 4096
/** Hashes of what was met once; a power of two. One takes the place of another, which then is met once more. */
const MET = 4096

const TAB = 0x09
const NEWLINE = 0x0a
const ZERO = 0x30

/** A few bytes of a field tell which shape it is likely to have; the nearer the more telling. */
const GLANCES = [0, 1, 2, 3, 6, 10, 15, 21, 28, 36, 45, 55, 66, 78, 91, 105, 120, 136, 153, 171]
const GLANCE_MAX = GLANCES.at(-1)!
/** A power of two. */
const GUESSES = 1024
/** Digits tell nothing, and what is behind the end of a field little. */
const GLANCED = Uint8Array.from({ length: 256 }, (_, code) => {
  if (code === TAB || code === NEWLINE) return 0
  return code >= ZERO && code <= ZERO + 9 ? ZERO : code
})

export const HASH_SEED = 0x811c9dc5
export const HASH_PRIME = 0x01000193

/** Compares and copies four bytes at a time: with one at a time it would take half of all the masking (measured). */
export class Template {
  readonly #length: number
  readonly #maskedLength: number
  /** For each four bytes of the field, the last ones filled up with zeros, two words: which bits are fixed, and how. */
  readonly #shape: Int32Array
  readonly #masked: Int32Array
  /** Begin and end of each free number. */
  readonly #runs: Int32Array
  /** Nothing in it changes. */
  readonly #isKept: boolean

  /** `masked`: as long as the field if it has free numbers. */
  constructor(field: Buffer, masked: Buffer, runs: Int32Array) {
    this.#length = field.length
    this.#maskedLength = masked.length
    const fixed = Buffer.alloc(field.length, 0xff)
    for (let run = 0; run < runs.length; run += 2) fixed.fill(0, runs[run], runs[run + 1])
    const words = wordsOf(field)
    this.#shape = Int32Array.from(
      wordsOf(fixed).flatMap((bits, index) => [bits, bits & words[index]!]),
    )
    this.#isKept = runs.length === 0 && field.equals(masked)
    this.#masked = Int32Array.from(this.#isKept ? [] : wordsOf(masked))
    this.#runs = runs
  }

  get bytes(): number {
    return 4 * (this.#shape.length + this.#masked.length + this.#runs.length)
  }

  /** Masks the field that begins at `at` and returns where it ends; -1 = it has another shape. */
  write(source: Buffer, at: number, digits: Digits, out: Output): number {
    const end = at + this.#length
    if (source[end] !== TAB && source[end] !== NEWLINE) return -1
    const runs = this.#runs
    if (!this.#fits(out.sourceView, at) || !areDigits(source, at, runs)) return -1
    if (this.#isKept) return end
    out.replace(at, 4 * this.#masked.length)
    const to = out.length
    out.words(this.#masked, this.#maskedLength)
    for (let run = 0; run < runs.length; run += 2) {
      const start = runs[run]!
      digits.runOfBytes(source, at + start, at + runs[run + 1]!, out.bytes, to + start)
    }
    out.resume(end)
    return end
  }

  #fits(view: DataView, at: number): boolean {
    const shape = this.#shape
    // The last fields of a chunk, where four bytes at a time would read beyond it, are not worth a second loop.
    if (at + 2 * shape.length > view.byteLength) return false
    for (let index = 0; index < shape.length; index += 2) {
      const word = view.getInt32(at + 2 * index, true)
      if ((word & shape[index]!) !== shape[index + 1]!) return false
    }
    return true
  }
}

function areDigits(source: Buffer, at: number, runs: Int32Array): boolean {
  for (let run = 0; run < runs.length; run += 2) {
    const end = at + runs[run + 1]!
    for (let index = at + runs[run]!; index < end; index++) {
      if (source[index]! < ZERO || source[index]! > ZERO + 9) return false
    }
  }
  return true
}

function wordsOf(bytes: Buffer): number[] {
  const padded = Buffer.concat([bytes], Math.ceil(bytes.length / 4) * 4)
  return Array.from({ length: padded.length / 4 }, (_, index) => padded.readInt32LE(4 * index))
}

export class Templates {
  readonly #digits: Digits
  /** null = fields of that hash have no template. What is not asked for while `newer` fills up goes with `older`. */
  #newer = new Map<number, Template | null>()
  #older = new Map<number, Template | null>()
  #newerBytes = 0
  readonly #met = new Int32Array(MET)
  readonly #guesses: (Template | undefined)[] = Array.from({ length: GUESSES }, () => undefined)

  constructor(digits: Digits) {
    this.#digits = digits
  }

  /** Masks the field at `at` if a glance at it leads to its template; returns where it ends, else -1. */
  writeByGlance(source: Buffer, at: number, out: Output): number {
    const template = this.#guesses[glance(source, at)]
    return template === undefined ? -1 : template.write(source, at, this.#digits, out)
  }

  /** Masks the field whose shape has the hash, if it is known; whether it was. */
  writeByHash(hash: number, source: Buffer, at: number, out: Output): boolean {
    const template = this.#get(hash)
    if (template === undefined || template === null) return false
    if (template.write(source, at, this.#digits, out) === -1) return false
    this.#guesses[glance(source, at)] = template
    return true
  }

  /** Whether a field of so many bytes should get a template. */
  wants(hash: number, bytes: number): boolean {
    if (bytes > FIELD_BYTES_MAX || this.#get(hash) !== undefined) return false
    const slot = (hash ^ (hash >>> 15)) & (MET - 1)
    if (this.#met[slot] === hash) return true
    this.#met[slot] = hash
    return false
  }

  /** null: fields of this shape have to be masked as text. */
  keep(hash: number, template: Template | null): void {
    const bytes = template === null ? 0 : template.bytes
    if (this.#newerBytes + bytes > BYTES_MAX || this.#newer.size >= ENTRIES_MAX) {
      this.#older = this.#newer
      this.#newer = new Map()
      this.#newerBytes = 0
    }
    this.#newer.set(hash, template)
    this.#newerBytes += bytes
  }

  #get(hash: number): Template | null | undefined {
    const known = this.#newer.get(hash)
    if (known !== undefined) return known
    const old = this.#older.get(hash)
    if (old !== undefined) this.keep(hash, old)
    return old
  }
}

function glance(source: Buffer, at: number): number {
  let hash = HASH_SEED
  if (at + GLANCE_MAX < source.length) {
    for (let index = 0; index < GLANCES.length; index++) {
      const code = GLANCED[source[at + GLANCES[index]!]!]!
      if (code === 0) break
      hash = Math.imul(hash ^ code, HASH_PRIME)
    }
  }
  return (hash ^ (hash >>> 15)) & (GUESSES - 1)
}
