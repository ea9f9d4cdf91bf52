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

/** A power of two. */
const GUESSES = 1024

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
    const bits = wordsOf(fixed)
    const words = wordsOf(field)
    this.#shape = new Int32Array(2 * words.length)
    for (let index = 0; index < words.length; index++) {
      this.#shape[2 * index] = bits[index]!
      this.#shape[2 * index + 1] = bits[index]! & words[index]!
    }
    this.#isKept = runs.length === 0 && field.equals(masked)
    this.#masked = this.#isKept ? NO_WORDS : wordsOf(masked)
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

function wordsOf(bytes: Buffer): Int32Array {
  const words = new Int32Array(Math.ceil(bytes.length / 4))
  for (let at = 0; at < bytes.length; at++) words[at >> 2]! |= bytes[at]! << (8 * (at & 3))
  return words
}

const NO_WORDS = new Int32Array()

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

  /**
   * Masks the field at `at` if its template is the last one that was found by a hash under this hint; returns where it
   * ends, else -1. A hint is a number that fields of one shape mostly share.
   */
  writeByHint(hint: number, source: Buffer, at: number, out: Output): number {
    const template = this.#guesses[slotOf(hint, GUESSES)]
    return template === undefined ? -1 : template.write(source, at, this.#digits, out)
  }

  /** Masks the field whose shape has the hash, if it is known; returns where it ends, else -1. */
  writeByHash(hash: number, hint: number, source: Buffer, at: number, out: Output): number {
    const template = this.#get(hash)
    if (template === undefined || template === null) return -1
    this.#guesses[slotOf(hint, GUESSES)] = template
    return template.write(source, at, this.#digits, out)
  }

  /** Whether a field of so many bytes should get a template. */
  wants(hash: number, bytes: number): boolean {
    if (bytes > FIELD_BYTES_MAX || this.#get(hash) !== undefined) return false
    const slot = slotOf(hash, MET)
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

/** `slots` is a power of two. */
function slotOf(hash: number, slots: number): number {
  return (hash ^ (hash >>> 15)) & (slots - 1)
}
