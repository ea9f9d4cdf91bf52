/** A drill on somebody's server, beside Odoo's own role and database. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openProductionServer, type ProductionServer } from '../sandbox/production-server.ts'
import { Place } from './drill-process.ts'

let place: Place
let production: ProductionServer

beforeAll(async () => {
  place = await Place.open()
  production = await openProductionServer()
}, 120_000)
afterAll(async () => {
  await production?.[Symbol.asyncDispose]()
  await place[Symbol.asyncDispose]()
})

const drill = (url: string, out: string) => {
  const run = ['--engine', 'runbook', '--snapshot', 'company-25k', '--duration', '30m']
  return place.start(['run', 'dead-webhook', '--postgres', url, ...run, '--out', out])
}

describe('a server with a role "odoo" and a database with a queue', () => {
  it.each(['builder', 'superuser'])('is as it was before after a drill of a %s', async (who) => {
    const { login } = production.host
    const url =
      who === 'builder'
        ? production.url('builder', 'builder')
        : production.url(login.user, login.password ?? '')
    const before = await production.picture()
    const process = drill(url, who)
    await process.underWay()
    // Something of ours is there meanwhile, or this test would show nothing.
    expect(await production.picture()).not.toEqual(before)
    expect((await process.ended).stderr).toBe('')
    expect(await production.picture()).toEqual(before)
    expect(await process.traces()).toEqual([])
    const { drill: subject, actions } = await place.report(who, 'dead-webhook')
    expect(subject.postgres.kind).toBe('url')
    expect(actions.map(({ kind }) => kind)).toContain('write')
  })

  it('that ends the connection which makes databases is one message and exit status 3', async () => {
    const before = await production.picture()
    const { login } = production.host
    const process = drill(production.url(login.user, login.password ?? ''), 'cut')
    await process.underWay()
    const { rowCount } = await production.administrator.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = 'postgres' and application_name = 'queue-drill'`,
    )
    expect(rowCount).toBe(1)
    const { status, stderr } = await process.ended
    expect(stderr).toMatch(/^queue-drill: .*while it was in use.*\n$/)
    expect(status).toBe(3)
    // Without that connection nothing could be dropped: the next start does it.
    const { stderr: next } = await drill(production.url(login.user, login.password ?? ''), 'next')
      .ended
    expect(next).toBe('')
    expect(await production.picture()).toEqual(before)
  })

  it('is not touched by a role that may not create roles: exit status 2', async () => {
    const before = await production.picture()
    const { status, stdout, stderr } = await drill(production.url('odoo', 'odoo'), 'odoo').ended
    expect(stderr).toMatch(/^queue-drill: .*"odoo" lacks rights.*\n$/)
    expect(status).toBe(2)
    expect(stdout).not.toContain('odoo')
    expect(await production.picture()).toEqual(before)
  })
})
