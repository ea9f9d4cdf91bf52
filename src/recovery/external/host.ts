/**
 * The process of an external engine: loads the module, connects to the database, and performs one check after the
 * other. Everything that an operator would do outside the database goes over the channel to the harness.
 */
import type { Client } from 'pg'
import type { CallName } from '../../control/calls.ts'
import { incidentByCalls } from '../../control/incident-by-calls.ts'
import { messageOf } from '../../foundation/errors.ts'
import type { RecoveryEngine } from '../contract.ts'
import { connectEngine } from '../connection.ts'
import type { FromEngine, ToEngine } from './protocol.ts'
import { startWatchdog } from './watchdog.ts'

class Calls {
  #next = 0
  readonly #open = new Map<
    number,
    { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }
  >()

  call(check: number, name: CallName, request: unknown): Promise<unknown> {
    const call = ++this.#next
    return new Promise((resolve, reject) => {
      this.#open.set(call, { resolve, reject })
      // A parameter that cannot be cloned is told to whoever called.
      send({ type: 'call', call, check, name, request })
    })
  }

  answer(message: Extract<ToEngine, { type: 'answer' | 'refusal' }>): void {
    const open = this.#open.get(message.call)
    this.#open.delete(message.call)
    if (message.type === 'answer') open?.resolve(message.value)
    else open?.reject(new Error(message.message))
  }
}

const calls = new Calls()
let engine: RecoveryEngine | null = null
let database: { readonly client: Client; ended: boolean } | null = null
let uri = ''

process.on('disconnect', () => process.kill(-process.pid, 'SIGKILL'))
process.on('message', (message) => {
  const received = message as ToEngine
  switch (received.type) {
    case 'start':
      void start(received)
      return
    case 'check':
      void check(received)
      return
    default:
      calls.answer(received)
  }
})

function send(message: FromEngine): void {
  process.send!(message)
}

async function start({
  module,
  databaseUri,
  harness,
  memoryMaxMb,
}: Extract<ToEngine, { type: 'start' }>): Promise<void> {
  startWatchdog({ harness, memoryMaxMb })
  try {
    uri = databaseUri
    await connectDatabase()
    const made = await makeEngine((await import(module)) as Readonly<Record<string, unknown>>)
    if (made === null) {
      send({
        type: 'unfit',
        message:
          'it exports no engine: export default, createEngine or engine must be (or return) an object with a name and a function check',
      })
      return
    }
    engine = made
    send({ type: 'ready', name: engine.name })
  } catch (error) {
    send({ type: 'broken', message: messageOf(error) })
  }
}

async function connectDatabase(): Promise<void> {
  const opened = { client: await connectEngine(uri), ended: false }
  // The server's last word comes as an error, the end of the connection a few turns later.
  const ended = () => (opened.ended = true)
  opened.client.on('error', ended)
  opened.client.on('end', ended)
  database = opened
}

/** `export default` or `createEngine` (the engine, or a function that makes it), or `engine`. */
async function makeEngine(
  exported: Readonly<Record<string, unknown>>,
): Promise<RecoveryEngine | null> {
  for (const candidate of [exported['default'], exported['createEngine'], exported['engine']]) {
    const made: unknown =
      typeof candidate === 'function' ? await (candidate as () => unknown)() : candidate
    if (isEngine(made)) return made
  }
  return null
}

function isEngine(value: unknown): value is RecoveryEngine {
  if (typeof value !== 'object' || value === null) return false
  const { name, check } = value as Record<string, unknown>
  return typeof name === 'string' && name !== '' && typeof check === 'function'
}

async function check({
  check,
  now,
  catalogue,
}: Extract<ToEngine, { type: 'check' }>): Promise<void> {
  let end: FromEngine = { type: 'settled', check }
  try {
    // The harness ends a session whose transaction was left open: let its last word be read first.
    await new Promise((turned) => setImmediate(turned))
    if (database!.ended) await connectDatabase()
    await engine!.check(
      incidentByCalls(
        { now: new Date(now), database: database!.client, catalogue },
        (name, request) => calls.call(check, name, request),
      ),
    )
  } catch (error) {
    end = { type: 'threw', check, message: messageOf(error) }
  }
  await Promise.all([written(process.stdout), written(process.stderr)])
  send(end)
}

/** Settled once everything printed so far is on its way: the harness may end this process at its next word. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((done) => stream.write('', () => done()))
}
