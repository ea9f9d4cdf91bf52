/**
 * The file that turns a shell into a terminal of the drill: `. …/env.sh`. The password stands in it and nowhere else, so
 * that it shows in no process list and no scrollback; only its owner can read the file.
 */
import { databaseSettings } from '../../recovery/program/environment.ts'
import type { InstalledCommands } from '../../recovery/program/commands/install.ts'

export interface EnvFileOptions {
  readonly databaseUri: string
  readonly commands: InstalledCommands
  readonly shims: { readonly directory: string | null }
  readonly control: { readonly url: string; readonly token: string }
}

/** For any POSIX shell. PATH is that of the shell, with the drill's commands before it. */
export function renderEnvFile({ databaseUri, commands, shims, control }: EnvFileOptions): string {
  const settings = {
    ...databaseSettings(databaseUri),
    TZ: 'UTC',
    PYTHONPATH: commands.python,
    QUEUE_DRILL_URL: control.url,
    QUEUE_DRILL_TOKEN: control.token,
  }
  return [
    '# Makes this shell a terminal of the drill, until it is closed.',
    ...Object.entries(settings).map(([name, value]) => `export ${name}=${quoted(value)}`),
    `export PATH=${[commands.bin, shims.directory ?? []].flat().map(quoted).join(':')}:"$PATH"`,
    // Nobody should take this terminal for one of production, or the other way round.
    'if [ -n "${PS1-}" ]; then PS1="(drill) $PS1"; fi',
    // What the shell remembers of where commands are.
    'hash -r 2>/dev/null || :',
    '',
  ].join('\n')
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
