import { describe, expect, it } from 'vitest'
import { HOUR, MINUTE, SECOND } from '../../src/foundation/time.ts'
import type { JournalEvent } from '../../src/journal/events.ts'
import { lookupEffect, scaleWorkers, viewHost } from '../../src/simulation/operator.ts'
import { row, smallWorld, START, trace, traffic } from './small-world.ts'

const PUSH = 'sale.order.push'
const NOTIFY = 'sale.order.notify'
const CAPTURE = 'payment.transaction.capture'

const HANG = { kind: 'target-down', answer: 'hang', roles: [], fromMs: 0, untilMs: null } as const

const ofType = <T extends JournalEvent['type']>(events: readonly JournalEvent[], type: T) =>
  events.filter((event): event is Extract<JournalEvent, { type: T }> => event.type === type)

describe('an ordinary job', () => {
  it('is dispatched, started, has its effect inside the call, and is done', () => {
    const { world, events } = smallWorld({ rows: [row(1, PUSH)] })
    world.advance(START + MINUTE)
    expect(trace(events, 1)).toEqual([
      '+0.000s T4 enqueued',
      '+0.005s T6 started',
      '+0.665s effect (loaded)',
      '+1.005s T7 done',
      '+1.005s run done',
    ])
    expect(world.jobs.byId(1)).toMatchObject({ state: 'done', retry: 1, execTime: 1 })
  })

  it('waits for its eta, and is not dispatched a millisecond earlier', () => {
    const { world, events } = smallWorld({ rows: [row(1, PUSH, { eta: START + 90 * SECOND })] })
    world.advance(START + 5 * MINUTE)
    expect(trace(events, 1)[0]).toBe('+90.000s T4 enqueued')
  })
})

describe('a dead target', () => {
  it('fails one job at once after the time-out, and postpones the one whose addon wraps the error', () => {
    const { world, events } = smallWorld({
      rows: [row(1, PUSH), row(2, NOTIFY)],
      faults: [{ ...HANG, integrations: ['shop'] }],
    })
    world.advance(START + 2 * MINUTE)
    expect(world.jobs.byId(1)).toMatchObject({
      state: 'failed',
      excName: 'requests.exceptions.ReadTimeout',
      dateDone: null,
    })
    const postponed = world.jobs.byId(2)!
    expect(postponed).toMatchObject({ state: 'pending', retry: 1, excInfo: null })
    expect(postponed.eta! - START).toBeCloseTo(30_105 + 600_000, -2)
    expect(postponed.result).toMatch(/Read timed out/)
    expect(ofType(events, 'effect')).toEqual([])
  })

  it('fills the slots, leaves the processors idle and lets the other channels wait', () => {
    const hooks = Array.from({ length: 40 }, (_, index) => row(index + 1, PUSH))
    const { world, events } = smallWorld({
      rows: [...hooks, row(99, CAPTURE)],
      faults: [{ ...HANG, integrations: ['shop'] }],
    })
    world.advance(START + 90 * SECOND)
    expect(world.host.busy).toBe(8)
    expect(world.jobs.byId(99)!.state).toBe('pending')
    expect(viewHost(world).cpuUsed).toBeLessThan(0.02)
    expect(ofType(events, 'fault').map(({ phase }) => phase)).toEqual(['begins', 'bites'])
  })
})

describe('effects', () => {
  it('a capture that times out after the effect leaves it in the ledger and no trace in the row', () => {
    const { world, events } = smallWorld({
      rows: [row(1, CAPTURE)],
      faults: [
        {
          kind: 'answers-after-effect',
          roles: [],
          fromMs: 0,
          untilMs: null,
          integrations: ['acquirer'],
        },
      ],
    })
    world.advance(START + MINUTE)
    expect(world.jobs.byId(1)!.state).toBe('failed')
    expect(ofType(events, 'effect')).toHaveLength(1)
    expect(lookupEffect(world, 1)).toBe('happened')
  })

  it('an idempotency key absorbs a repetition within its retention only', () => {
    const { world, events } = smallWorld({ rows: [row(1, NOTIFY)] })
    world.advance(START + MINUTE)
    const again = (at: number) => {
      world.advance(at)
      world.jobs.move(world.jobs.byId(1)!, { state: 'pending' }, 'T10', 'cron')
    }
    again(START + 30 * MINUTE)
    again(START + 90 * MINUTE)
    world.advance(START + 100 * MINUTE)
    expect(ofType(events, 'effect').map(({ absorbed }) => absorbed)).toEqual([false, true, false])
  })

  it('a partner that keeps no records answers unknown', () => {
    const { world } = smallWorld({ rows: [row(1, PUSH)] })
    world.advance(START + MINUTE)
    expect(lookupEffect(world, 1)).toBe('unknown')
  })
})

describe('a job requeued while it runs (F09)', () => {
  it('runs twice, has its effect twice, and loses the work of the first run', () => {
    const slow = traffic(CAPTURE, { durationMs: Array.from({ length: 9 }, () => 100_000) })
    const { world, events } = smallWorld({
      rows: [row(1, CAPTURE)],
      functions: [slow],
      host: { limitTimeRealMs: 3_600_000 },
    })
    world.advance(START + 10 * SECOND)
    world.jobs.overwrite(world.jobs.byId(1)!, { state: 'pending' }, 'engine:1')
    world.advance(START + 10 * MINUTE)
    const effects = ofType(events, 'effect')
    expect(effects.map(({ cause }) => cause).slice(0, 2)).toEqual(['loaded', 'engine:1'])
    expect(ofType(events, 'run-ended')[0]!.outcome).toBe('conflict')
    expect(world.jobs.byId(1)!.retry).toBeGreaterThan(1)
  })
})

describe('a worker that dies', () => {
  it('leaves the row started until the cron finds it, three minutes later by default', () => {
    const slow = traffic(PUSH, { durationMs: Array.from({ length: 9 }, () => 20_000) })
    const { world, events } = smallWorld({
      rows: [row(1, PUSH)],
      functions: [slow],
      faults: [{ kind: 'workers-killed', workers: 1, fromMs: 5 * SECOND, untilMs: null }],
    })
    world.advance(START + 6 * SECOND)
    expect(world.jobs.byId(1)).toMatchObject({ state: 'started', retry: 0 })
    world.advance(START + 20 * MINUTE)
    expect(trace(events, 1)).toContain('+420.000s T13 pending (cron)')
    expect(world.jobs.byId(1)).toMatchObject({ state: 'done' })
  })

  it('is killed by limit_time_real when the job runs longer', () => {
    const slow = traffic(PUSH, {
      durationMs: Array.from({ length: 9 }, () => 600_000),
      cpuShare: 0.01,
    })
    const { world, events } = smallWorld({ rows: [row(1, PUSH)], functions: [slow] })
    world.advance(START + 2.5 * MINUTE)
    expect(ofType(events, 'worker').map(({ event }) => event)).toEqual(['time-limit'])
    expect(world.jobs.byId(1)!.state).toBe('started')
  })

  it('is replaced by a worker with another pid', () => {
    const slow = traffic(PUSH, { durationMs: Array.from({ length: 9 }, () => 20_000) })
    const { world } = smallWorld({
      rows: [row(1, PUSH)],
      functions: [slow],
      faults: [{ kind: 'workers-killed', workers: 1, fromMs: 5 * SECOND, untilMs: null }],
    })
    world.advance(START + 2 * SECOND)
    const pid = world.jobs.byId(1)!.workerPid
    expect(world.host.pids).toContain(pid)
    world.advance(START + 10 * SECOND)
    expect(world.host.pids).not.toContain(pid)
    expect(world.host.httpWorkers).toBe(12)
  })
})

describe('workers and slots', () => {
  it('more slots than workers make rows flip between enqueued and pending once a second (F04)', () => {
    const slow = traffic(PUSH, { durationMs: Array.from({ length: 9 }, () => 10_000) })
    const { world, events } = smallWorld({
      rows: [row(1, PUSH), row(2, PUSH)],
      functions: [slow],
      host: { httpWorkers: 1, channels: 'root:2' },
    })
    world.advance(START + 5 * SECOND)
    const flips = trace(events, 2).filter((line) => line.includes('T5'))
    expect(flips).toHaveLength(4)
    world.advance(START + MINUTE)
    expect(world.jobs.byId(2)!.state).toBe('done')
  })

  it('scaling adds workers and slots of root after the start-up delay', () => {
    const { world } = smallWorld()
    world.advance(START + MINUTE)
    scaleWorkers(world, 2)
    expect(world.runner.rootCapacity).toBe(8)
    world.advance(START + 2 * MINUTE)
    expect([world.host.httpWorkers, world.runner.rootCapacity]).toEqual([14, 10])
    scaleWorkers(world, -2)
    expect([world.host.httpWorkers, world.runner.rootCapacity]).toEqual([12, 8])
  })

  it('too many workers for the memory end in out-of-memory kills, and doctor says so before', () => {
    const rows = Array.from({ length: 20 }, (_, index) => row(index + 1, PUSH))
    const { world, events } = smallWorld({ rows, host: { memoryMb: 3000 + 12 * 600 + 100 } })
    world.advance(START + MINUTE)
    expect(viewHost(world).workersAddable).toBe(0)
    expect(ofType(events, 'worker').some(({ event }) => event === 'out-of-memory')).toBe(true)
  })

  it('a row without priority stops the runner until it is mended (F18)', () => {
    const { world, events } = smallWorld({
      rows: [row(1, PUSH), row(2, PUSH, { priority: null }), row(3, PUSH)],
      host: { channels: 'root:1' },
    })
    world.advance(START + MINUTE)
    expect(world.runner.isStopped).toBe(true)
    expect(ofType(events, 'finding').map(({ code }) => code)).toEqual(['runner-stopped'])
    world.jobs.overwrite(world.jobs.byId(2)!, { priority: 10 })
    world.advance(START + 3 * MINUTE)
    expect(['done', 'done', 'done']).toEqual([1, 2, 3].map((id) => world.jobs.byId(id)!.state))
  })
})

describe('automations', () => {
  it('requeue every failed job until they are paused', () => {
    const failed = row(1, PUSH, {
      state: 'failed',
      excName: 'odoo.exceptions.ValidationError',
      dateStarted: START - 400 * 24 * HOUR,
    })
    const { world, events } = smallWorld({
      rows: [failed],
      automations: [
        {
          name: 'requeue-all',
          description: 'a script',
          kind: 'requeue-failed',
          everyMs: 10 * MINUTE,
          fromMs: MINUTE,
          newerThanMs: null,
        },
      ],
    })
    world.advance(START + 2 * MINUTE)
    expect(trace(events, 1)[0]).toBe('+60.000s T10 pending (automation:requeue-all)')
    world.automations.setPaused('requeue-all', true)
    world.advance(START + HOUR)
    expect(ofType(events, 'automation').map(({ event }) => event)).toEqual(['ran', 'paused'])
  })
})

describe('arrivals', () => {
  const busy = [
    traffic(PUSH, { ratePerHour: Array.from({ length: 168 }, () => 600) }),
    traffic(NOTIFY, { ratePerHour: Array.from({ length: 168 }, () => 300), burstMean: 3 }),
    traffic(CAPTURE),
  ]

  it('come at the rate of the hour', () => {
    const { world, events } = smallWorld({ functions: busy })
    world.advance(START + 4 * HOUR)
    const count = (fn: string) =>
      ofType(events, 'arrived').filter((event) => event.fn === fn).length
    expect(count(PUSH) / 4).toBeGreaterThan(560)
    expect(count(PUSH) / 4).toBeLessThan(640)
    expect(count(NOTIFY) / 4).toBeGreaterThan(255)
    expect(count(NOTIFY) / 4).toBeLessThan(345)
  })

  it('are the same with and without a fault, and other ones for another seed', () => {
    const arrivals = (seed: number, dead: boolean) => {
      const { world, events } = smallWorld({
        functions: busy,
        seed,
        faults: dead ? [{ ...HANG, integrations: ['shop'] }] : [],
      })
      world.advance(START + HOUR)
      return ofType(events, 'arrived').map(({ at, fn, key }) => `${at} ${fn} ${key}`)
    }
    expect(arrivals(1, true)).toEqual(arrivals(1, false))
    expect(arrivals(2, false)).not.toEqual(arrivals(1, false))
  })

  it('do not make a second job with the identity key of one that waits', () => {
    const { world, events } = smallWorld({
      functions: [
        traffic(PUSH, {
          ratePerHour: Array.from({ length: 168 }, () => 3600),
          recordPool: 3,
          identityKey: true,
        }),
      ],
      host: { channels: 'root:-1' },
    })
    world.advance(START + HOUR)
    expect(ofType(events, 'arrived')).toHaveLength(3)
  })
})

describe('determinism', () => {
  it('the same options give the same events, in whatever steps time goes on', () => {
    const functions = [
      traffic(PUSH, {
        ratePerHour: Array.from({ length: 168 }, () => 2000),
        failures: [{ excName: 'requests.exceptions.ReadTimeout', excMessage: 'x', share: 0.01 }],
      }),
      traffic(CAPTURE, { ratePerHour: Array.from({ length: 168 }, () => 500) }),
    ]
    const run = (stepMs: number) => {
      const { world, events } = smallWorld({ functions, host: { usersBusyWorkers: 3 } })
      for (let at = START; at <= START + HOUR; at += stepMs) world.advance(at)
      return JSON.stringify(events)
    }
    expect(run(5 * MINUTE)).toBe(run(MINUTE))
  })
})
