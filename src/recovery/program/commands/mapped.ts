/**
 * Commands of a script that a drill maps to operations, and those that would act on the real world: unmapped, they are
 * kept from it. A drilled runbook must not restart production.
 */
import type { Answer } from './orders.ts'

/** See `scenario/command-map-file.ts`. */
export interface MappedRule {
  readonly when: readonly string[]
  readonly run: readonly string[] | null
  readonly print: string
  readonly exit: number
}

export interface Shims {
  /** Stands on PATH behind the drill's own commands; null = there is none. */
  readonly directory: string | null
  /** Executables in it: used as they are, also instead of a guard. */
  readonly executables: readonly string[]
  /** Command → its rules. */
  readonly mapped: Readonly<Record<string, readonly MappedRule[]>>
}

export const NO_SHIMS: Shims = { directory: null, executables: [], mapped: {} }

/** What operators steer production with. */
const GUARDED = [
  'aws',
  'az',
  'docker',
  'docker-compose',
  'gcloud',
  'helm',
  'heroku',
  'kubectl',
  'odoo',
  'odoo-bin',
  'oc',
  'podman',
  'scp',
  'service',
  'ssh',
  'supervisorctl',
  'systemctl',
]

/** Names of the commands that the drill answers beside its own. */
export function answeredCommands({ executables, mapped }: Shims): readonly string[] {
  const guarded = GUARDED.filter((name) => !executables.includes(name))
  return [...new Set([...Object.keys(mapped), ...guarded])].sort()
}

export type Mapping =
  /** `run`: an `odoocli` command line without its first word. */
  | { readonly kind: 'fits'; readonly run: readonly string[] | null; readonly answer: Answer }
  | { readonly kind: 'none'; readonly answer: Answer }

/** What a call of the command stands for. */
export function mappingOf(shims: Shims, name: string, parameters: readonly string[]): Mapping {
  const rules = Object.hasOwn(shims.mapped, name) ? shims.mapped[name]! : null
  for (const { when, run, print, exit } of rules ?? []) {
    const caught = caughtBy(when, parameters)
    if (caught === null) continue
    const filled = run?.slice(1).map((word) => fill(word, caught)) ?? null
    const stdout = print === '' || print.endsWith('\n') ? print : `${print}\n`
    return { kind: 'fits', run: filled, answer: { status: exit, stdout: fill(stdout, caught) } }
  }
  const call = [name, ...parameters].join(' ')
  const stderr =
    rules === null
      ? `${name}: it would act on the real thing, and was not started. In a drill, map it to operations in a file ${name}.yaml of --shims DIR, or put an executable ${name} there.\n`
      : `${name}: no rule of ${name}.yaml fits "${call}": nothing was done.\n`
  return { kind: 'none', answer: { status: 126, stderr } }
}

/** Placeholder → text; null = the pattern does not fit. */
function caughtBy(
  pattern: readonly string[],
  parameters: readonly string[],
): ReadonlyMap<string, string> | null {
  const isOpen = pattern.at(-1) === '*'
  const words = isOpen ? pattern.slice(0, -1) : pattern
  if (isOpen ? parameters.length < words.length : parameters.length !== words.length) return null
  const caught = new Map<string, string>()
  for (const [index, word] of words.entries()) {
    const names: string[] = []
    const expression = word
      .split(/\{(\w+)\}/)
      .map((part, position) => {
        if (position % 2 === 0) return part.replaceAll(/[^\w]/g, '\\$&')
        names.push(part)
        return '(.+)'
      })
      .join('')
    const match = new RegExp(`^${expression}$`, 's').exec(parameters[index]!)
    if (match === null) return null
    for (const [position, name] of names.entries()) caught.set(name, match[position + 1]!)
  }
  return caught
}

function fill(word: string, caught: ReadonlyMap<string, string>): string {
  return word.replaceAll(/\{(\w+)\}/g, (whole, name: string) => caught.get(name) ?? whole)
}
