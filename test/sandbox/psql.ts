/** The `psql` of this machine, as a process; tests that need it are skipped by name where there is none. */
import { spawn, spawnSync } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { once } from 'node:events'

/** Its version line, or null. */
export function findPsql(): string | null {
  const found = spawnSync('psql', ['--version'], { encoding: 'utf8' })
  return found.status === 0 ? found.stdout.trim() : null
}

export interface PsqlResult {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs it to its end; `input` goes to its standard input. `environment` is added to a clean one. */
export async function runPsql(
  uri: string,
  flags: readonly string[],
  { input = '', environment = {} }: { input?: string; environment?: Record<string, string> } = {},
): Promise<PsqlResult> {
  const child = spawn('psql', ['-X', uri, ...flags], {
    env: { PATH: process.env['PATH'], ...environment },
  })
  const [stdout, stderr, exit] = [text(child.stdout), text(child.stderr), once(child, 'close')]
  child.stdin.end(input)
  const [status] = (await exit) as [number | null]
  return { status, stdout: await stdout, stderr: await stderr }
}
