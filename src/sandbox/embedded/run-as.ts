/**
 * PostgreSQL refuses to run as root. A harness that runs as root (a container, a CI machine) starts it as another
 * user that exists already and has no rights of its own.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { DrillError } from '../../foundation/errors.ts'

/** The user that runs the server; null = the harness's own. */
export interface RunAs {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

const CANDIDATES = ['postgres', 'nobody', 'daemon']

let found: RunAs | null | undefined

/** Options of `spawn` that drop the rights. */
export function identity(runAs: RunAs | null): { uid?: number; gid?: number } {
  return runAs === null ? {} : { uid: runAs.uid, gid: runAs.gid }
}

/** The first user that can really be switched to. Throws `harness` when there is none. */
export function chooseRunAs(): RunAs | null {
  if (found === undefined) found = process.getuid?.() === 0 ? unprivileged() : null
  return found
}

function unprivileged(): RunAs {
  for (const name of CANDIDATES) {
    const uid = idOf('-u', name)
    const gid = idOf('-g', name)
    if (uid === null || gid === null || uid === 0) continue
    // In a user namespace that maps only some users, switching to the others fails.
    const tried = spawnSync('/bin/sh', ['-c', ':'], { cwd: '/', uid, gid })
    if (tried.status === 0) return { name, uid, gid }
  }
  throw new DrillError(
    'harness',
    `PostgreSQL refuses to run as root, and none of the users ${CANDIDATES.join(', ')} can be switched to: run as an ` +
      'ordinary user, or use --postgres container or --postgres URL',
  )
}

function idOf(flag: '-u' | '-g', name: string): number | null {
  try {
    return Number(
      execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    )
  } catch {
    // `id` exits 1 for a user that does not exist.
    return null
  }
}
