/**
 * What a facilitator may break while a live drill runs, in words: the fault kinds of scenarios, from now on.
 * `arrivals-burst webhook 3x 20m` is the kind, its roles, its figures, and how long it lasts.
 */
import { DrillError } from '../../foundation/errors.ts'
import { didYouMean } from '../../foundation/suggest.ts'
import { parseDuration } from '../../foundation/time.ts'
import type { Operations } from '../../queue-job/operations.ts'
import { bindRoles } from '../../scenario/bind-roles.ts'
import type { FaultKind, FaultSpec, Scenario } from '../../scenario/scenario.ts'
import type { BoundFault } from '../../simulation/integrations.ts'

/** Kind → what stands behind it; square brackets = may be left out. */
export const INJECTIONS: Readonly<Record<FaultKind, string>> = {
  'target-down': 'ROLE… [hang|refuse] [DURATION]',
  'target-slow': 'ROLE… FACTORx [DURATION]',
  'answers-after-effect': 'ROLE… [DURATION]',
  'credential-missing': 'ROLE… [DURATION]',
  'workers-killed': 'COUNT',
  'arrivals-burst': 'ROLE… FACTORx [DURATION]',
}

/** As in scenario files. */
const FACTOR_MAX = 1000
const WORKERS_MAX = 1000

/** The words behind the kind, told apart by their looks. */
interface Words {
  readonly roles: string[]
  duration?: number
  factor?: number
  count?: number
  answer?: 'hang' | 'refuse'
}

/** `fromMs`: now, after the start of the drill. Throws DrillError `input` with the form that is wanted. */
export function parseInjection(words: readonly string[], fromMs: number): FaultSpec {
  const [kind = '', ...rest] = words
  if (!isFaultKind(kind)) {
    const kinds = Object.keys(INJECTIONS)
    throw new DrillError(
      'input',
      `there is no fault "${kind}"${didYouMean(kind, kinds)}; there are ${kinds.join(', ')}`,
    )
  }
  const found = sorted(kind, rest)
  const untilMs = found.duration === undefined ? null : fromMs + found.duration
  const window = { fromMs, untilMs }
  const { roles, factor, count, answer = 'hang' } = found
  if (kind === 'workers-killed') {
    const isWhole = count !== undefined && count >= 1 && count <= WORKERS_MAX
    if (!isWhole) throw wrong(kind, `COUNT is a whole number, 1 to ${WORKERS_MAX}`)
    refuse(kind, found, ['roles', 'duration', 'factor', 'answer'])
    return { kind, fromMs, untilMs: null, workers: count }
  }
  if (roles.length === 0) throw wrong(kind, 'a role is missing')
  if (kind === 'target-slow' || kind === 'arrivals-burst') {
    const isFactor = factor !== undefined && factor > 1 && factor <= FACTOR_MAX
    if (!isFactor) throw wrong(kind, `FACTOR is more than 1 and at most ${FACTOR_MAX}, such as 3x`)
    refuse(kind, found, ['count', 'answer'])
    return { kind, roles, factor, ...window }
  }
  if (kind === 'target-down') {
    refuse(kind, found, ['count', 'factor'])
    return { kind, roles, answer, ...window }
  }
  refuse(kind, found, ['count', 'factor', 'answer'])
  return { kind, roles, ...window }
}

/** What the fault means on this queue. Throws DrillError `input` where a role is bound to nothing. */
export function bindInjection(
  spec: FaultSpec,
  scenario: Scenario,
  operations: Operations,
): BoundFault {
  const { faults, unbound } = bindRoles({ ...scenario, faults: [spec] }, operations)
  if (unbound.length > 0) {
    throw new DrillError('input', unbound.map(({ reason }) => reason).join('; '))
  }
  return { spec, ...faults[0]! }
}

function isFaultKind(word: string): word is FaultKind {
  return Object.hasOwn(INJECTIONS, word)
}

function sorted(kind: FaultKind, words: readonly string[]): Words {
  const found: Words = { roles: [] }
  const once = <Key extends Exclude<keyof Words, 'roles'>>(key: Key, value: Words[Key]) => {
    if (found[key] !== undefined) throw wrong(kind, `its ${key} is given twice`)
    found[key] = value
  }
  for (const word of words.flatMap((each) => each.split(',')).filter((each) => each !== '')) {
    if (/^\d+(\.\d+)?x$/.test(word)) once('factor', Number(word.slice(0, -1)))
    else if (/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(word)) once('duration', parseDuration(word))
    else if (/^\d+$/.test(word)) once('count', Number(word))
    else if (word === 'hang' || word === 'refuse') once('answer', word)
    else if (!/^[a-z]/.test(word)) throw wrong(kind, `"${word}" is not understood`)
    else if (!found.roles.includes(word)) found.roles.push(word)
  }
  if (found.duration === 0) throw wrong(kind, 'it would not last')
  return found
}

/** Words that say nothing about this kind. */
function refuse(kind: FaultKind, found: Words, keys: readonly (keyof Words)[]): void {
  for (const key of keys) {
    const isGiven = key === 'roles' ? found.roles.length > 0 : found[key] !== undefined
    if (isGiven) throw wrong(kind, `it has no ${key}`)
  }
}

function wrong(kind: FaultKind, why: string): DrillError {
  return new DrillError('input', `${why}: inject ${kind} ${INJECTIONS[kind]}`)
}
