/**
 * `npm run bench -- NAME [--rows N] [--json]`: runs one benchmark, `test/bench/NAME.ts`, which exports
 * `run(options: BenchOptions): Promise<BenchResult>`. A table on stdout, or with `--json` one object.
 */
import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { columns, print, printJson } from '../../src/commands/terminal.ts'
import { DrillError, EXIT } from '../../src/foundation/errors.ts'
import type { BenchResult } from './result.ts'

export interface BenchOptions {
  /** Rows of `queue_job` to work on. */
  readonly rows: number
}

interface Bench {
  readonly run: (options: BenchOptions) => Promise<BenchResult>
}

const ROWS = 1_000_000
const NOT_A_BENCH = new Set(['bench.ts', 'result.ts'])

/** Files that export `run`; parts of theirs stand in folders below. */
function benchNames(): string[] {
  return readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith('.ts') && !NOT_A_BENCH.has(name))
    .map((name) => name.slice(0, -'.ts'.length))
    .sort()
}

function readArguments(): { name: string; rows: number; json: boolean } {
  const { values, positionals } = parseArgs({
    options: { rows: { type: 'string' }, json: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const [name, ...rest] = positionals
  if (name === undefined || rest.length > 0 || !benchNames().includes(name)) {
    throw new DrillError('input', `name one benchmark: ${benchNames().join(', ')}`)
  }
  const rows = Number(values.rows ?? ROWS)
  if (!Number.isInteger(rows) || rows < 1) {
    throw new DrillError('input', `--rows ${values.rows}: give a whole number above 0`)
  }
  return { name, rows, json: values.json }
}

function render({ bench, rows, bytes, results, ratios }: BenchResult): string {
  const table = columns([
    ['', 'seconds', 'rows/s', 'MB/s', 'peak RSS MB'],
    ...results.map((each) => [
      each.name,
      each.seconds.toFixed(2),
      String(each.rowsPerSecond),
      each.mbPerSecond.toFixed(1),
      each.peakRssMb === 0 ? '-' : each.peakRssMb.toFixed(0),
    ]),
  ])
  const compared = columns(
    Object.entries(ratios).map(([name, ratio]) => [name, `${ratio.toFixed(2)} x`]),
  )
  return `${bench}: ${rows} rows, ${Math.round(bytes / 1e6)} MB of COPY text\n\n${table}\n\n${compared}`
}

try {
  const { name, rows, json } = readArguments()
  const { run } = (await import(`./${name}.ts`)) as Bench
  const result = await run({ rows })
  if (json) printJson(result)
  else print(render(result))
} catch (error) {
  console.error(error instanceof DrillError ? error.message : error)
  process.exitCode = error instanceof DrillError ? error.exitStatus : EXIT.harness
}
