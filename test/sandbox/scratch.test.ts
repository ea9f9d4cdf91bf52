/** A scratch database: there for one piece of work, on every backend, and gone whatever becomes of the work. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Server } from '../../src/sandbox/sandbox.ts'
import { openServer } from '../../src/sandbox/server.ts'
import { type Arm, armTitle, ARMS } from './server-arms.ts'

/** What a version or a superuser changes is tested with the templates. */
const KINDS = ['embedded', 'container', 'url, createdb and createrole']

for (const definition of ARMS.filter(({ name }) => KINDS.includes(name))) {
  describe.skipIf(definition.missing !== null)(`sandbox: ${armTitle(definition)}`, () => {
    let arm: Arm
    let server: Server

    beforeAll(async () => {
      arm = await definition.open()
      server = await openServer(arm.choice)
    }, 120_000)

    afterAll(async () => {
      await server?.[Symbol.asyncDispose]()
      await arm?.[Symbol.asyncDispose]()
    })

    /** Databases and roles of ours on the server, seen by somebody who is in a scratch database of his own. */
    const ours = () =>
      server.scratch(async (client) => {
        const { rows } = await client.query<{ name: string }>(
          `select datname as name from pg_database
            where datname like 'queue\\_drill\\_%' and datname <> current_database()
           union all
           select rolname from pg_roles
            where rolname like 'queue\\_drill\\_%' and rolname not in (current_user, 'queue_drill')`,
        )
        return rows.map(({ name }) => name)
      })

    it('is an empty database of its own, whose owner may do what he likes, and what is returned comes back', async () => {
      const seen = await server.scratch(async (client) => {
        await client.query('create table secrets as select 42::int4 as secret')
        const { rows } = await client.query<{ secret: number; name: string }>(
          'select secret, current_database() as name from secrets',
        )
        return rows[0]
      })
      expect(seen).toEqual({ secret: 42, name: expect.stringMatching(/^queue_drill_[0-9a-f]{8}_/) })
      expect(await ours()).toEqual([])
    })

    it('is dropped when the work fails, inside a transaction too', async () => {
      const work = server.scratch(async (client) => {
        await client.query('begin')
        await client.query('create table half (id int4)')
        throw new Error('no more')
      })
      await expect(work).rejects.toThrow('no more')
      expect(await ours()).toEqual([])
    })
  })
}
