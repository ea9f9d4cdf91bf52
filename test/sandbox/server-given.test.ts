import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTables } from '../../src/queue-job/ddl.ts'
import type { Backend } from '../../src/sandbox/backend.ts'
import { Maker } from '../../src/sandbox/maker.ts'
import { openServer } from '../../src/sandbox/server.ts'
import { openProductionServer, type ProductionServer } from './production-server.ts'

let production: ProductionServer
let host: Backend
let administrator: Client

beforeAll(async () => {
  production = await openProductionServer()
  ;({ host, administrator } = production)
}, 120_000)

afterAll(() => production?.[Symbol.asyncDispose]())

const picture = () => production.picture()
const url = (user: string, password: string) => production.url(user, password)

describe('a given server', () => {
  it('is after a drill as it was before', async () => {
    const before = await picture()
    {
      await using server = await openServer(url('builder', 'builder'))
      await using template = await server.template(async (client) => {
        await client.query(createTables())
      })
      await using clone = await template.clone({ timeZone: 'UTC' })
      const engine = new Client({ connectionString: clone.engineUri })
      await engine.connect()
      await engine.query(`insert into queue_job (id, uuid, state) values (1, 'u1', 'pending')`)
      await engine.end()
      expect(await picture()).not.toEqual(before)
    }
    expect(await picture()).toEqual(before)
  })

  it('a living sandbox is left alone by another start', async () => {
    await using server = await openServer(url('builder', 'builder'))
    await using template = await server.template(async (client) => {
      await client.query(createTables())
    })
    await (await openServer(url('builder', 'builder')))[Symbol.asyncDispose]()
    await (await openServer(url('queue_drill', host.login.password!)))[Symbol.asyncDispose]()
    await using clone = await template.clone({ timeZone: 'UTC' })
    expect((await clone.world.query('select from queue_job')).rowCount).toBe(0)
  })

  it('databases and roles that only look like ours are left alone', async () => {
    await administrator.query('create role queue_drill_0123abcd_owner')
    await administrator.query('create database queue_drill_0123abcd_orders owner odoo')
    await administrator.query(
      `comment on database queue_drill_0123abcd_orders is 'queue-drill sandbox 0123abcd: made for one drill, dropped afterwards'`,
    )
    const before = await picture()
    await (await openServer(url('queue_drill', host.login.password!)))[Symbol.asyncDispose]()
    expect(await picture()).toEqual(before)
    await using maker = await Maker.open(host)
    for (const name of ['production', 'queue_drill_0123abcd_orders']) {
      await expect(maker.dropDatabase(name)).rejects.toMatchObject({ code: 'input' })
    }
    for (const name of ['odoo', 'queue_drill_0123abcd_owner']) {
      await expect(maker.dropRoles([name])).rejects.toMatchObject({ code: 'input' })
    }
    expect(await picture()).toEqual(before)
    await administrator.query('drop database queue_drill_0123abcd_orders')
    await administrator.query('drop role queue_drill_0123abcd_owner')
  })

  it.each([
    ['lacks rights', () => url('odoo', 'odoo'), /"odoo" lacks rights.*createrole/, 'input'],
    [
      'does not know the password',
      () => url('builder', 'wrong'),
      /password authentication/,
      'input',
    ],
    ['is not there', () => 'postgresql://me@127.0.0.1:1/postgres', /ECONNREFUSED/, 'harness'],
    ['is named by nonsense', () => 'postgresql://me@host:port/', /cannot be read/, 'input'],
  ])('that %s is refused with a sentence', async (_, choice, message, code) => {
    await expect(openServer(choice())).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    })
  })

  it('a password never stands in an error', async () => {
    const error: unknown = await openServer('postgresql://me:s3cret@host:port/').catch((e) => e)
    expect(String(error)).not.toContain('s3cret')
  })
})
