/** The runbook in three languages, as engines of a drill: what each needs on this machine, and how it is named to the command. */
import { spawnSync } from 'node:child_process'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findPsql } from '../sandbox/psql.ts'

export interface Subject {
  /** Its file in this directory. */
  readonly name: 'runbook.sh' | 'runbook.py' | 'runbook.ts'
  /** Flags of `queue-drill run`. */
  readonly flags: readonly string[]
  /** Why it cannot run here; null = it can. */
  readonly missing: string | null
}

/** The first of the usual interpreters that has psycopg, or null. */
function findPython(): string | null {
  const candidates = ['python3', '/usr/bin/python3', '/usr/local/bin/python3']
  for (const candidate of candidates) {
    const { status, stdout } = spawnSync(
      candidate,
      ['-c', 'import psycopg, sys; print(sys.executable)'],
      { encoding: 'utf8' },
    )
    if (status === 0) return stdout.trim()
  }
  return null
}

const python = findPython()

function subject(
  name: Subject['name'],
  missing: string | null,
  flags: readonly string[] = [],
): Subject {
  const path = fileURLToPath(new URL(name, import.meta.url))
  return { name, flags: ['--engine', path, ...flags], missing }
}

export const SHELL = subject('runbook.sh', findPsql() === null ? 'there is no psql' : null)

export const SUBJECTS: readonly Subject[] = [
  SHELL,
  subject(
    'runbook.py',
    python === null ? 'no python3 has psycopg' : null,
    python === null ? [] : ['--env', `PATH=${dirname(python)}:/usr/local/bin:/usr/bin:/bin`],
  ),
  subject('runbook.ts', null),
]

export function titleOf({ name, missing }: Subject): string {
  return missing === null ? name : `${name} (skipped: ${missing})`
}
