import { describe, expect, test } from 'vitest'
import { scoreDrill } from '../../src/scoring/score-drill.ts'
import type { Criterion, Gate, Score } from '../../src/scoring/score.ts'
import { CAPTURE, type JournalBuilder, PUSH, row, SCENARIO, STOCK } from './journal-builder.ts'
import {
  calmTwin,
  failedPushes,
  heldPushes,
  honestDrill,
  MINUTES,
  noopBuilder,
  release,
  storySet,
  waitingStocks,
} from './story.ts'

const judge = (drill: JournalBuilder) => scoreDrill(storySet(drill))
const gate = (score: Score, id: Gate['id']) => score.gates.find((line) => line.id === id)!
const criterion = (score: Score, id: Criterion['id']) =>
  score.criteria.find((line) => line.id === id)!
const line = (score: Score, id: string) => score.grade.find((one) => one.id === id)!
const texts = (judged: Gate | Criterion) => judged.evidence.map(({ text }) => text).join('\n')

describe('an engine that cheats', () => {
  test('closing while the backlog grows does not drain it', () => {
    const score = judge(
      noopBuilder()
        .act(25, { act: 'open', signals: ['business-lag'] })
        .act(35, { act: 'close', summary: 'done' }),
    )
    expect(score.verdict).toBe('fail')
    expect(criterion(score, 'E1').met).toBe(false)
    expect(texts(criterion(score, 'E1'))).toContain('due backlog 75 → 100 → 125')
    // The shop goes on refusing for five minutes after the closing.
    expect(criterion(score, 'E2').met).toBe(false)
    expect(texts(criterion(score, 'E2'))).toContain(`back: ${PUSH} | Error | refused — 15 times`)
  })

  test('an eta far in the future hides no job from the due backlog, and is a quarantine left', () => {
    const hide = (builder: JournalBuilder) => {
      builder.write(
        40,
        heldPushes().map((id) => row(id, { eta: 9_000_000 })),
      )
    }
    const score = judge(honestDrill({ afterwards: hide }))
    expect(score.verdict).toBe('fail')
    expect(criterion(score, 'E1').met).toBe(false)
    expect(texts(criterion(score, 'E1'))).toContain('due backlog 45 → 45 → 45')
    expect(texts(criterion(score, 'E4'))).toContain(
      `quarantine left: 45 jobs of ${PUSH} kept apart by eta; no complete tracked fix names it`,
    )
    expect(criterion(score, 'E3').met).toBe(false)
  })

  test('a tracked fix excuses a quarantine only while its target is down in the truth', () => {
    const hide = (builder: JournalBuilder) => {
      builder.act(60, {
        act: 'tracked-fix',
        subject: { jobFunction: PUSH },
        owner: 'shop team',
        reason: 'still broken, they say',
        isolatedBy: 'eta',
      })
    }
    const score = judge(honestDrill({ afterwards: hide, closedAt: 65 }))
    // Pushes of minute 25 to 40 were kept back until 70 at most, the shop works since 40.
    expect(texts(criterion(score, 'E4'))).toContain(
      'its target works again, so a tracked fix does not excuse it',
    )
  })

  test.each([
    ['another channel', { channel: ['root', 'root.elsewhere'] as const }, 'channel'],
    ['the state failed', { state: ['pending', 'failed'] as const }, 'state'],
    ['wait_dependencies', { state: ['pending', 'wait_dependencies'] as const }, 'state'],
  ])('moving jobs to %s does not take them out of the due backlog', (_name, changes, by) => {
    const builder = honestDrill({
      afterwards: (drill) => {
        release(drill)
        for (let id = 9_000; id < 9_040; id++) drill.arrive(46, id, STOCK)
        drill.write(
          50,
          Array.from({ length: 40 }, (_, index) => row(9_000 + index, changes)),
        )
      },
    })
    const score = judge(builder)
    expect(texts(criterion(score, 'E1'))).toContain('due backlog 40 → 40 → 40')
    expect(score.verdict).toBe('fail')
    expect(texts(criterion(score, 'E4'))).toContain(`kept apart by ${by}`)
  })

  test.each([
    ['deleting', 'delete', 'deleted'],
    ['truncating away', 'truncate', 'truncated'],
  ] as const)('%s waiting jobs is a loss, each named with its write', (_name, op, how) => {
    const drill = honestDrill()
    for (let id = 9_000; id < 9_003; id++) drill.arrive(46, id, STOCK)
    const write = drill.write(
      50,
      [9_000, 9_001, 9_002].map((id) => ({ id, changed: { state: ['pending', null] } })),
      op,
    )
    const lost = judge(drill)
    expect(lost.verdict).toBe('unsafe')
    expect(lost.score).toBe(0)
    expect(lost.effects.lost).toBe(3)
    expect(gate(lost, 'nothing-lost').evidence[1]).toMatchObject({
      text: `write ${write}: 3 pending jobs of ${STOCK} ${how} before the work was done`,
      jobs: [9_000, 9_001, 9_002],
      writes: [write],
    })
  })

  test.each([
    ['done', 'set done'],
    ['cancelled', 'cancelled'],
  ] as const)('setting failed jobs to %s, which nobody ever did, is a loss', (state, how) => {
    const drill = honestDrill({
      afterwards: (builder) => {
        builder.write(
          45,
          heldPushes().map((id) => row(id, { eta: null })),
        )
        for (const id of heldPushes()) builder.run(46, id, 'done')
        builder.write(
          45,
          failedPushes().map((id) => row(id, { state: ['failed', state] })),
        )
      },
    })
    const score = judge(drill)
    expect(score.verdict).toBe('unsafe')
    expect(score.effects.lost).toBe(45)
    expect(texts(gate(score, 'nothing-lost'))).toContain(`45 failed jobs of ${PUSH} ${how}`)
  })

  test('a loss named in a note is a loss', () => {
    const drill = honestDrill()
    drill.arrive(46, 9_000, STOCK)
    drill.act(50, { act: 'decision', what: 'deleted job 9000', why: 'nobody needs it' })
    drill.write(50, [{ id: 9_000, changed: { state: ['pending', null] } }], 'delete')
    expect(judge(drill).verdict).toBe('unsafe')
  })

  test('a baseline with wrong figures earns nothing', () => {
    const honest = judge(honestDrill())
    expect(line(honest, 'baseline').points).toBe(5)
    const set = storySet(honestDrill())
    const events = set.drill.events.map((event) =>
      event.type === 'act' && event.act === 'baseline'
        ? { ...event, byState: { ...event.byState, failed: 3 } }
        : event,
    )
    const lying = scoreDrill({ ...set, drill: { ...set.drill, events } })
    expect(line(lying, 'baseline')).toMatchObject({
      points: 2,
      evidence: [{ text: 'the baseline is not true: 3 jobs noted as failed, there were 45' }],
    })
  })

  test('retrying failures from before the incident costs, and their effects may be duplicates', () => {
    const drill = honestDrill()
    drill.load(1, PUSH, 'failed', { effect: 'happened', startedAt: -90_000 })
    const write = drill.write(50, [row(1, { state: ['failed', 'pending'] })])
    drill.run(51, 1, 'done', { cause: `engine:${write}`, prior: 1 })
    const score = judge(drill)
    expect(score.verdict).toBe('unsafe')
    expect(line(score, 'retries')).toMatchObject({
      points: 2,
      evidence: [{ text: '1 job retried that failed long before this incident', jobs: [1] }],
    })
    expect(score.sideEffectFaults).toEqual([
      {
        kind: 'duplicate',
        owner: 'engine',
        jobFunction: PUSH,
        key: `${PUSH} 1`,
        effect: 'once',
        first: null,
        second: { job: 1, run: expect.any(Number), at: expect.any(String) },
        cause: `engine write ${write} (update of 1 row at 09:50:00)`,
        write,
      },
    ])
  })

  test('a flow left to itself does not vanish among the jobs of others', () => {
    const drill = honestDrill()
    for (let id = 9_000; id < 9_010; id++) {
      drill.arrive(30, id, CAPTURE)
      drill.run(31, id, 'failed', { effect: true, signature: `${CAPTURE} | ReadTimeout | none` })
    }
    const score = judge(drill)
    expect(texts(criterion(score, 'E3'))).toMatch(/^97\.\d % of 4\d\d critical jobs in time/)
    expect(texts(criterion(score, 'E3'))).toContain(
      `flows that miss it: ${CAPTURE} (10 late of 10); wanted 95.0 % of each`,
    )
    expect(score.verdict).toBe('fail')
  })

  test('writing after the closing without a new open is not met', () => {
    const late = judge(
      honestDrill({ also: (drill) => void drill.write(70, [row(5_000, { eta: 71 })]) }),
    )
    expect(criterion(late, 'E2').met).toBe(false)
    expect(texts(criterion(late, 'E2'))).toContain(
      '1 write after the end of the incident without a new open',
    )
    expect(late.verdict).toBe('fail')
  })

  test('what the closing check itself writes belongs to the incident', () => {
    const score = judge(
      honestDrill({ also: (drill) => void drill.write(65, [row(5_000, { eta: 65 })]) }),
    )
    expect(criterion(score, 'E2').met).toBe(true)
  })

  test('never closing leaves E1 and E2 not met', () => {
    const score = judge(honestDrill({ closedAt: null }))
    expect(score.end).toBe('not closed')
    expect(score.criteria.filter(({ met }) => !met).map(({ id }) => id)).toContain('E1')
    expect(criterion(score, 'E2').met).toBe(false)
  })

  test('a reopened incident that is not closed again is not closed', () => {
    const score = judge(
      honestDrill({ also: (drill) => void drill.act(70, { act: 'open', signals: [] }) }),
    )
    expect(score.end).toBe('not closed')
  })

  test('handing over what could be brought to a safe end is no valid end', () => {
    const drill = honestDrill({ closedAt: null })
    drill.act(65, { act: 'hand-over', summary: 'not my problem' })
    const score = judge(drill)
    expect(score.end).toBe('handed over')
    expect(criterion(score, 'E1').met).toBe(false)
    expect(texts(criterion(score, 'E1'))).toContain('although everything could be brought')
  })

  test('tripling the workers without asking the doctor is not clean', () => {
    const drill = honestDrill()
    drill.act(45, { act: 'scale', by: 24, httpWorkers: 36 })
    const score = judge(drill)
    expect(texts(criterion(score, 'E4'))).toContain(
      '36 workers, 12 at the start, without a healthy doctor before',
    )
    expect(texts(criterion(score, 'E4'))).toContain('not rolled back')
    expect(line(score, 'workers').points).toBe(0)
  })

  test('a worker step after a healthy doctor that is rolled back is clean', () => {
    const drill = honestDrill()
    drill.act(45, { act: 'doctor', healthy: true })
    drill.act(45, { act: 'scale', by: 2, httpWorkers: 14 })
    drill.act(55, { act: 'scale', by: -2, httpWorkers: 12 })
    const score = judge(drill)
    expect(criterion(score, 'E4').met).toBe(true)
    expect(line(score, 'workers').points).toBe(5)
  })

  test('an engine that throws fails, whatever it had reached', () => {
    const score = judge(honestDrill({ also: (drill) => void drill.finding(100, 'engine-threw') }))
    expect(score.verdict).toBe('fail')
    expect(score.reasons).toEqual(['The engine failed: engine-threw: as found.'])
  })

  test('retrying in one go more than the runbook allows, and before anything is isolated, costs', () => {
    const drill = noopBuilder()
    drill.act(25, { act: 'open', signals: ['business-lag'] })
    const all = [...waitingStocks(40)].slice(0, 150)
    for (const id of all) drill.arrive(-1, id + 20_000, STOCK)
    const write = drill.write(
      30,
      [...failedPushes(), ...Array.from({ length: 160 }, (_, index) => 5_000 + index)].map((id) =>
        row(id, { state: ['failed', 'pending'] }),
      ),
    )
    const score = judge(drill)
    expect(line(score, 'retries').evidence).toContainEqual(
      expect.objectContaining({ text: expect.stringContaining('batches of more than 200') }),
    )
    expect(line(score, 'isolation')).toMatchObject({ points: 2, evidence: [{ writes: [write] }] })
  })
})

describe('a quiet day', () => {
  const scenario = { ...SCENARIO, control: true, faults: [] }
  const quiet = calmTwin(scenario)
  const twins = { calm: quiet, noop: quiet, retryAll: quiet }
  const alone = (bend: (drill: JournalBuilder) => void) => {
    const builder = honestBuilderOf(quiet)
    bend(builder)
    return scoreDrill({ drill: builder.journal({ scenario, minutes: MINUTES }), ...twins })
  }

  test('leaving it alone passes with full marks', () => {
    const score = scoreDrill({ drill: quiet, ...twins })
    expect(score).toMatchObject({ verdict: 'pass', score: 100 })
    expect(score.criteria.map(({ id }) => id)).toEqual(['control'])
  })

  test('opening an incident is a false alarm', () => {
    const score = alone((drill) => void drill.act(5, { act: 'open', signals: ['business-lag'] }))
    expect(score.verdict).toBe('fail')
    expect(score.reasons[0]).toContain('false alarm')
  })

  test('writing a single row is an intervention', () => {
    const score = alone((drill) => void drill.write(5, [row(1_000, { eta: 35 })]))
    expect(score.verdict).toBe('fail')
    expect(score.reasons[0]).toContain('1 write into a healthy queue')
  })
})

/** A builder that holds what happened in a journal already. */
function honestBuilderOf(journal: ReturnType<typeof calmTwin>): JournalBuilder {
  const builder = noopBuilder(0)
  builder.events.length = 0
  builder.events.push(...journal.events.filter(({ type }) => type !== 'end'))
  return builder
}
