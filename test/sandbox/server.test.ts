import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createConstraints, createTables } from '../../src/queue-job/ddl.ts'
import { ownerMark } from '../../src/foundation/owner.ts'
import type { Server, Template } from '../../src/sandbox/sandbox.ts'
import { openServer } from '../../src/sandbox/server.ts'
import { type Arm, armTitle, ARMS } from './server-arms.ts'

const JOBS = 500

/** A small queue, loaded as a snapshot is: tables, rows, then keys and indexes. */
async function load(client: Client): Promise<void> {
  await client.query(createTables())
  await client.query(
    `insert into queue_job (id, uuid, state, channel, eta)
     select id, 'uuid-' || id, 'pending', 'root', timestamp '2026-11-02 09:00:00.123456'
       from generate_series(1, ${JOBS}) as id`,
  )
  await client.query(createConstraints())
}

async function engineOf({ engineUri }: { engineUri: string }): Promise<Client> {
  const client = new Client({ connectionString: engineUri })
  await client.connect()
  return client
}

async function one<T>(client: Client, sql: string): Promise<T> {
  const { rows } = await client.query<{ value: T }>(`select (${sql}) as value`)
  return rows[0]!.value
}

for (const definition of ARMS) {
  describe.skipIf(definition.missing !== null)(`sandbox: ${armTitle(definition)}`, () => {
    let arm: Arm
    let server: Server
    let template: Template

    beforeAll(async () => {
      arm = await definition.open()
      server = await openServer(arm.choice)
      template = await server.template(load)
    }, 120_000)

    afterAll(async () => {
      await server?.[Symbol.asyncDispose]()
      await arm?.[Symbol.asyncDispose]()
    })

    it('says where it runs and why', () => {
      expect(server.version).toMatch(/^\d+\.\d+$/)
      expect(server.reason).toContain('--postgres')
    })

    it('a clone has the rows of the template, and what is done to it stays in it', async () => {
      await using first = await template.clone({ timeZone: 'UTC' })
      await using second = await template.clone({ timeZone: 'UTC' })
      await first.world.query('delete from queue_job where id > 10')
      expect(await one(first.world, 'select count(*)::int4 from queue_job')).toBe(10)
      expect(await one(second.world, 'select count(*)::int4 from queue_job')).toBe(JOBS)
    })

    it('the world reads timestamps as they stand, in UTC, by the real clock', async () => {
      await using clone = await template.clone({ timeZone: 'America/New_York' })
      expect(await one(clone.world, 'select eta from queue_job where id = 1')).toBe(
        '2026-11-02 09:00:00.123456',
      )
      expect(await one(clone.world, `select current_setting('timezone')`)).toBe('UTC')
      const real = await one<Date>(clone.world, 'select now()')
      expect(Math.abs(real.getTime() - Date.now())).toBeLessThan(600_000)
    })

    it('every server sorts, formats and plans alike', async () => {
      await using clone = await template.clone({ timeZone: 'UTC' })
      const sorted = `select string_agg(t, '' order by t) from unnest(array['a', 'B', 'ä', '_']) as t`
      expect(await one(clone.world, sorted)).toBe('B_aä')
      const settings = `json_build_object(
        'jit', current_setting('jit'), 'scans', current_setting('synchronize_seqscans'),
        'workers', current_setting('max_parallel_workers_per_gather'),
        'encoding', current_setting('server_encoding'))`
      expect(await one(clone.world, settings)).toEqual({
        jit: 'off',
        scans: 'off',
        workers: '0',
        encoding: 'UTF8',
      })
      const vacuumed = `select bool_and('autovacuum_enabled=off' = any(reloptions))
        from pg_class where relname in ('queue_job', 'queue_job_channel', 'queue_job_function')`
      expect(await one(clone.world, vacuumed)).toBe(true)
    })

    it('the engine logs in through the gateway, in the time zone of the scenario', async () => {
      await using clone = await template.clone({ timeZone: 'America/New_York' })
      const engine = await engineOf(clone)
      expect(await one(engine, 'select count(*)::int4 from queue_job')).toBe(JOBS)
      expect(await one(engine, `select current_setting('timezone')`)).toBe('America/New_York')
      expect(await one(engine, 'select rolsuper from pg_roles where rolname = session_user')).toBe(
        false,
      )
      await engine.end()
    })

    it('the engine of one drill gets into no other database', async () => {
      await using first = await template.clone({ timeZone: 'UTC' })
      await using second = await template.clone({ timeZone: 'UTC' })
      const uri = new URL(first.engineUri)
      uri.port = new URL(second.engineUri).port
      uri.pathname = new URL(second.engineUri).pathname
      await expect(engineOf({ engineUri: uri.href })).rejects.toThrow(/role|database|authentic/i)
      // Nor would the server let it in, were there a way around the gateway.
      const [role, database] = [uri.username, uri.pathname.slice(1)]
      const mayConnect = `select has_database_privilege('${role}', '${database}', 'connect')`
      expect(await one(second.world, mayConnect)).toBe(false)
    })

    it('the template takes no connections, and no name tells anything', async () => {
      await using clone = await template.clone({ timeZone: 'UTC' })
      const { rows } = await clone.world.query<{ datname: string; datallowconn: boolean }>(
        `select datname, datallowconn from pg_database where datname like 'queue%' order by datname`,
      )
      expect(rows.filter(({ datallowconn }) => !datallowconn)).toHaveLength(1)
      for (const { datname } of rows) {
        expect(datname).toMatch(/^queue_drill_[0-9a-f]{8}_[a-z0-9]{6}(_t)?$/)
      }
    })

    it('the world’s writes are not audited, the engine’s are', async () => {
      await using clone = await template.clone({ timeZone: 'UTC' })
      const engine = await engineOf(clone)
      await clone.world.query('update queue_job set priority = 1 where id = 1')
      await engine.query('update queue_job set priority = 2 where id in (2, 3)')
      await engine.end()
      expect(await one(clone.world, 'select count(*)::int4 from drill_audit.touched')).toBe(2)
    })

    it('a load that fails leaves no database and no role', async () => {
      const before = await arm.leftOvers(ownerMark())
      await expect(
        server.template(async (client) => {
          await client.query('create table half (id int4)')
          throw new Error('row 7 is broken')
        }),
      ).rejects.toThrow('row 7 is broken')
      expect(await arm.leftOvers(ownerMark())).toEqual(before)
    })

    it('a clone that is disposed twice, with the engine still connected, is gone', async () => {
      const before = await arm.leftOvers(ownerMark())
      const clone = await template.clone({ timeZone: 'UTC' })
      const engine = await engineOf(clone)
      engine.on('error', () => undefined)
      await engine.query('begin')
      await clone[Symbol.asyncDispose]()
      await clone[Symbol.asyncDispose]()
      await expect(engine.query('select 1')).rejects.toThrow(/Connection|drill is over/i)
      expect(await arm.leftOvers(ownerMark())).toEqual(before)
    })

    it('two servers opened at once, with clones undisposed, leave nothing', async () => {
      const open = async () => {
        const other = await openServer(arm.choice)
        const loaded = await other.template(load)
        await loaded.clone({ timeZone: 'UTC' })
        return other
      }
      const before = await arm.leftOvers(ownerMark())
      const [first, second] = await Promise.all([open(), open()])
      expect((await arm.leftOvers(ownerMark())).length).toBeGreaterThan(before.length)
      await Promise.all([first[Symbol.asyncDispose](), second[Symbol.asyncDispose]()])
      expect(await arm.leftOvers(ownerMark())).toEqual(before)
    }, 120_000)
  })
}
