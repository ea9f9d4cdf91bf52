/**
 * A harness that the tests kill: opens a server (first argument), loads a template, makes a clone, and stays. Each
 * stage is a line on stdout; the first is the mark by which its things are known.
 */
import { createTables } from '../../src/queue-job/ddl.ts'
import { ownerMark } from '../../src/foundation/owner.ts'
import { openServer } from '../../src/sandbox/server.ts'

const say = (line: string) => process.stdout.write(`${line}\n`)

say(ownerMark())
const server = await openServer(process.argv[2]!)
say('open')
const template = await server.template(async (client) => {
  await client.query(createTables())
  say('loading')
  await client.query(
    `insert into queue_job (id, uuid, state)
     select id, 'uuid-' || id, 'pending' from generate_series(1, 50000) as id`,
  )
})
say('template')
const clone = await template.clone({ timeZone: 'UTC' })
say('clone')
await clone.world.query('begin')
await clone.world.query(`update queue_job set state = 'done'`)
say('writing')
// Long enough for every test; a process that nobody kills must not stay for ever.
setTimeout(() => process.exit(1), 120_000)
