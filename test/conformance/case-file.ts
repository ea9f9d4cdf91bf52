/**
 * Replays recorded cases of the addon's scheduler (format `queue-job-channel-cases/1`) against our channel manager.
 * The cases hold what the real code answered; a case fails at its first answer that is not the same.
 */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { DrillError } from '../../src/foundation/errors.ts'
import { ChannelTextError, RunnerError } from '../../src/queue-job/channels/errors.ts'
import { ChannelManager } from '../../src/queue-job/channels/manager.ts'

const FORMAT = 'queue-job-channel-cases/1'

/** Python's class of the exception that this step must raise; after it nothing is defined. */
const error = z.string().optional()

const notify = z.strictObject({
  op: z.literal('notify'),
  db: z.string(),
  channel: z.string().nullable().default(null),
  uuid: z.string(),
  seq: z.number(),
  date_created: z.number().nullable().default(null),
  priority: z.number().nullable().default(null),
  eta: z.number().nullable().default(null),
  state: z.string().nullable().default(null),
  error,
})

const counts = z.record(z.string(), z.tuple([z.number(), z.number(), z.number()]))

const node = z.strictObject({
  capacity: z.number().nullable(),
  sequential: z.boolean(),
  throttle: z.number(),
  queued: z.number(),
  running: z.number(),
  failed: z.number(),
})

const step = z.discriminatedUnion('op', [
  notify,
  z.strictObject({ op: z.literal('remove_job'), uuid: z.string() }),
  z.strictObject({ op: z.literal('remove_db'), db: z.string() }),
  z.strictObject({
    op: z.literal('run'),
    now: z.number(),
    expect: z.array(z.string()),
    wakeup: z.number().optional(),
    counts: counts.optional(),
    error,
  }),
  z.strictObject({ op: z.literal('wakeup'), expect: z.number() }),
  z.strictObject({ op: z.literal('tree'), expect: z.record(z.string(), node) }),
])

const channelCase = z.object({
  id: z.string(),
  title: z.string().default(''),
  applies_to: z.array(z.string()).optional(),
  channels: z.string(),
  config_error: z.string().nullish(),
  steps: z.array(step).default([]),
})

const caseFile = z.object({ format: z.literal(FORMAT), cases: z.array(channelCase) })

type Step = z.infer<typeof step>
export type ChannelCase = z.infer<typeof channelCase>

/** Where a case first differs. `step` counts from 0; null = configuring the channels. */
export interface WrongStep {
  readonly step: number | null
  readonly what: string
  readonly expected: unknown
  readonly actual: unknown
}

/** Reads the text of a case file. Throws DrillError `input` for anything that is not of the format. */
export function parseCaseFile(text: string): ChannelCase[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new DrillError('input', 'this is not a JSON file', { cause })
  }
  const format: unknown = (value as { format?: unknown } | null)?.format
  if (format !== FORMAT) {
    const found = format === undefined ? 'no format' : `format ${JSON.stringify(format)}`
    throw new DrillError('input', `the file has ${found}; only "${FORMAT}" can be replayed`)
  }
  const parsed = caseFile.safeParse(value)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const place = issue!.path.map(String).join('.')
    throw new DrillError(
      'input',
      `the file is not of format ${FORMAT}, at ${place}: ${issue!.message}`,
    )
  }
  return parsed.data.cases
}

/** null = every answer is the recorded one. */
export function replayCase(channelCase: ChannelCase): WrongStep | null {
  const configured = configure(channelCase)
  const wanted = channelCase.config_error ?? null
  if (configured.error !== wanted) {
    return { step: null, what: 'configure', expected: wanted, actual: configured.error }
  }
  if (configured.manager === null) return null
  for (const [index, step] of channelCase.steps.entries()) {
    for (const answer of answersOf(configured.manager, step)) {
      if (!isDeepStrictEqual(answer.expected, answer.actual)) return { step: index, ...answer }
    }
    // After an exception nothing is defined.
    if ('error' in step && step.error !== undefined) return null
  }
  return null
}

function configure(channelCase: ChannelCase): {
  readonly manager: ChannelManager | null
  readonly error: string | null
} {
  // Before 14.0 unknown channels meant root, and the runner had never heard of `cancelled`.
  const series = channelCase.applies_to ?? []
  const isOld = series.length > 0 && series.every((name) => Number.parseFloat(name) < 14)
  try {
    const manager = new ChannelManager(channelCase.channels, {
      unknownChannel: isOld ? 'root' : 'create',
      knowsCancelled: !isOld,
    })
    return { manager, error: null }
  } catch (error) {
    if (!(error instanceof ChannelTextError)) throw error
    return { manager: null, error: error.pythonClass }
  }
}

type Answer = Omit<WrongStep, 'step'>

function answersOf(manager: ChannelManager, step: Step): Answer[] {
  const expectedError = 'error' in step ? (step.error ?? null) : null
  try {
    const answers = perform(manager, step)
    if (expectedError === null) return answers
    return [{ what: 'exception', expected: expectedError, actual: null }]
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error
    return [{ what: 'exception', expected: expectedError, actual: error.pythonClass }]
  }
}

function perform(manager: ChannelManager, step: Step): Answer[] {
  switch (step.op) {
    case 'notify':
      manager.notify(
        step.db,
        step.channel,
        step.uuid,
        step.seq,
        step.date_created,
        step.priority,
        step.eta,
        step.state,
      )
      return []
    case 'remove_job':
      manager.removeJob(step.uuid)
      return []
    case 'remove_db':
      manager.removeDatabase(step.db)
      return []
    case 'wakeup':
      return [{ what: 'wakeup', expected: step.expect, actual: manager.wakeupTime() }]
    case 'tree':
      return [{ what: 'tree', expected: step.expect, actual: manager.tree() }]
    case 'run':
      return run(manager, step)
  }
}

function run(manager: ChannelManager, step: Extract<Step, { op: 'run' }>): Answer[] {
  const answers: Answer[] = [
    { what: 'jobs to run', expected: step.expect, actual: manager.jobsToRun(step.now) },
  ]
  if (step.wakeup !== undefined) {
    answers.push({ what: 'wakeup', expected: step.wakeup, actual: manager.wakeupTime() })
  }
  if (step.counts !== undefined) {
    answers.push({ what: 'counts', expected: step.counts, actual: manager.counts() })
  }
  return answers
}
