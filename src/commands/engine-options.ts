/** Flags that say who recovers, and what a program finds around it; shared by the commands that drill. */
import { isIP } from 'node:net'
import { readShims } from '../drill/shims.ts'
import { DrillError, messageOf } from '../foundation/errors.ts'
import { DAY, parseDuration, SECOND } from '../foundation/time.ts'
import type { EngineChoice, ProgramSetting } from '../recovery/engines.ts'

/** Flags as yargs gives them. */
export interface EngineArguments {
  engine: string
  every: string[] | undefined
  env: string[] | undefined
  shims: string | undefined
  bind: string | undefined
}

export const ENGINE_OPTIONS = {
  engine: {
    type: 'string',
    requiresArg: true,
    default: 'runbook',
    describe: 'Who recovers: runbook, noop, retry-all, or the path of a program or module',
  },
  every: {
    type: 'string',
    // Makes it a list. Declared as an array it would take one value only, since arrays are not greedy here.
    nargs: 2,
    coerce: (values: string[] | undefined) => values,
    describe: 'Instead of --engine: a duration such as 5m, and the command that is run so often',
  },
  env: {
    type: 'string',
    array: true,
    requiresArg: true,
    describe: "A variable for the program: NAME=VALUE, or NAME to hand on one's own; repeatable",
  },
  shims: {
    type: 'string',
    requiresArg: true,
    describe: 'Directory that maps commands of the program (kubectl, systemctl, …) to operations',
  },
  bind: {
    type: 'string',
    requiresArg: true,
    describe:
      'Address where database and control plane listen, for a service in a container (default: 127.0.0.1)',
  },
} as const

/** From a second on: a cron job has minutes, a loop perhaps less. */
export function readEngine({
  engine,
  every,
}: Pick<EngineArguments, 'engine' | 'every'>): EngineChoice {
  if (every === undefined) return engine
  const [duration = '', commandLine = ''] = every
  if (every.length !== 2) throw new DrillError('input', '--every is given twice; give it once')
  if (commandLine.trim() === '') throw new DrillError('input', '--every: the command is empty')
  try {
    const everyMs = parseDuration(duration)
    if (everyMs >= SECOND && everyMs <= DAY) return { commandLine, everyMs }
  } catch (error) {
    throw new DrillError('input', `--every: ${messageOf(error)}`, { cause: error })
  }
  throw new DrillError('input', '--every must be at least 1s and at most 1d')
}

/** `own`: the environment of the command. */
export async function readSetting(
  { env = [], shims, bind }: Omit<EngineArguments, 'engine' | 'every'>,
  own: NodeJS.ProcessEnv,
): Promise<ProgramSetting> {
  return {
    environment: Object.fromEntries(env.map((each) => variable(each, own))),
    shims: shims === undefined ? undefined : await readShims(shims),
    address: bind === undefined ? undefined : checkedAddress(bind),
  }
}

function variable(text: string, own: NodeJS.ProcessEnv): [string, string] {
  const [, name, value] = /^([A-Za-z_]\w*)(?:=(.*))?$/s.exec(text) ?? []
  // The text may hold a secret.
  if (name === undefined) throw new DrillError('input', '--env: write NAME=VALUE, or NAME alone')
  const given = value ?? own[name]
  if (given === undefined) throw new DrillError('input', `--env ${name}: it is not set here`)
  return [name, given]
}

/** One interface, named on purpose: a drill's database is not for everybody on every network. */
function checkedAddress(address: string): string {
  const isAny = address === '0.0.0.0' || /^[0:]+$/.test(address)
  if (isIP(address) === 4 && !isAny) return address
  throw new DrillError(
    'input',
    `--bind ${address}: name the IPv4 address of one interface, such as 172.17.0.1 for containers of Docker`,
  )
}
