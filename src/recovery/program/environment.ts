/**
 * The environment of a program: a clean one, so that no address or credential of a real system comes in by accident,
 * with the drill's database where every client looks for it, and the drill's commands first on PATH. The password is in
 * PGPASSWORD and not in the URI, because a script gives the URI to `psql`, where everybody sees it in the process list.
 */
import { delimiter } from 'node:path'
import type { ControlPlane } from '../../control/control-plane.ts'
import { MARK_VARIABLE } from '../process/processes.ts'
import type { InstalledCommands } from './commands/install.ts'

/** Kept of the harness's own environment. */
const KEPT = ['HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'LC_CTYPE']
export const PATH_DEFAULT = '/usr/local/bin:/usr/bin:/bin'

export interface EnvironmentOptions {
  readonly databaseUri: string
  readonly control: Pick<ControlPlane, 'url' | 'token'>
  readonly commands: InstalledCommands
  /** The user's own commands, behind those of the drill. */
  readonly shims: string | null
  readonly temporary: string
  readonly mark: string
  /** `NAME=value` of the user's own, over ours. */
  readonly extra: Readonly<Record<string, string>>
}

export function programEnvironment(
  { databaseUri, control, commands, shims, temporary, mark, extra }: EnvironmentOptions,
  own: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  const kept = KEPT.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]] as const]))
  return {
    ...Object.fromEntries(kept),
    TZ: 'UTC',
    ...databaseSettings(databaseUri),
    PYTHONPATH: commands.python,
    PYTHONUNBUFFERED: '1',
    TMPDIR: temporary,
    ...extra,
    PATH: [commands.bin, shims ?? [], extra['PATH'] ?? own['PATH'] ?? PATH_DEFAULT]
      .flat()
      .join(delimiter),
    QUEUE_DRILL_URL: control.url,
    QUEUE_DRILL_TOKEN: control.token,
    [MARK_VARIABLE]: mark,
  }
}

/** As libpq, and most clients with it, read them; no file of the user's own is asked. */
function databaseSettings(uri: string): Record<string, string> {
  const address = new URL(uri)
  const { hostname, port, username, password, pathname } = address
  address.password = ''
  return {
    ODOO_DB_URI: address.href,
    PGHOST: hostname,
    PGPORT: port,
    PGUSER: decodeURIComponent(username),
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: decodeURIComponent(pathname.slice(1)),
    PGSSLMODE: 'disable',
    PGGSSENCMODE: 'disable',
    PGSERVICEFILE: '/dev/null',
    PGPASSFILE: '/dev/null',
    PSQLRC: '/dev/null',
  }
}
