import { once } from 'node:events'
import { connect, Socket } from 'node:net'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import fc from 'fast-check'
import type { Client, QueryConfig } from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type OpenGateway, startGateway } from '../../../src/sandbox/gateway/gateway.ts'
import { readFirstPacket, startUpPacket } from '../../../src/sandbox/gateway/start-up.ts'
import type { Traffic } from '../../../src/sandbox/sandbox.ts'
import { type Drill, openWorkbench, sqlstateOf, type Workbench } from '../drill-database.ts'
import { findPsql, runPsql } from '../psql.ts'

let workbench: Workbench
let drill: Drill
let engine: Client

beforeAll(async () => {
  workbench = await openWorkbench(20)
  drill = await workbench.drill()
})
afterAll(() => workbench[Symbol.asyncDispose]())
beforeEach(async () => {
  await drill.reset()
  engine = await drill.connect({ application_name: 'test' })
})

/** `text → tag` of everything that passed. */
function brief({ texts }: Traffic): string[] {
  return texts.map(({ text, tag, sqlstate }) => `${text} → ${tag ?? sqlstate ?? 'nothing'}`)
}

function taken(): string[] {
  return brief(drill.gateway.takeTraffic())
}

describe('what passed', () => {
  it('is counted and kept with command tags, once', async () => {
    await engine.query('select id from queue_job')
    await engine.query('update queue_job set retry = 1 where id <= $1', [5])
    await sqlstateOf(engine.query('update queue_job set uuid = 1'))
    await sqlstateOf(engine.query('select 1 / $1::int', [0]))
    await sqlstateOf(engine.query('selec'))
    const traffic = drill.gateway.takeTraffic()
    expect(brief(traffic)).toEqual([
      'select id from queue_job → SELECT 20',
      'update queue_job set retry = 1 where id <= $1 → UPDATE 5',
      'update queue_job set uuid = 1 → 42501',
      'select 1 / $1::int → 22012',
      'selec → 42601',
    ])
    expect(traffic).toMatchObject({
      statements: 5,
      rows: 25,
      errors: { '22012': 1, '42501': 1, '42601': 1 },
    })
    expect(drill.gateway.takeTraffic()).toEqual({ statements: 0, rows: 0, errors: {}, texts: [] })
  })

  it('counts each statement of a text with several', async () => {
    await engine.query(
      'select 1; update queue_job set retry = 1; ; delete from queue_job where id < 3',
    )
    await sqlstateOf(engine.query('select 1; select 1/0; select 2'))
    const traffic = drill.gateway.takeTraffic()
    expect(traffic.texts.map(({ tag }) => tag)).toEqual([
      'SELECT 1; UPDATE 20; DELETE 2',
      'SELECT 1',
    ])
    expect(traffic).toMatchObject({ statements: 5, rows: 24, errors: { '22012': 1 } })
  })

  it('knows prepared statements by their text, also after an error between them', async () => {
    const named = { name: 'mine', text: 'select id from queue_job where id < $1 order by id' }
    await engine.query({ ...named, values: [3] })
    await sqlstateOf(engine.query({ ...named, values: ['x'] }))
    await engine.query({ ...named, values: [5] })
    expect(taken()).toEqual([
      `${named.text} → SELECT 2`,
      `${named.text} → 22P02`,
      `${named.text} → SELECT 4`,
    ])
  })

  it('counts the rows of a cursor that is read in parts', async () => {
    await engine.query('begin; declare c cursor for select * from queue_job')
    await engine.query('fetch 7 from c')
    await engine.query('fetch all from c')
    await engine.query('commit')
    expect(drill.gateway.takeTraffic().rows).toBe(20)
    // The extended protocol's own cursor: Execute with a limit, until CommandComplete.
    await engine.query({ text: 'select id from queue_job', rows: 6 } as QueryConfig)
    expect(drill.gateway.takeTraffic()).toMatchObject({ rows: 20, statements: 4 })
  })

  it('sees COPY in both directions, and copy data that is no message', async () => {
    const rows = Array.from({ length: 5000 }, (_, i) => `${1000 + i}\tuuid\tpending\n`)
    const into = engine.query(copyFrom('copy queue_job (id, uuid, state) from stdin'))
    await pipeline(Readable.from([rows.join('')]), into)
    const lines: Buffer[] = []
    const out = engine.query(copyTo('copy (select id from queue_job order by id) to stdout'))
    await pipeline(
      out,
      new Writable({ write: (chunk, _, done) => (lines.push(chunk as Buffer), done()) }),
    )
    expect(Buffer.concat(lines).toString().split('\n').length).toBe(5021)
    const failing = engine.query(copyFrom('copy queue_job (id, uuid, state) from stdin'))
    expect(await sqlstateOf(pipeline(Readable.from(['x\ty\tz\n']), failing))).toBe('22P02')
    await engine.query('select 1')
    const traffic = drill.gateway.takeTraffic()
    expect(traffic.texts.map(({ tag, sqlstate }) => tag ?? sqlstate)).toEqual([
      'COPY 5000',
      'COPY 5020',
      '22P02',
      'SELECT 1',
    ])
    expect(drill.gateway.openTransactions).toBe(0)
  })

  it('keeps the beginning of a text of megabytes, and lets all of it pass', async () => {
    const text = `select length('${'x'.repeat(3_000_000)}')`
    expect((await engine.query(text)).rows).toEqual([{ length: 3_000_000 }])
    const [noted] = drill.gateway.takeTraffic().texts
    expect(noted!.text.length).toBe(65_537)
    expect(noted!.text.endsWith('x…')).toBe(true)
  })

  it('delivers notifications', async () => {
    const heard = once(engine, 'notification')
    await engine.query('listen queue_job')
    const other = await drill.connect()
    await other.query('update queue_job set retry = 1 where id = 1')
    const [message] = (await heard) as [{ payload: string }]
    expect(message.payload).toBe('uuid-1')
  })

  it('tells what a session calls itself, and that it changes its name', async () => {
    const { rows } = await engine.query<{ pid: number }>('select pg_backend_pid() as pid')
    const { pid } = rows[0]!
    expect(drill.gateway.sessions).toEqual([{ pid, applicationName: 'test', inTransaction: false }])
    await engine.query(`set application_name = 'odoocli'; begin`)
    expect(drill.gateway.sessions).toEqual([
      { pid, applicationName: 'odoocli', inTransaction: true },
    ])
  })
})

describe('a stream of chunks', () => {
  /** A socket that sends what it is given in pieces of these lengths, over and over. */
  class PiecewiseSocket extends Socket {
    readonly #lengths: readonly number[]
    #next = 0

    constructor(lengths: readonly number[]) {
      super()
      this.#lengths = lengths
    }

    override write(chunk: string | Uint8Array, ...rest: unknown[]): boolean {
      const bytes = Buffer.from(chunk as Uint8Array)
      for (let sent = 0; sent < bytes.length;) {
        const length = this.#lengths[this.#next++ % this.#lengths.length]!
        super.write(bytes.subarray(sent, sent + length))
        sent += length
      }
      return super.write(Buffer.alloc(0), ...(rest as []))
    }
  }

  it('gives the same results and the same record however it is cut', async () => {
    const session = async (lengths: readonly number[]) => {
      const client = await drill.connect({
        stream: () => new PiecewiseSocket(lengths).setNoDelay(true),
      })
      drill.gateway.takeTraffic()
      const results = [
        await client.query('select id, uuid from queue_job where id < $1 order by id', [9]),
        await client.query({ name: 'a', text: 'select repeat($1, 20000) as long', values: ['ab'] }),
      ].map(({ rows }) => rows as unknown[])
      await client.query('begin; update queue_job set retry = 3')
      const failed = await sqlstateOf(client.query('select $1::int', ['x']))
      const inside = drill.gateway.openTransactions
      await client.query('rollback')
      const copy = client.query(copyFrom('copy queue_job (id, uuid, state) from stdin'))
      const failedCopy = await sqlstateOf(pipeline(Readable.from(['77\tb\tpending\n', 'x']), copy))
      await client.end()
      return { results, failed, inside, failedCopy, traffic: drill.gateway.takeTraffic() }
    }
    const whole = await session([1_000_000])
    expect(whole.traffic.texts).toHaveLength(6)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), async (cut) => {
        expect(await session(cut)).toEqual(whole)
      }),
      { numRuns: 15 },
    )
  })
})

describe('a cancel request', () => {
  it('reaches the server and stops the statement of its session only', async () => {
    const other = await drill.connect()
    const running = sqlstateOf(engine.query('select pg_catalog.pg_sleep(60)'))
    const otherRunning = other.query('select pg_catalog.pg_sleep(0.5), 1 as one')
    const { processID, secretKey } = engine as unknown as { processID: number; secretKey: number }
    const packet = Buffer.alloc(16)
    for (const [index, word] of [16, 80877102, processID, secretKey].entries()) {
      packet.writeInt32BE(word, index * 4)
    }
    // The statement must have begun: its session is at work once the gateway has seen the text.
    while (drill.gateway.openTransactions < 2) await new Promise((done) => setTimeout(done, 5))
    const socket = connect(drill.gateway.port, '127.0.0.1')
    socket.resume().end(packet)
    await once(socket, 'close')
    expect(await running).toBe('57014')
    expect((await otherRunning).rows[0]).toMatchObject({ one: 1 })
  })
})

describe('open transactions', () => {
  it('are counted while they last, failed ones too', async () => {
    const { gateway } = drill
    expect(gateway.openTransactions).toBe(0)
    await engine.query('begin')
    const other = await drill.connect()
    await other.query('begin')
    await sqlstateOf(other.query('select 1/0'))
    expect(gateway.openTransactions).toBe(2)
    await other.query('rollback')
    await engine.query('commit')
    expect(gateway.openTransactions).toBe(0)
    expect(await gateway.endOpenTransactions()).toBe(0)
    expect((await engine.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  it('that failed are open, a statement that failed alone is not, at the moment of the error', async () => {
    const other = await drill.connect()
    const errors = [
      sqlstateOf(engine.query('begin; select 1/0')),
      sqlstateOf(other.query('select 1/0')),
      sqlstateOf((await drill.connect()).query('select 1/$1::int', [0])),
    ]
    expect(await Promise.all(errors)).toEqual(['22012', '22012', '22012'])
    expect(drill.gateway.openTransactions).toBeLessThan(2)
    expect(await drill.gateway.endOpenTransactions()).toBe(1)
    expect((await other.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  it('are rolled back when they are ended; other sessions stay', async () => {
    const other = await drill.connect()
    await engine.query('begin; update queue_job set retry = 9')
    expect(await drill.gateway.endOpenTransactions()).toBe(1)
    // Would wait for the lock, had the server not let go of it.
    await other.query(`set lock_timeout = '1s'; update queue_job set retry = 1 where id = 1`)
    const retries = await other.query('select distinct retry from queue_job order by retry')
    expect(retries.rows).toEqual([{ retry: 0 }, { retry: 1 }])
    expect(await sqlstateOf(engine.query('select 1'))).not.toBe(null)
    expect(drill.gateway.openTransactions).toBe(0)
  })

  it('are ended while a statement runs, also one that catches the cancel', async () => {
    const stubborn = sqlstateOf(
      engine.query(`do $$ begin
        for round in 1 .. 3 loop
          begin perform pg_catalog.pg_sleep(60);
          exception when query_canceled then null; end;
        end loop; end $$`),
    )
    while (drill.gateway.openTransactions < 1) await new Promise((done) => setTimeout(done, 5))
    expect(await drill.gateway.endOpenTransactions()).toBe(1)
    expect(await stubborn).not.toBe(null)
    const left = await drill.world.query(
      `select count(*)::int as sessions from pg_stat_activity
        where datname = current_database() and usename <> session_user`,
    )
    expect(left.rows).toEqual([{ sessions: 0 }])
  })

  it('are ended when their client has vanished in the middle of a statement', async () => {
    const running = sqlstateOf(
      engine.query('update queue_job set retry = 9; select pg_catalog.pg_sleep(60)'),
    )
    while (drill.gateway.openTransactions < 1) await new Promise((done) => setTimeout(done, 5))
    ;(engine as unknown as { connection: { stream: Socket } }).connection.stream.destroy()
    expect(await running).not.toBe(null)
    expect(drill.gateway.openTransactions).toBe(1)
    expect(await drill.gateway.endOpenTransactions()).toBe(1)
    const changed = await drill.world.query('select id from queue_job where retry = 9')
    expect(changed.rows).toEqual([])
  })

  it('are seen in a pipeline that was never synced', async () => {
    const { connection } = engine as unknown as {
      connection: {
        parse(o: object): void
        bind(o: object): void
        execute(o: object): void
        flush(): void
      } & NodeJS.EventEmitter
    }
    const done = once(connection, 'commandComplete')
    connection.parse({ text: 'update queue_job set retry = 9' })
    connection.bind({})
    connection.execute({})
    connection.flush()
    await done
    expect(drill.gateway.openTransactions).toBe(1)
    expect(await drill.gateway.endOpenTransactions()).toBe(1)
    const changed = await drill.world.query('select id from queue_job where retry = 9')
    expect(changed.rows).toEqual([])
  })
})

describe('a client that is none', () => {
  async function answerTo(bytes: Buffer | string): Promise<string> {
    const socket = connect(drill.gateway.port, '127.0.0.1')
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.write(bytes)
    await once(socket, 'close')
    return Buffer.concat(chunks).toString('latin1')
  }
  const startUp = (parameters: Record<string, string>) =>
    startUpPacket(196_608, Object.entries(parameters), {})

  it.each([
    ['HTTP', 'GET / HTTP/1.1\r\n\r\n', '08P01'],
    ['zeros', Buffer.alloc(100), '08P01'],
    ['another database', startUp({ user: 'postgres', database: 'postgres' }), '28000'],
    ['another role', startUp({ user: 'postgres' }), '28000'],
  ])('is told so once and closed: %s', async (_, bytes, sqlstate) => {
    const answer = await answerTo(bytes)
    expect(answer).toContain(`C${sqlstate}\0`)
    expect(answer.match(/SFATAL/g)).toHaveLength(1)
  })

  it('is closed by the server when it sends garbage after a good start', async () => {
    const user = new URL(drill.engineUri).username
    const good = startUp({ user })
    expect(await answerTo(Buffer.concat([good, Buffer.alloc(50)]))).toMatch(/SFATAL/)
    expect(await answerTo(Buffer.concat([good, Buffer.from('p\0\0\0\x02')]))).toMatch(/SFATAL/)
  })

  it('is refused encryption and may go on without', async () => {
    const socket = connect(drill.gateway.port, '127.0.0.1')
    for (const code of [80877103, 80877104]) {
      const request = Buffer.alloc(8)
      request.writeInt32BE(8, 0)
      request.writeInt32BE(code, 4)
      socket.write(request.subarray(0, 5))
      socket.write(request.subarray(5))
      const [answer] = (await once(socket, 'data')) as [Buffer]
      expect(answer.toString()).toBe('N')
    }
    socket.write(startUp({ user: new URL(drill.engineUri).username }))
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(String.fromCharCode(answer[0]!)).toBe('R')
    socket.destroy()
  })

  it('leaves no session behind when it vanishes at any point of its start', async () => {
    const whole = startUp({ user: new URL(drill.engineUri).username })
    for (const length of [0, 1, 8, whole.length - 1, whole.length]) {
      const socket = connect(drill.gateway.port, '127.0.0.1')
      await once(socket, 'connect')
      if (length > 0) socket.write(whole.subarray(0, length))
      socket.resetAndDestroy()
    }
    await engine.query('select 1')
    while (drill.gateway.sessions.length > 1) await new Promise((done) => setTimeout(done, 5))
    expect(drill.gateway.takeTraffic()).toMatchObject({ statements: 1, errors: {} })
  })

  it('with a wrong password is refused by the server', async () => {
    const uri = new URL(drill.engineUri)
    uri.password = 'wrong'
    expect(await sqlstateOf(drill.connect({ connectionString: uri.toString() }))).toBe('28P01')
  })
})

describe('limits', () => {
  /** A gateway that leads to the drill's gateway: a server of ours for settings of ours. */
  async function chained(sessionsMax: number): Promise<OpenGateway> {
    return startGateway({
      target: { host: '127.0.0.1', port: drill.gateway.port },
      database: new URL(drill.engineUri).pathname.slice(1),
      engineSchema: 'workspace',
      timeZone: 'UTC',
      sessionsMax,
    })
  }
  function through(gateway: OpenGateway): { connectionString: string } {
    const uri = new URL(drill.engineUri)
    uri.port = String(gateway.port)
    return { connectionString: uri.toString() }
  }

  it('more sessions than admitted are refused; a place that is free again is given', async () => {
    await using gateway = await chained(2)
    const first = await drill.connect(through(gateway))
    await drill.connect(through(gateway))
    expect(await sqlstateOf(drill.connect(through(gateway)))).toBe('53300')
    await first.end()
    while (gateway.sessions.length > 1) await new Promise((done) => setTimeout(done, 5))
    const third = await drill.connect(through(gateway))
    expect((await third.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  it('a reader that stands still holds the server back instead of filling memory', async () => {
    await using gateway = await chained(2)
    const client = await drill.connect(through(gateway))
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection
    const before = process.memoryUsage().rss
    const result = client.query(
      copyTo(`copy (select repeat('x', 10000) from generate_series(1, 12000)) to stdout`),
    )
    stream.pause()
    await new Promise((done) => setTimeout(done, 500))
    const grown = process.memoryUsage().rss - before
    expect(grown).toBeLessThan(60_000_000)
    let bytes = 0
    stream.resume()
    await pipeline(
      result,
      new Writable({ write: (chunk: Buffer, _, done) => ((bytes += chunk.length), done()) }),
    )
    expect(bytes).toBe(12_000 * 10_001)
  })

  it('closing ends every session, whatever it does, and frees the port', async () => {
    const gateway = await chained(5)
    const idle = await drill.connect(through(gateway))
    const busy = await drill.connect(through(gateway))
    const running = sqlstateOf(busy.query('select pg_catalog.pg_sleep(60)'))
    const silent = connect(gateway.port, '127.0.0.1')
    await once(silent, 'connect')
    while (gateway.openTransactions < 1) await new Promise((done) => setTimeout(done, 5))
    const closed = once(silent, 'close')
    silent.resume()
    await gateway[Symbol.asyncDispose]()
    await gateway[Symbol.asyncDispose]()
    await closed
    expect(await running).not.toBe(null)
    expect(await sqlstateOf(idle.query('select 1'))).not.toBe(null)
    const again = connect(gateway.port, '127.0.0.1')
    await expect(once(again, 'connect')).rejects.toThrow('ECONNREFUSED')
  })

  it('a server that is not there is told to the client in one error', async () => {
    await using gateway = await startGateway({
      target: { socketPath: '/nowhere/.s.PGSQL.1' },
      database: 'a',
      engineSchema: 'b',
      timeZone: 'UTC',
    })
    const uri = `postgres://someone:secret@127.0.0.1:${gateway.port}/a`
    expect(await sqlstateOf(drill.connect({ connectionString: uri }))).toBe('08006')
  })
})

describe.skipIf(findPsql() === null)('psql', () => {
  it('works through the gateway: meta commands, variables, COPY, errors, several statements', async () => {
    const input = [
      '\\set ON_ERROR_STOP 0',
      '\\d queue_job',
      '\\copy (select id from queue_job where id < 3) to stdout',
      'copy queue_job (id, uuid, state) from stdin;\n900\ta\tpending\n\\.',
      'select 1/0;',
      '\\set FETCH_COUNT 5',
      'select id from queue_job order by id limit 11;',
      'begin; update queue_job set retry = 4; commit;',
    ].join('\n')
    const { status, stdout, stderr } = await runPsql(drill.engineUri, ['-At'], { input })
    expect(status).toBe(0)
    expect(stderr).toMatch(/^ERROR: {2}division by zero/)
    expect(stdout).toContain('id|integer||not null|')
    const traffic = drill.gateway.takeTraffic()
    expect(traffic.errors).toEqual({ '22012': 1 })
    const tags = traffic.texts.map(({ tag }) => tag)
    for (const tag of ['COPY 2', 'COPY 1', 'FETCH 5', 'UPDATE 21']) expect(tags).toContain(tag)
    expect(drill.gateway.openTransactions).toBe(0)
  })

  it('brings its own zone and path in vain', async () => {
    const { stdout } = await runPsql(
      drill.engineUri,
      ['-Atc', 'show timezone', '-c', 'show search_path'],
      {
        environment: { PGTZ: 'Asia/Tokyo', PGOPTIONS: '-c search_path=public' },
      },
    )
    expect(stdout).toBe('UTC\n"workspace", drill_clock, pg_catalog, public\n')
  })

  it('may ask for encryption if it can do without', async () => {
    const prefer = await runPsql(`${drill.engineUri}?sslmode=prefer`, ['-Atc', 'select 1'])
    expect(prefer.stdout).toBe('1\n')
    const required = await runPsql(`${drill.engineUri}?sslmode=require`, ['-Atc', 'select 1'])
    expect(required.status).toBe(2)
    expect(required.stderr).toContain('server does not support SSL')
  })
})

it('reads a start-up packet byte by byte', async () => {
  const packet = startUpPacket(196_608, [['user', new URL(drill.engineUri).username]], {})
  expect(readFirstPacket(packet).kind).toBe('start-up')
  const socket = connect(drill.gateway.port, '127.0.0.1').setNoDelay(true)
  for (const byte of packet) socket.write(Buffer.from([byte]))
  const [answer] = (await once(socket, 'data')) as [Buffer]
  expect(String.fromCharCode(answer[0]!)).toBe('R')
  socket.destroy()
})
