/** Runs a script as an engine, check after check as a drill would, and tells what was seen. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DAY, MINUTE } from '../../../src/foundation/time.ts'
import type { DrilledEngine, EngineFinding } from '../../../src/recovery/drilled-engine.ts'
import { type Program, startProgram } from '../../../src/recovery/program/program-engine.ts'
import { openEngineDirectory } from '../../../src/sandbox/engine-directory.ts'
import { type Queue, Script, START } from '../queue-database.ts'

export interface ProgramRun {
  /** Minutes after the start at which it had its turns. */
  readonly turns: readonly number[]
  /** `12 stdout text`, with the minutes after the start. */
  readonly lines: readonly string[]
  readonly findings: readonly EngineFinding[]
  readonly exit: DrilledEngine['exit']
  readonly error: unknown
  readonly script: Script
  /** The engine's directory, gone by now. */
  readonly directory: string
}

export interface RunOptions {
  readonly everyMs?: number
  /** Virtual; default three hours. */
  readonly forMs?: number
  readonly turnTimeoutMs?: number
  readonly totalTimeoutMs?: number
  readonly environment?: Readonly<Record<string, string>>
  /** While the program has its turn. */
  readonly onTurn?: (engine: DrilledEngine) => void
}

/** `source`: a shell script, or whatever its first line says. */
export async function runProgram(
  queue: Queue,
  source: string,
  options: RunOptions = {},
): Promise<ProgramRun> {
  const place = mkdtempSync(join(tmpdir(), 'queue-drill-test-'))
  const file = join(place, 'engine')
  writeFileSync(file, source.startsWith('#!') ? source : `#!/bin/sh\n${source}`)
  chmodSync(file, 0o700)
  const start: Program['start'] = options.everyMs === undefined ? { file } : { commandLine: file }
  const directory = openEngineDirectory()
  const engine = await startProgram(
    { name: 'engine', start, everyMs: options.everyMs ?? null },
    {
      databaseUri: queue.engineUri,
      databaseBusy: () => queue.gateway.busy,
      directory,
      ...options,
    },
  )
  const script = new Script()
  const turns: number[] = []
  const findings: EngineFinding[] = []
  let exit: DrilledEngine['exit'] = null
  let error: unknown = null
  try {
    const end = START + (options.forMs ?? DAY / 8)
    while (script.now < end) {
      turns.push((script.now - START) / MINUTE)
      options.onTurn?.(engine)
      await engine.check(script.incident(queue.engine))
      findings.push(...engine.takeFindings())
      exit = engine.exit
      script.now = engine.nextCheckAt!
    }
  } catch (thrown) {
    error = thrown
  } finally {
    await engine[Symbol.asyncDispose]()
    rmSync(place, { recursive: true, force: true })
  }
  const lines = engine.output!.lines.map(
    ({ at, stream, text }) => `${(at - START) / MINUTE} ${stream} ${text}`,
  )
  return { turns, lines, findings, exit, error, script, directory: directory.path }
}
