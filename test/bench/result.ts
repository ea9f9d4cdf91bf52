/** What every benchmark of the project gives back, and prints with `--json`: the same outer form for all. */

export interface BenchResult {
  readonly bench: string
  /** Rows of `queue_job` that each way handled. */
  readonly rows: number
  /** Of their uncompressed COPY text. */
  readonly bytes: number
  readonly results: readonly {
    readonly name: string
    /** Wall time. */
    readonly seconds: number
    readonly rowsPerSecond: number
    /** Millions of bytes of uncompressed COPY text. */
    readonly mbPerSecond: number
    /** Of the process of ours that did the work; 0 where none did. */
    readonly peakRssMb: number
  }[]
  /** `aVsB` = speed of a / speed of b: above 1, a is faster. */
  readonly ratios: Readonly<Record<string, number>>
}

/** `rows` and `bytes`: what was handled in `seconds`. */
export function timed(
  name: string,
  done: { readonly rows: number; readonly bytes: number },
  seconds: number,
  peakRssMb: number,
): BenchResult['results'][number] {
  return {
    name,
    seconds: round(seconds, 3),
    rowsPerSecond: Math.round(done.rows / seconds),
    mbPerSecond: round(done.bytes / seconds / 1e6, 1),
    peakRssMb: round(peakRssMb, 1),
  }
}

/** How many times faster `name` was than `yardstick`, both for the same work. */
export function ratioOf(
  results: BenchResult['results'],
  name: string,
  yardstick: string,
): number | null {
  const seconds = (wanted: string) => results.find((each) => each.name === wanted)?.seconds
  const [own, other] = [seconds(name), seconds(yardstick)]
  return own === undefined || other === undefined ? null : round(other / own, 3)
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
