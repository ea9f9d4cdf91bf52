/**
 * Corners of the protocol that no everyday client reaches, spoken to a real server: what the gateway believes must be
 * what the server did.
 */
import type { Socket } from 'node:net'
import type { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Drill, openWorkbench, type Workbench } from '../drill-database.ts'

let workbench: Workbench
let drill: Drill
let wire: Wire

beforeAll(async () => {
  workbench = await openWorkbench(20)
  drill = await workbench.drill()
})
afterAll(() => workbench[Symbol.asyncDispose]())
beforeEach(async () => {
  await drill.reset()
  wire = new Wire(await drill.connect())
})

type Answer = 'readyForQuery' | 'copyInResponse' | 'errorMessage' | 'portalSuspended'

/** Messages by hand, on a connection that node-postgres has authenticated. */
class Wire {
  readonly #connection: NodeJS.EventEmitter & { readonly stream: Socket }

  constructor(client: Client) {
    const { connection } = client as unknown as {
      connection: NodeJS.EventEmitter & { readonly stream: Socket }
    }
    this.#connection = connection
  }

  send(...messages: readonly Buffer[]): void {
    this.#connection.stream.write(Buffer.concat(messages))
  }

  /** Waits until as many of these answers have come (events of node-postgres, several of which come at once). */
  async hears(event: Answer, times = 1): Promise<void> {
    let heard = 0
    await new Promise<void>((resolve) => {
      const count = () => {
        if (++heard < times) return
        this.#connection.off(event, count)
        resolve()
      }
      this.#connection.on(event, count)
    })
  }
}

function message(type: string, ...parts: readonly (string | Buffer)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)))
  const head = Buffer.alloc(5)
  head.write(type, 0, 'latin1')
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

const SYNC = message('S')
const FLUSH = message('H')
const COPY_DONE = message('c')
const copyData = (text: string) => message('d', text)
const query = (text: string) => message('Q', `${text}\0`)
const parse = (text: string, name = '') => message('P', `${name}\0${text}\0`, Buffer.alloc(2))
const bind = (name = '', portal = '') => message('B', `${portal}\0${name}\0`, Buffer.alloc(6))
const execute = (rowsMax = 0, portal = '') => {
  const limit = Buffer.alloc(4)
  limit.writeInt32BE(rowsMax)
  return message('E', `${portal}\0`, limit)
}
const extended = (text: string) => Buffer.concat([parse(text), bind(), execute()])

/** What was noted, and that the session is known to be at rest. */
function noted(): (string | null)[] {
  expect(drill.gateway.openTransactions).toBe(0)
  return drill.gateway.takeTraffic().texts.map(({ tag, sqlstate }) => sqlstate ?? tag)
}

const COPY = 'copy queue_job (id, uuid, state) from stdin'

describe('COPY in the extended protocol', () => {
  it('ignores the Sync that comes before the data, as libpq sends it', async () => {
    wire.send(extended(COPY), SYNC)
    await wire.hears('copyInResponse')
    expect(drill.gateway.openTransactions).toBe(1)
    wire.send(copyData('71\ta\tpending\n'), SYNC, COPY_DONE, SYNC)
    await wire.hears('readyForQuery')
    expect(noted()).toEqual(['COPY 1'])
    wire.send(extended('select 1'), SYNC)
    await wire.hears('readyForQuery')
    expect(noted()).toEqual(['SELECT 1'])
  })

  it('may be sent blindly in one go', async () => {
    wire.send(extended(COPY), SYNC, copyData('71\ta\tpending\n'), COPY_DONE, SYNC)
    await wire.hears('readyForQuery')
    wire.send(query('select 1'))
    await wire.hears('readyForQuery')
    expect(noted()).toEqual(['COPY 1', 'SELECT 1'])
  })

  it('fails in the middle, and what is still on its way is ignored up to the next Sync', async () => {
    wire.send(extended(COPY), SYNC)
    await wire.hears('copyInResponse')
    wire.send(copyData('x\ta\tpending\n'))
    // The server looks at the data when it has more of it or the end.
    wire.send(copyData('72\ta\tpending\n'.repeat(10_000)), COPY_DONE, SYNC)
    await wire.hears('readyForQuery')
    wire.send(extended('select 1'), SYNC)
    await wire.hears('readyForQuery')
    expect(noted()).toEqual(['22P02', 'SELECT 1'])
  })

  it('a simple one that failed leaves no trace of the end that came too late', async () => {
    wire.send(query('copy nothing from stdin'), copyData('1\n'), COPY_DONE)
    await wire.hears('readyForQuery')
    wire.send(COPY_DONE)
    wire.send(query('select 1'))
    await wire.hears('readyForQuery')
    expect(noted()).toEqual(['42P01', 'SELECT 1'])
  })
})

describe('a pipeline', () => {
  it('goes on behind the Sync that follows a failed statement', async () => {
    wire.send(
      extended('select 1'),
      extended('select 1/0'),
      extended('select 2, never'),
      SYNC,
      extended('select 3'),
      SYNC,
      query('select 4'),
    )
    await wire.hears('readyForQuery', 3)
    expect(noted()).toEqual(['SELECT 1', '22012', 'SELECT 1', 'SELECT 1'])
  })

  it('ignores everything after an error, even a Query, until a Sync that comes later', async () => {
    wire.send(parse('selec'), FLUSH)
    await wire.hears('errorMessage')
    expect(drill.gateway.openTransactions).toBe(1)
    wire.send(extended('select 1'), query('select 2'))
    wire.send(SYNC)
    await wire.hears('readyForQuery')
    expect(noted()).toEqual(['42601'])
    wire.send(query('select 3'))
    await wire.hears('readyForQuery')
    expect(noted()).toEqual(['SELECT 1'])
  })

  it('tells a failed Bind with the text that was to run', async () => {
    wire.send(parse('select id from queue_job', 'mine'), SYNC)
    await wire.hears('readyForQuery')
    wire.send(
      bind('mine'),
      execute(),
      SYNC,
      bind('other'),
      execute(),
      SYNC,
      bind('mine'),
      execute(),
      SYNC,
    )
    await wire.hears('readyForQuery', 3)
    const { texts } = drill.gateway.takeTraffic()
    expect(texts).toEqual([
      { text: 'select id from queue_job', tag: 'SELECT 20', sqlstate: null },
      { text: '', tag: null, sqlstate: '26000' },
      { text: 'select id from queue_job', tag: 'SELECT 20', sqlstate: null },
    ])
  })

  it('reads a portal in parts and counts what came', async () => {
    wire.send(parse('select id from queue_job'), bind(), execute(7), FLUSH)
    await wire.hears('portalSuspended')
    expect(drill.gateway.openTransactions).toBe(1)
    wire.send(execute(7), execute(7), SYNC)
    await wire.hears('readyForQuery')
    expect(drill.gateway.takeTraffic()).toMatchObject({ statements: 3, rows: 20 })
  })

  it('with several portals at once keeps their texts apart', async () => {
    wire.send(
      parse('select 1 from queue_job limit 1', 'one'),
      parse('select 2 from queue_job limit 2', 'two'),
      bind('one', 'a'),
      bind('two', 'b'),
      execute(0, 'b'),
      execute(0, 'a'),
      SYNC,
    )
    await wire.hears('readyForQuery')
    expect(drill.gateway.takeTraffic().texts.map(({ text, tag }) => [text, tag])).toEqual([
      ['select 2 from queue_job limit 2', 'SELECT 2'],
      ['select 1 from queue_job limit 1', 'SELECT 1'],
    ])
  })

  it('commits at the Sync, and an error that shows only there is told', async () => {
    wire.send(
      query(`create table mine (id int unique deferrable initially deferred)`),
      extended('insert into mine values (1), (1)'),
      SYNC,
    )
    await wire.hears('readyForQuery', 2)
    expect(noted()).toEqual(['CREATE TABLE', 'INSERT 0 2', '23505'])
  })
})

it('a function call of the old kind is an answer like any other', async () => {
  const call = Buffer.alloc(4 + 2 + 2 + 2)
  // 1299 = now(): no argument formats, no arguments, result as text.
  call.writeInt32BE(1299)
  wire.send(message('F', call), query('select 1'))
  await wire.hears('readyForQuery', 2)
  const { texts, statements } = drill.gateway.takeTraffic()
  expect(texts.map(({ text }) => text)).toEqual(['-- function call', 'select 1'])
  expect(statements).toBe(2)
})

it('an empty query is no statement', async () => {
  wire.send(query(''), extended(''), SYNC)
  await wire.hears('readyForQuery', 2)
  expect(drill.gateway.takeTraffic().statements).toBe(0)
})
