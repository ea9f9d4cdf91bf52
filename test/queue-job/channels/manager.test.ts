import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseChannelText } from '../../../src/queue-job/channels/config.ts'
import { RunnerError } from '../../../src/queue-job/channels/errors.ts'
import { ChannelManager } from '../../../src/queue-job/channels/manager.ts'
import { random } from '../../../src/foundation/random.ts'
import { ReferenceManager, type Notification } from './reference-manager.ts'

/** Puts one job of database `db` into the state; priority 10 and created at its number unless said otherwise. */
function tell(
  manager: ChannelManager,
  seq: number,
  state: string | null,
  more: { channel?: string; priority?: number | null; eta?: number; database?: string } = {},
): void {
  const { channel = 'root', priority = 10, eta = null, database = 'db' } = more
  manager.notify(database, channel, `J${seq}`, seq, seq, priority, eta, state)
}

const TEXTS = [
  '',
  'root:3',
  'root:4,A:2,B:1',
  'root:2,A:3:throttle=3,A.x:1',
  'root:3:throttle=2,A:2,A.x:2',
  'root:4,A:1:sequential,A.x:2',
  'root:1:sequential,A:0,B:-1',
  'root:0,A:1:sequential,B:2:throttle',
]

const STATES = [
  'wait_dependencies',
  'pending',
  'pending',
  'pending',
  'enqueued',
  'started',
  'done',
  'cancelled',
  'failed',
  'unheard_of',
  null,
]

const CHANNELS = [null, '', 'root', 'root.A', 'A', 'root.A.x', 'B', 'root.C.y.z', 'C']

const notification = fc
  .record({
    number: fc.nat(11),
    // Most notifications of a job change its state only: an operator seldom touches the rest.
    changed: fc.option(
      fc.record({
        channel: fc.constantFrom(...CHANNELS),
        priority: fc.constantFrom(5, 10, 20),
        eta: fc.option(fc.integer({ min: 1, max: 60 })),
      }),
      { freq: 1 },
    ),
    state: fc.constantFrom(...STATES),
  })
  .map(({ number, changed, state }): Notification => {
    // Database and date_created belong to the uuid; half of the dates are equal, so that ids decide.
    const database = number % 3 === 0 ? 'other' : 'db'
    const dateCreated = 100 - Math.floor(number / 2)
    const usual = { channel: CHANNELS[number % CHANNELS.length]!, priority: 10, eta: null }
    return { database, uuid: `J${number}`, seq: number, dateCreated, state, ...(changed ?? usual) }
  })

type Operation =
  | { readonly op: 'notify'; readonly row: Notification }
  | { readonly op: 'run'; readonly after: number }
  | { readonly op: 'remove-job'; readonly uuid: string }
  | { readonly op: 'remove-database'; readonly database: string }

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ op: fc.constant('notify' as const), row: notification }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('run' as const), after: fc.nat(8) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('remove-job' as const),
      uuid: fc.nat(11).map((number) => `J${number}`),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('remove-database' as const),
      database: fc.constantFrom('db', 'other'),
    }),
  },
)

/** Uuids of the jobs that the step starts. */
function perform(manager: ChannelManager, step: Operation, now: number): string[] {
  if (step.op === 'run') return manager.jobsToRun(now)
  if (step.op === 'remove-job') manager.removeJob(step.uuid)
  else if (step.op === 'remove-database') manager.removeDatabase(step.database)
  else {
    const { database, channel, uuid, seq, dateCreated, priority, eta, state } = step.row
    manager.notify(database, channel, uuid, seq, dateCreated, priority, eta, state)
  }
  return []
}

function performSlowly(reference: ReferenceManager, step: Operation, now: number): string[] {
  if (step.op === 'run') return reference.jobsToRun(now)
  if (step.op === 'remove-job') reference.removeJob(step.uuid)
  else if (step.op === 'remove-database') reference.removeDatabase(step.database)
  else reference.notify(step.row)
  return []
}

describe('the channel manager', () => {
  it('answers like sorted lists and sets after any operations', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...TEXTS),
        fc.array(operation, { maxLength: 80, size: 'max' }),
        (text, operations) => {
          const manager = new ChannelManager(text)
          const reference = new ReferenceManager(parseChannelText(text))
          let now = 0
          for (const step of operations) {
            if (step.op === 'run') now += step.after
            expect(perform(manager, step, now)).toEqual(performSlowly(reference, step, now))
            expect(manager.wakeupTime()).toBe(reference.wakeupTime())
            expect(manager.tree()).toEqual(reference.tree())
          }
        },
      ),
      { numRuns: 400, seed: 20_261_123 },
    )
  })

  it('reads a throttle in seconds whatever the unit of its times', () => {
    const manager = new ChannelManager('root:5:throttle=2', { ticksPerSecond: 1000 })
    tell(manager, 1, 'pending')
    tell(manager, 2, 'pending')
    expect(manager.jobsToRun(60_000)).toEqual(['J1'])
    expect(manager.wakeupTime()).toBe(62_000)
    expect(manager.jobsToRun(61_999)).toEqual([])
    expect(manager.jobsToRun(62_000)).toEqual(['J2'])
    expect(manager.tree()['root']!.throttle).toBe(2)
  })

  it('gives more jobs as soon as root has more slots, and none while it has too few', () => {
    const manager = new ChannelManager('root:2')
    for (let seq = 1; seq <= 6; seq++) tell(manager, seq, 'pending')
    expect(manager.jobsToRun(1)).toEqual(['J1', 'J2'])
    manager.setRootCapacity(4)
    expect(manager.rootCapacity).toBe(4)
    expect(manager.jobsToRun(2)).toEqual(['J3', 'J4'])
    expect(manager.runningJobs).toBe(4)
    manager.setRootCapacity(2)
    tell(manager, 1, 'done')
    tell(manager, 2, 'done')
    expect(manager.jobsToRun(3)).toEqual([])
    tell(manager, 3, 'failed')
    expect(manager.jobsToRun(4)).toEqual(['J5'])
    expect([manager.runningJobs, manager.knownJobs]).toEqual([2, 4])
  })

  it('changes nothing when the channel text cannot be read', () => {
    const manager = new ChannelManager('root:2,A:1')
    expect(() => manager.configure('root:7,A:x')).toThrow('the capacity "x" is not a whole number')
    expect(manager.rootCapacity).toBe(2)
    manager.configure('root:7')
    expect(manager.tree()).toMatchObject({ root: { capacity: 7 }, 'root.A': { capacity: 1 } })
  })

  it('names the Python class of what stops the runner', () => {
    const copied = new ChannelManager('root:2')
    tell(copied, 1, 'failed')
    expect(() => tell(copied, 1, 'failed', { database: 'copy' })).toThrow(
      expect.objectContaining({ pythonClass: 'AssertionError' }) as RunnerError,
    )
    const withoutPriority = new ChannelManager('root:2')
    tell(withoutPriority, 1, 'pending', { priority: null })
    tell(withoutPriority, 2, 'failed')
    expect(() => tell(withoutPriority, 3, 'pending')).toThrow(
      expect.objectContaining({ pythonClass: 'TypeError' }) as RunnerError,
    )
  })

  it('can be emptied and loaded again after it has stopped on a row without priority', () => {
    const manager = new ChannelManager('root:2')
    tell(manager, 9, 'started')
    tell(manager, 1, 'pending', { priority: null })
    expect(() => tell(manager, 2, 'pending')).toThrow(RunnerError)
    manager.removeDatabase('db')
    expect([manager.knownJobs, manager.runningJobs]).toEqual([0, 0])
    expect(manager.counts()).toEqual({ root: [0, 0, 0] })
    tell(manager, 1, 'pending', { priority: 10 })
    tell(manager, 2, 'pending')
    expect(manager.jobsToRun(1)).toEqual(['J1', 'J2'])
  })

  it('compares two rows without priority by their dates', () => {
    const manager = new ChannelManager('root:2')
    tell(manager, 2, 'pending', { priority: null })
    tell(manager, 1, 'pending', { priority: null })
    expect(manager.jobsToRun(1)).toEqual(['J1', 'J2'])
  })

  it('of 12.0 puts unknown channels into root and does not know cancelled', () => {
    const manager = new ChannelManager('root:2', { unknownChannel: 'root', knowsCancelled: false })
    tell(manager, 1, 'pending', { channel: 'root.unknown' })
    tell(manager, 1, 'cancelled', { channel: 'root.unknown' })
    expect(Object.keys(manager.counts())).toEqual(['root'])
    expect(manager.jobsToRun(1)).toEqual(['J1'])
  })

  it('takes 50,000 queued jobs in order, whatever was removed in between', () => {
    const manager = new ChannelManager('root:8,A:4')
    const numbers = random('manager', 'order')
    const waiting = new Map<string, [priority: number, seq: number]>()
    for (let seq = 1; seq <= 50_000; seq++) {
      const priority = numbers.int(1, 50)
      tell(manager, seq, 'pending', { channel: seq % 2 === 0 ? 'root' : 'root.C', priority })
      waiting.set(`J${seq}`, [priority, seq])
    }
    for (let seq = 3; seq <= 50_000; seq += 3) {
      manager.removeJob(`J${seq}`)
      waiting.delete(`J${seq}`)
    }
    const started: string[] = []
    for (let turn = 1; manager.knownJobs > 0; turn++) {
      for (const uuid of manager.jobsToRun(turn)) {
        started.push(uuid)
        manager.removeJob(uuid)
      }
    }
    const expected = [...waiting].sort(
      ([, left], [, right]) => left[0] - right[0] || left[1] - right[1],
    )
    expect(started).toEqual(expected.map(([uuid]) => uuid))
  })
})
