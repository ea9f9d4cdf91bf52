/**
 * What a scenario file may say: keys, units, bounds, defaults. Editors get the same rules as JSON Schema
 * (`queue-drill scenarios schema`). `scenario-file.ts` turns the result into a `Scenario`.
 */
import { z } from 'zod'
import { messageOf } from '../foundation/errors.ts'
import { DAY, formatDuration, MINUTE, SECOND } from '../foundation/time.ts'
import { parseChannelText } from '../queue-job/channels/config.ts'
import { DEFAULT_HOST } from '../queue-job/host.ts'
import { block, chooses, duration, identifier, share, text, timeZone, word } from './fields.ts'
import type { FaultKind } from './scenario.ts'

const roles = z
  .array(identifier)
  .min(1)
  .refine((names) => new Set(names).size === names.length, { error: 'names a role twice' })
  .describe('Roles of the operations file whose integrations (or arrivals) are concerned')

const window = {
  from: duration()
    .prefault('0s')
    .describe('When the fault begins, after the start of the drill; default: at the start'),
  until: duration().optional().describe('When it ends, after the start; default: it never does'),
}

const factor = z.number().gt(1).max(1000)

const FAULT_KINDS = [
  'target-down',
  'target-slow',
  'answers-after-effect',
  'credential-missing',
  'workers-killed',
  'arrivals-burst',
] as const satisfies readonly FaultKind[]

const fault = z
  .discriminatedUnion(
    'kind',
    [
      block({
        kind: z
          .literal('target-down')
          .describe('The partner does not answer; nothing happens there'),
        roles,
        ...window,
        answer: word('hang', 'refuse').describe(
          "hang: each call takes the client's whole time-out; refuse: it fails at once",
        ),
      }),
      block({
        kind: z.literal('target-slow').describe('Every call takes longer'),
        roles,
        ...window,
        factor: factor.describe('So many times as long; beyond the time-out the call fails'),
      }),
      block({
        kind: z
          .literal('answers-after-effect')
          .describe('The effect happens, the answer never comes: a time-out after the effect'),
        roles,
        ...window,
      }),
      block({
        kind: z.literal('credential-missing').describe('401 at once, nothing happens there'),
        roles,
        ...window,
      }),
      block({
        kind: z
          .literal('workers-killed')
          .describe('Busy workers die in mid-job (a deploy), new ones take their place'),
        at: duration().describe('When, after the start of the drill'),
        workers: z.int().min(1).max(1000).describe('How many of those that run a job'),
      }),
      block({
        kind: z.literal('arrivals-burst').describe('More new jobs than usual'),
        roles,
        ...window,
        factor: factor.describe('So many times as many'),
      }),
    ],
    { error: chooses('kind', FAULT_KINDS) },
  )
  .superRefine((value, context) => {
    if ('until' in value && value.until !== undefined && value.until <= value.from) {
      context.addIssue({ code: 'custom', path: ['until'], message: 'must be later than `from`' })
    }
  })

const automation = block({
  name: identifier.describe('What `automations pause` calls it'),
  description: text.describe('What an operator reads about it'),
  kind: word('requeue-failed').describe('requeue-failed: sets failed jobs back to pending'),
  every: duration(MINUTE),
  from: duration().prefault('0s').describe('First run, after the start of the drill'),
  newerThan: duration()
    .optional()
    .describe('Only jobs that failed less than this ago; default: all of them, years old ones too'),
})

/** The addon's own reader says what is wrong with it. */
const channelText = text.superRefine((channels, context) => {
  try {
    parseChannelText(channels)
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error) })
  }
})

/** Only what the file says; snapshot and DEFAULT_HOST fill in the rest. */
function hostKey<Type extends z.ZodType>(type: Type, usual: number | boolean | string, about = '') {
  return type.optional().describe(`${about === '' ? '' : `${about}; `}usually ${usual}`)
}

const usualDuration = (key: 'limitTimeRealMs' | 'limitTimeCpuMs' | 'scaleDelayMs') =>
  formatDuration(DEFAULT_HOST[key])

const host = block({
  channels: hostKey(
    channelText,
    DEFAULT_HOST.channels,
    "The job runner's channel text (ODOO_QUEUE_JOB_CHANNELS)",
  ),
  httpWorkers: hostKey(z.int().min(1).max(1000), DEFAULT_HOST.httpWorkers),
  usersBusyWorkers: hostKey(
    z.number().min(0),
    DEFAULT_HOST.usersBusyWorkers,
    'Workers that users keep busy on average',
  ),
  cpuCores: hostKey(z.int().min(1).max(1024), DEFAULT_HOST.cpuCores),
  memoryMb: hostKey(z.int().min(512), DEFAULT_HOST.memoryMb),
  workerMemoryMb: hostKey(z.int().min(1), DEFAULT_HOST.workerMemoryMb),
  baseMemoryMb: hostKey(z.int().min(0), DEFAULT_HOST.baseMemoryMb),
  databaseConnections: hostKey(z.int().min(1), DEFAULT_HOST.databaseConnections),
  limitTimeReal: hostKey(
    duration(),
    usualDuration('limitTimeRealMs'),
    "Odoo's limit_time_real; 0s = no limit",
  ),
  limitTimeCpu: hostKey(
    duration(),
    usualDuration('limitTimeCpuMs'),
    "Odoo's limit_time_cpu; 0s = no limit",
  ),
  cronRequeue: hostKey(
    z.boolean(),
    DEFAULT_HOST.cronRequeue,
    'Whether the cron "Jobs Garbage Collector" runs every 5 minutes',
  ),
  scaleDelay: hostKey(
    duration(),
    usualDuration('scaleDelayMs'),
    'From `workers scale` until the new workers take requests',
  ),
})

const thresholds = block({
  touchedMin: z
    .int()
    .min(0)
    .default(1000)
    .describe('When nobody acts, the fault touches at least so many jobs; else no verdict'),
  drainingFactor: z.number().min(1).default(1.25),
  drainingSlack: z.int().min(0).default(20),
  drainingSteps: z.int().min(1).max(100).default(3),
  returnCount: z.int().min(1).default(5),
  returnFactor: z.number().min(0).default(3),
  watchMin: duration(MINUTE).prefault('30m'),
  watchMax: duration(MINUTE, DAY).prefault('2h'),
  slaShare: share.default(0.95),
  workersFactor: z.number().min(1).default(2),
  detectFull: duration().prefault('15m'),
  openEarliest: duration().prefault('10m'),
}).superRefine(({ watchMin, watchMax }, context) => {
  if (watchMax < watchMin) {
    context.addIssue({
      code: 'custom',
      path: ['watchMax'],
      message: 'must be at least `watchMin` (30m unless the file says otherwise)',
    })
  }
})

export const scenarioSchema = block({
  name: identifier.optional().describe('Default: the name of the file, without its ending'),
  title: text.describe('One line for lists and reports'),
  summary: text.describe('The story for an operator, a few sentences'),
  snapshot: text.describe('A bundled snapshot by name, or a path; --snapshot wins over it'),
  control: z
    .boolean()
    .default(false)
    .describe('Nothing is wrong in this scenario: any intervention is a false alarm'),
  duration: duration(10 * MINUTE, 7 * DAY)
    .prefault('3h')
    .describe('How long the drill lasts, in virtual time'),
  checkEvery: duration(10 * SECOND, DAY)
    .prefault('5m')
    .describe("Grid of the engine's checks"),
  timeZone: timeZone.default('UTC').describe("Time zone of the engine's database sessions"),
  host: host.prefault({}).describe('The simulated machine, where it differs from the usual one'),
  faults: z.array(fault).default([]),
  automations: z
    .array(automation)
    .default([])
    .describe('Home-made things that act on the queue by themselves'),
  thresholds: thresholds.prefault({}).describe('Figures of the score, where they differ'),
}).superRefine((scenario, context) => {
  const problem = (path: PropertyKey[], message: string) =>
    context.addIssue({ code: 'custom', path, message })
  if (scenario.control && scenario.faults.length > 0) {
    problem(['faults'], 'a control scenario has no faults: remove them, or `control: true`')
  }
  if (!scenario.control && scenario.faults.length === 0) {
    problem(['faults'], 'nothing goes wrong: name a fault, or say `control: true`')
  }
  if (scenario.checkEvery > scenario.duration) {
    problem(['checkEvery'], 'must not be longer than the drill (`duration`, 3h by default)')
  }
  const names = scenario.automations.map((each) => each.name)
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) < index) {
      problem(['automations', index, 'name'], `"${name}" is the name of an automation above`)
    }
  }
})

export type ScenarioInput = z.output<typeof scenarioSchema>

/** The rules as JSON Schema, draft 7: what editors understand. */
export function scenarioJsonSchema(): object {
  return z.toJSONSchema(scenarioSchema, { target: 'draft-7', io: 'input' })
}
