/** Every command of odoocli, for people and with `--json`, against a real control plane in front of a real incident. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HOUR, isoUtc, MINUTE } from '../../../src/foundation/time.ts'
import { takeBaseline } from '../../../src/recovery/runbook/baseline/baseline.ts'
import { CALLS, type CallName } from '../../../src/control/calls.ts'
import {
  type ControlledDrill,
  type DrillServer,
  openDrillServer,
  PUSH,
  START,
} from '../controlled-drill.ts'

let server: DrillServer
let drill: ControlledDrill

beforeAll(async () => {
  server = await openDrillServer()
  drill = await server.drill()
})
afterAll(async () => {
  await drill?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})

/** As in a shell; no quotes. */
const odoocli = (line: string) => drill.odoocli(...line.split(' '))
const lastAct = () => drill.acts().at(-1)

/** What the plane itself answers, byte for byte. */
async function plainly(name: CallName, body?: unknown): Promise<string> {
  const { method, path } = CALLS[name]
  const response = await fetch(`${drill.plane.url}${path}`, {
    method: method.toUpperCase(),
    headers: { Authorization: `Bearer ${drill.plane.token}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  expect(response.status).toBe(200)
  return response.text()
}

/** A drill of its own for what is changed for good. */
async function inAnother(work: (other: ControlledDrill) => Promise<void>): Promise<void> {
  const other = await server.drill()
  try {
    await work(other)
  } finally {
    await other[Symbol.asyncDispose]()
  }
}

describe('doctor', () => {
  it('tells how the host is', async () => {
    const { stdout, status, stderr } = await odoocli('doctor')
    expect(stdout).toMatch(
      /^healthy {8}yes\nprocessors {5}\d+\.\d % of \d+ cores\nmemory {9}\d+ of \d+ MB, \d+ MB a worker\n/,
    )
    expect(stdout).toMatch(/\nadvice {9}There is room for \d+ more workers\.\n$/)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(lastAct()).toMatchObject({ act: 'doctor', healthy: true })
  })

  it('accepts the name of an environment, and says that it speaks of the drill', async () => {
    const { status, stderr } = await odoocli('doctor --env production')
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: 'odoocli: this speaks of the host of the drill, and not of "production"\n',
    })
  })

  it('as JSON is what the control plane says', async () => {
    const { stdout } = await odoocli('doctor --env production --json')
    expect(stdout).toBe(await plainly('operations.doctor'))
  })
})

describe('workers', () => {
  it('are shown', async () => {
    const { httpWorkers, rootCapacity } = await drill.incident.operations.workers.show()
    expect(await odoocli('workers show')).toEqual({
      stdout: `workers        ${httpWorkers}\nstarting       0\nbusy           0\nslots of root  ${rootCapacity}\n`,
      stderr: '',
      status: 0,
    })
    expect((await odoocli('workers show --json')).stdout).toBe(
      await plainly('operations.workers.show'),
    )
  })

  it('are scaled by steps, and to a figure', () =>
    inAnother(async (other) => {
      const scaled = () => other.acts().map((act) => ('by' in act ? act.by : act.act))
      const before = other.world.host.wanted
      const run = (...argv: string[]) => other.odoocli('workers', 'scale', 'queue', ...argv)
      const { stdout } = await run('--count', '+2', '--json')
      expect(JSON.parse(stdout)).toMatchObject({ httpWorkers: before, starting: 2 })
      expect((await run('--count', '-2')).status).toBe(0)
      expect((await run('--count=-1')).status).toBe(0)
      expect((await run('--count', '+1')).status).toBe(0)
      await other.advance(10 * MINUTE)
      expect(scaled()).toEqual([2, -2, -1, 1])
      expect((await run('--count', String(before + 3))).status).toBe(0)
      // Those that still start count.
      expect(await run('--count', String(before + 3))).toMatchObject({
        status: 0,
        stderr: `odoocli: there are ${before + 3} workers already: nothing to do\n`,
      })
      expect(scaled()).toEqual([2, -2, -1, 1, 3])
      expect(other.world.host.wanted).toBe(before + 3)
    }))
})

describe('queue shape', () => {
  it('shows the ten channels with most pending jobs', async () => {
    const { stdout, stderr, status } = await odoocli('queue shape')
    const [states, channels] = stdout.split('\n\n')
    expect(states).toBe('STATE    JOBS\npending    24\nfailed     14\ndone        1')
    const lines = channels!.trimEnd().split('\n')
    expect(lines[0]).toBe('CHANNEL            PENDING  DUE  STARTED  FAILED  OLDEST DUE')
    expect(lines[1]).toBe(
      `root.webhook_sync       10    7        0       0  ${isoUtc(START - MINUTE + 40)}`,
    )
    expect(lines).toHaveLength(1 + 10)
    expect({ stderr, status }).toEqual({ stderr: 'odoocli: 8 more channels: --all\n', status: 0 })
  })

  it('shows every channel when asked', async () => {
    const { stdout, stderr } = await odoocli('queue shape --all')
    expect(stdout).toContain('\nroot.mixed               0    0        0       4  -\n')
    expect(stderr).toBe('')
  })

  it('as JSON is what the control plane says', async () => {
    expect((await odoocli('queue shape --json')).stdout).toBe(
      await plainly('operations.queue.shape'),
    )
  })

  it("writes the runbook's baseline", async () => {
    const { stderr, status } = await odoocli('queue shape --baseline --all')
    expect({ stderr, status }).toEqual({
      stderr: 'odoocli: the baseline is in the incident notes\n',
      status: 0,
    })
    const notes = { ...drill.incident.notes, baseline: async () => undefined }
    const taken = await takeBaseline(drill.engine, notes, 10)
    const { act, byState, pendingByChannel } = lastAct() as Extract<
      ReturnType<typeof lastAct>,
      { act: 'baseline' }
    >
    expect(act).toBe('baseline')
    expect(byState).toEqual(taken.byState)
    expect(Object.entries(pendingByChannel)).toEqual(Object.entries(taken.pendingByChannel))
  })
})

describe('queue blockers', () => {
  it('lists thirty jobs unless told', async () => {
    const { stdout } = await odoocli('queue blockers')
    const lines = stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(1 + 30)
    expect(lines[0]).toMatch(/^ID {2}STATE +CHANNEL +FUNCTION +ETA +CREATED +EXCEPTION$/)
    expect(lines[1]).toMatch(
      /^10 {2}failed +root\.mail +sale\.order\.notify +- +\S+ {2}requests\.exceptions\.ReadTimeout: /,
    )
  })

  it('lists as many as asked for, and as JSON what the control plane says', async () => {
    expect((await odoocli('queue blockers --limit 2')).stdout.trimEnd().split('\n')).toHaveLength(3)
    expect((await odoocli('queue blockers --limit 2 --json')).stdout).toBe(
      await plainly('operations.queue.blockers', { limit: 2 }),
    )
  })
})

describe('queue quarantine and release', () => {
  it('isolate a channel, and let canaries go first', () =>
    inAnother(async (other) => {
      const queue = (line: string) => other.odoocli('queue', ...line.split(' '))
      const until = isoUtc(START + 30 * MINUTE)
      expect(await queue('quarantine --channel root.webhook_sync --for 30m')).toEqual({
        stdout: `postponed 10 jobs of root.webhook_sync until ${until}\n`,
        stderr: '',
        status: 0,
      })
      expect((await queue('quarantine --function sale.order.push --for 1h --json')).stdout).toBe(
        `${JSON.stringify({ postponed: 19, until: isoUtc(START + HOUR) })}\n`,
      )
      expect((await queue('release --channel root.webhook_sync --limit 2')).stdout).toBe(
        'released 2 jobs of root.webhook_sync: 40 41\n',
      )
      expect((await queue('release --channel root.webhook_sync --json --limit 1')).stdout).toBe(
        '{"released":[42]}\n',
      )
      expect((await queue('release --function sale.order.notify')).stdout).toBe(
        'released 4 jobs of sale.order.notify: 43 45 47 49\n',
      )
      expect((await queue('release --function sale.order.notify')).stdout).toBe(
        'released 0 jobs of sale.order.notify\n',
      )
    }))
})

describe('queue retry', () => {
  it('as the runbook writes it brings back what is safe', () =>
    inAnother(async (other) => {
      const line = 'queue retry --channel root.stock_sync --older-than 20m --limit 200'
      expect(await other.odoocli(...line.split(' '))).toEqual({
        stdout: 'requeued 6 jobs of root.stock_sync: 6 5 4 3 2 1\n',
        stderr: '',
        status: 0,
      })
      // Nothing is left, and nothing was refused.
      expect(await other.odoocli(...line.split(' '), '--json')).toEqual({
        stdout: '{"requeued":[],"refused":[]}\n',
        stderr: '',
        status: 0,
      })
    }))

  it('lists what it refused by its reason, and ends with status 1 where that was all', async () => {
    const line = 'queue retry --channel root.mixed --older-than 20m --limit 200'
    expect(await odoocli(line)).toEqual({
      stdout: [
        'requeued 0 jobs of root.mixed',
        'refused 4 jobs',
        'COUNT  REASON                                                         JOBS',
        '    1  nothing is documented about repeating sale.order.confirm       31',
        '    2  payment.transaction.capture is documented as unsafe to repeat  20 21',
        '    1  res.partner.forgotten is not in the catalogue                  30',
        '',
      ].join('\n'),
      stderr: '',
      status: 1,
    })
    const { stdout, status } = await odoocli(`${line} --json`)
    expect(JSON.parse(stdout)).toMatchObject({ requeued: [], refused: [{ id: 20 }, {}, {}, {}] })
    expect(status).toBe(1)
  })

  it('by force brings back everything, says so, and shows in the journal', () =>
    inAnother(async (other) => {
      const line = 'queue retry --channel root.mixed --older-than 20m --force'
      expect(await other.odoocli(...line.split(' '))).toEqual({
        stdout: 'requeued 4 jobs of root.mixed: 20 21 30 31\n',
        stderr:
          'odoocli: forced: what is not documented safe runs again, too; it shows in the score\n',
        status: 0,
      })
      expect(other.acts()).toEqual([
        expect.objectContaining({ act: 'retry', forced: true, limit: null }),
      ])
    }))
})

describe('target', () => {
  it('probe tells how an integration answers, with status 1 where it does not work', () =>
    inAnother(async (other) => {
      expect(await other.odoocli('target', 'probe', 'acquirer')).toEqual({
        stdout: 'acquirer: ok after 120 ms\n',
        stderr: '',
        status: 0,
      })
      await other.advance(MINUTE)
      expect(await other.odoocli('target', 'probe', 'shop')).toEqual({
        stdout: 'shop: timeout after 30000 ms\n',
        stderr: '',
        status: 1,
      })
      expect(await other.odoocli('target', 'probe', 'shop', '--json')).toEqual({
        stdout: '{"integration":"shop","healthy":false,"answer":"timeout","latencyMs":30000}\n',
        stderr: '',
        status: 1,
      })
    }))

  it('lookup says one word, and status 0 for each', async () => {
    const { stdout, status } = await odoocli('target lookup 20')
    expect(stdout).toMatch(/^(happened|absent)\n$/)
    expect(status).toBe(0)
    expect(await odoocli('target lookup 40')).toEqual({
      stdout: 'unknown\n',
      stderr: '',
      status: 0,
    })
    expect((await odoocli('target lookup 40 --json')).stdout).toBe('{"answer":"unknown"}\n')
  })
})

describe('automations', () => {
  it('are listed, paused and resumed', async () => {
    expect((await odoocli('automations resume requeue-failed')).stdout).toBe(
      'resumed requeue-failed\n',
    )
    expect((await odoocli('automations list')).stdout).toBe(
      'NAME            EVERY  STATE    WHAT IT DOES\n' +
        'requeue-failed    10m  running  Sets failed jobs back every ten minutes\n',
    )
    expect((await odoocli('automations pause requeue-failed --json')).stdout).toBe('{}\n')
    expect((await odoocli('automations list --json')).stdout).toBe(
      await plainly('operations.automations.list'),
    )
    expect(lastAct()).toMatchObject({ act: 'pause', automation: 'requeue-failed' })
  })
})

describe('catalogue', () => {
  it('lists what is documented, by name', async () => {
    expect((await odoocli('catalogue')).stdout).toBe(
      [
        'FUNCTION                     SAFETY        INTEGRATION  SLA  VALUE',
        'payment.transaction.capture  unsafe        acquirer       -  -',
        'sale.order.confirm           unknown       -              -  -',
        'sale.order.notify            keyed for 1h  shop           -  -',
        'sale.order.push              idempotent    shop           -  -',
        '',
      ].join('\n'),
    )
    expect((await odoocli('catalogue --json')).stdout).toBe(await plainly('catalogue'))
  })
})

describe('incident', () => {
  it('is opened, noted, and closed', () =>
    inAnother(async (other) => {
      const run = async (...argv: string[]) => {
        const { stdout, stderr, status } = await other.odoocli('incident', ...argv)
        expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
        return stdout
      }
      expect(
        await run('open', '--signal', 'business-lag', '--signal', 'cpu-idle-queue-grows'),
      ).toBe('opened\n')
      expect(await run('note', '-2 workers', '--why', '-5 % of memory left')).toBe('noted\n')
      const fix = ['--owner', 'web', '--reason', 'no credential', '--isolated-by', 'eta']
      expect(await run('fix', '--jobs', '1, 2,3', ...fix)).toBe('tracked\n')
      expect(await run('fix', '--channel', 'root.shop', ...fix, '--json')).toBe('{}\n')
      expect(await run('fix', '--function', PUSH, ...fix)).toBe('tracked\n')
      expect(await run('fix', '--signature', 'x | y', ...fix)).toBe('tracked\n')
      expect(await run('close', 'all', 'is', 'well')).toBe('closed\n')
      const tracked = {
        act: 'tracked-fix',
        owner: 'web',
        reason: 'no credential',
        isolatedBy: 'eta',
      }
      expect(other.acts()).toEqual(
        [
          { act: 'open', signals: ['business-lag', 'cpu-idle-queue-grows'] },
          { act: 'decision', what: '-2 workers', why: '-5 % of memory left' },
          { ...tracked, subject: { jobs: [1, 2, 3] } },
          { ...tracked, subject: { channel: 'root.shop' } },
          { ...tracked, subject: { jobFunction: PUSH } },
          { ...tracked, subject: { signature: 'x | y' } },
          { act: 'close', summary: 'all is well' },
        ].map((act) => ({ at: START, type: 'act', check: 0, ...act })),
      )
    }))

  it('is handed over, several signals in one word, a summary behind --', () =>
    inAnother(async (other) => {
      const signal = 'business-lag,failed-pending-loop'
      expect((await other.odoocli('incident', 'open', '--signal', signal, '--json')).stdout).toBe(
        '{}\n',
      )
      expect((await other.odoocli('incident', 'hand-over', '--', '--to', 'people')).stdout).toBe(
        'handed over\n',
      )
      expect(other.acts()).toMatchObject([
        { signals: ['business-lag', 'failed-pending-loop'] },
        { act: 'hand-over', summary: '--to people' },
      ])
    }))
})

describe('now', () => {
  it('is virtual time', async () => {
    expect((await odoocli('now')).stdout).toBe(`${isoUtc(START)}\n`)
    expect((await odoocli('now --json')).stdout).toBe(`{"now":"${isoUtc(START)}"}\n`)
  })
})

describe('what an operation refuses is its sentence on stderr, with status 1:', () => {
  it.each([
    ['target probe shpo', 'target probe: there is no integration "shpo"; there are shop, acquirer'],
    ['automations pause cron', 'automations: there is none called "cron"'],
    ['incident close done', 'close: no incident is open'],
    [
      'queue quarantine --channel root --for 25h',
      'queue quarantine: say for how long, from 1 second to 24 hours',
    ],
  ])('%s', async (line, sentence) => {
    const acts = drill.acts().length
    for (const each of [line, `${line} --json`]) {
      expect(await odoocli(each)).toEqual({
        stdout: '',
        stderr: `odoocli: ${sentence}\n`,
        status: 1,
      })
    }
    expect(drill.acts()).toHaveLength(acts)
  })
})
