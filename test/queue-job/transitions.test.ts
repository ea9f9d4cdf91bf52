/**
 * Plays `test/traces/transitions.txt`: blocks of steps, a line of dashes, and what the steps do to the row. A block
 * that does not begin with `create` (or `pattern`) goes on with the row of the block before.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { random } from '../../src/foundation/random.ts'
import { DAY, formatPgTimestamp, parsePgTimestamp } from '../../src/foundation/time.ts'
import { STATES, type JobMutable } from '../../src/queue-job/job.ts'
import {
  outcomeOf,
  parseRetryPattern,
  type RetryPattern,
  type RunError,
} from '../../src/queue-job/retry.ts'
import {
  canCancel,
  canRequeue,
  cancel,
  create,
  done,
  enqueue,
  fail,
  pendingByHand,
  postpone,
  requeue,
  setDone,
  start,
  undoEnqueue,
  wake,
  type JobPatch,
} from '../../src/queue-job/transitions.ts'

const TRACE = new URL('../traces/transitions.txt', import.meta.url).pathname
const DATES = ['eta', 'dateEnqueued', 'dateStarted', 'dateDone', 'dateCancelled']

type Arguments = Readonly<Record<string, string>>

/** `at=09:00:00 message="no answer" ignore-retry` → name → value; a bare word is `true`. */
function parseArguments(text: string): Arguments {
  const found = text.matchAll(/([\w-]+)(?:=(?:"([^"]*)"|(\S+)))?/g)
  return Object.fromEntries(
    [...found].map(([, name, quoted, plain]) => [name, quoted ?? plain ?? 'true']),
  )
}

function time(text: string | undefined): number {
  return parsePgTimestamp(`2026-11-02 ${text ?? '09:00:00'}`)
}

class Player {
  #row: JobMutable | null = null
  #pattern: RetryPattern | null = null
  readonly #random = random('transitions')

  /** The lines that one step prints. */
  play(line: string): string[] {
    const [verb = '', rest = ''] = line.split(/\s+(.*)/s)
    if (verb === 'pattern') {
      this.#pattern = parseRetryPattern(rest)
      return []
    }
    if (verb === 'row') return [`row             ${columns(this.#row!)}`]
    if (verb === 'create') return this.#create(parseArguments(rest))
    const patch = this.#patch(verb, parseArguments(rest), this.#row!)
    if (patch === null) return [`${verb.padEnd(15)} nothing`]
    const before = this.#row!
    this.#row = { ...before, ...patch }
    return [`${verb.padEnd(15)} ${changes(before, this.#row)}`]
  }

  #create(values: Arguments): string[] {
    this.#row = create({
      priority: Number(values['priority'] ?? 10),
      maxRetries: Number(values['max_retries'] ?? 5),
      eta: values['eta'] === undefined ? null : time(values['eta']),
      channel: values['channel'] ?? 'root',
      hasParent: 'has-parent' in values,
    })
    return [`create          ${columns(this.#row)}`]
  }

  #patch(verb: string, values: Arguments, row: JobMutable): JobPatch | null {
    const now = time(values['at'])
    const by = values['by'] ?? ''
    const waitsForParent = 'waits-for-parent' in values
    switch (verb) {
      case 'wake':
        return wake()
      case 'enqueue':
        return enqueue(now)
      case 'undo-enqueue':
        return undoEnqueue(row)
      case 'start':
        return start(now, Number(values['pid']))
      case 'done':
        return done(row, now, values['result'] ?? '')
      case 'requeue':
        return requeue({ waitsForParent })
      case 'set-done':
        return setDone(row, now, by)
      case 'cancel':
        return cancel(now, by)
      case 'by-hand':
        return pendingByHand()
      default: {
        const outcome = outcomeOf(row, runError(verb, values), this.#pattern, this.#random)
        if (outcome.kind === 'fail') return fail(row, outcome.failure)
        const { delayMs, message, ignoreRetry } = outcome
        return postpone(row, now, delayMs, message, { ignoreRetry, waitsForParent })
      }
    }
  }
}

function runError(verb: string, values: Arguments): RunError {
  const message = values['message'] ?? ''
  const frame = 'Traceback (most recent call last):\n  File "/odoo/addons/x.py", line 1, in run\n'
  if (verb === 'raise-conflict') return { kind: 'concurrency', message }
  if (verb === 'raise-retryable') {
    const seconds = values['seconds'] === undefined ? null : Number(values['seconds'])
    const traceback = `${frame}odoo.addons.queue_job.exception.RetryableJobError: ${message}\n`
    return { kind: 'retryable', message, seconds, ignoreRetry: 'ignore-retry' in values, traceback }
  }
  if (verb !== 'raise') throw new Error(`the trace has a step "${verb}" that nobody knows`)
  const excName = values['name']!
  const excInfo = `${frame}${excName}: ${message}\n`
  return { kind: 'exception', failure: { excName, excMessage: message, excInfo } }
}

/** `dateStarted` → `date_started`. */
function columnName(property: string): string {
  return property.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function printed(property: string, value: unknown): string {
  if (value === null) return 'NULL'
  if (DATES.includes(property)) {
    const time = formatPgTimestamp(value as number).slice(11)
    return time.replace('.000', '')
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  // The first line says that it is a traceback, the last one of what.
  if (property === 'excInfo') return `"Traceback … ${text.trimEnd().split('\n').at(-1)}"`
  return property === 'state' ? text : JSON.stringify(value)
}

/** All columns that are neither NULL nor 0. */
function columns(row: JobMutable): string {
  return Object.entries(row)
    .filter(([, value]) => value !== null && value !== 0)
    .map(([property, value]) => `${columnName(property)} ${printed(property, value)}`)
    .join(', ')
}

function changes(before: JobMutable, after: JobMutable): string {
  const old = before as unknown as Record<string, unknown>
  return Object.entries(after)
    .filter(([property, value]) => value !== old[property])
    .map(([property, value]) => {
      const [from, to] = [printed(property, old[property]), printed(property, value)]
      return `${columnName(property)} ${from} -> ${to}`
    })
    .join(', ')
}

function replay(trace: string): string {
  const player = new Player()
  return `${trace
    .trimEnd()
    .split(/\n\n(?=#)/)
    .map((block) => {
      const [steps = ''] = block.split('\n----')
      if (steps === block) return block
      const output = steps
        .split('\n')
        .filter((line) => !line.startsWith('#'))
        .flatMap((line) => player.play(line))
      return `${steps}\n----\n${output.join('\n')}`
    })
    .join('\n\n')}\n`
}

describe('transitions', () => {
  it('change the row as in test/traces/transitions.txt', async () => {
    const trace = readFileSync(TRACE, 'utf8')
    await expect(replay(trace)).toMatchFileSnapshot(TRACE)
  })

  it('an operator can requeue all but waiting jobs, and cancel what has not begun', () => {
    expect(STATES.filter(canRequeue)).toEqual(
      STATES.filter((state) => state !== 'wait_dependencies'),
    )
    expect(STATES.filter(canCancel)).toEqual(['pending', 'enqueued', 'failed'])
  })

  it('date_enqueued is cut to whole seconds, date_started is not', () => {
    const now = 20_000 * DAY + 999
    expect(enqueue(now).dateEnqueued).toBe(20_000 * DAY)
    expect(start(now, 1).dateStarted).toBe(now)
  })
})
