/** A person who goes for a coffee after `begin`. Wall time is what the test says. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { HoldUp } from '../../../src/drill/live/hold-up.ts'
import { type Drill, openWorkbench, type Workbench } from '../../sandbox/drill-database.ts'

let workbench: Workbench
let drill: Drill

beforeAll(async () => {
  workbench = await openWorkbench()
  drill = await workbench.drill()
})

afterAll(() => workbench?.[Symbol.asyncDispose]())

function holdUp(): { holdUp: HoldUp; notices: string[]; found: string[] } {
  const notices: string[] = []
  const found: string[] = []
  const database = { ...drill, [Symbol.asyncDispose]: async () => undefined }
  const watch = new HoldUp(
    database,
    (sentence) => notices.push(sentence),
    (detail) => found.push(detail),
  )
  return { holdUp: watch, notices, found }
}

it('is told after five seconds and ended after thirty, and nobody else with him', async () => {
  const drinker = await drill.connect({ application_name: 'psql' })
  drinker.on('error', () => undefined)
  const reader = await drill.connect({ application_name: 'reader' })
  await drinker.query('begin; update queue_job set priority = 1 where id = 1')
  await reader.query('begin; select count(*) from queue_job')
  const { rows } = await drinker.query<{ pid: number }>('select pg_backend_pid() as pid')
  const { holdUp: watch, notices, found } = holdUp()
  expect(watch.lastsFor(0)).toBeNull()
  await watch.look(1000)
  await watch.look(5999)
  expect(notices).toEqual([])
  await watch.look(6000)
  await watch.look(7000)
  expect(notices).toEqual([
    `psql (process ${rows[0]!.pid}) holds queue_job in an open transaction: the world waits for it, at most 30s`,
  ])
  expect(watch.lastsFor(7000)).toBe(6000)
  await watch.look(30_999)
  expect(found).toEqual([])
  await watch.look(31_000)
  expect(found).toEqual(['1 held queue_job for 30s: rolled back'])
  expect(notices.at(-1)).toBe('open transaction: 1 held queue_job for 30s: rolled back')
  await expect(drinker.query('commit')).rejects.toThrow(/rolled back|not queryable/)
  expect((await reader.query('select priority from queue_job where id = 1')).rows).toEqual([
    { priority: 10 },
  ])
  await watch.look(32_000)
  expect(watch.lastsFor(32_000)).toBeNull()
})

it('is forgotten when he lets go in between, or the world went on', async () => {
  const person = await drill.connect({ application_name: 'psql' })
  const { holdUp: watch, notices, found } = holdUp()
  await person.query('begin; select from queue_job where id = 2 for update')
  await watch.look(0)
  await person.query('commit')
  await watch.look(10_000)
  await person.query('begin; lock table queue_job in share mode')
  await watch.look(20_000)
  expect(watch.lastsFor(20_000)).toBe(0)
  watch.over()
  await watch.look(40_000)
  expect(watch.lastsFor(44_000)).toBe(4000)
  expect([notices, found]).toEqual([[], []])
  await person.query('rollback')
})
