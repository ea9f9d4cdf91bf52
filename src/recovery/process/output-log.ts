/** What an engine's process prints, line by line with the virtual time at which it came. Kept is the beginning. */

/** Kept of each stream: so many characters in so many lines. */
const CHARACTERS_MAX = 256 * 1024
const LINES_MAX = 5000

export interface OutputLine {
  /** Virtual ms. */
  readonly at: number
  readonly stream: 'stdout' | 'stderr'
  /** Without its end of line. */
  readonly text: string
}

export interface Output {
  readonly lines: readonly OutputLine[]
  /** There was more than what is kept. */
  readonly cut: boolean
}

export class OutputLog implements Output {
  readonly lines: OutputLine[] = []
  readonly #rest = { stdout: '', stderr: '' }
  readonly #room = { stdout: CHARACTERS_MAX, stderr: CHARACTERS_MAX }
  readonly #count = { stdout: 0, stderr: 0 }
  #cut = false

  get cut(): boolean {
    return this.#cut
  }

  add(at: number, stream: OutputLine['stream'], chunk: string): void {
    if (chunk.length > this.#room[stream]) this.#cut = true
    const kept = chunk.slice(0, this.#room[stream])
    this.#room[stream] -= kept.length
    const pieces = (this.#rest[stream] + kept).split(/\r?\n/)
    this.#rest[stream] = pieces.pop()!
    for (const text of pieces) this.#keep(at, stream, text)
  }

  /** The stream is at its end: what stands there without an end of line is a line, too. */
  end(at: number): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#rest[stream] !== '') this.#keep(at, stream, this.#rest[stream])
      this.#rest[stream] = ''
    }
  }

  #keep(at: number, stream: OutputLine['stream'], text: string): void {
    if (++this.#count[stream] > LINES_MAX) this.#cut = true
    else this.lines.push({ at, stream, text })
  }
}
