/** What a drill opens is open to this machine only, and its token stands in no process list. */
import { readdir, readFile, readlink } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ControlledDrill, type DrillServer, openDrillServer } from './controlled-drill.ts'

let server: DrillServer
let drill: ControlledDrill

beforeAll(async () => {
  server = await openDrillServer()
  drill = await server.drill()
})
afterAll(async () => {
  await drill?.[Symbol.asyncDispose]()
  await server?.[Symbol.asyncDispose]()
})

/** Empty for a process that has gone, or is not ours to look at. */
async function quietly<Value>(read: Promise<Value>, otherwise: Value): Promise<Value> {
  return read.catch(() => otherwise)
}

/** This process and what it has started, at any depth. */
async function ourProcesses(): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const parents = new Map<number, number>()
  for (const pid of pids) {
    const stat = await quietly(readFile(`/proc/${pid}/stat`, 'utf8'), '')
    const [, parent] = /\) \S (\d+) /.exec(stat) ?? []
    parents.set(pid, Number(parent))
  }
  const isOurs = (pid: number | undefined): boolean =>
    pid === process.pid || (pid !== undefined && pid > 1 && isOurs(parents.get(pid)))
  return pids.filter(isOurs)
}

/** Inodes of the sockets that the processes hold. */
async function socketsOf(pids: readonly number[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  for (const pid of pids) {
    for (const descriptor of await quietly(readdir(`/proc/${pid}/fd`), [])) {
      const target = await quietly(readlink(`/proc/${pid}/fd/${descriptor}`), '')
      const [, inode] = /^socket:\[(\d+)\]$/.exec(target) ?? []
      if (inode !== undefined) found.add(inode)
    }
  }
  return found
}

interface Listener {
  readonly address: string
  readonly port: number
}

/** As the kernel lists them: addresses in hexadecimal digits, turned around word by word. */
async function listeners(sockets: ReadonlySet<string>): Promise<readonly Listener[]> {
  const found: Listener[] = []
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = await quietly(readFile(file, 'utf8'), '')
    for (const line of text.trim().split('\n').slice(1)) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/)
      const [address, port] = local!.split(':')
      // 0A: it listens.
      if (state === '0A' && sockets.has(inode!)) {
        found.push({ address: address!, port: Number.parseInt(port!, 16) })
      }
    }
  }
  return found
}

const LOOPBACK = [
  '0100007F',
  '00000000000000000000000001000000',
  '0000000000000000FFFF00000100007F',
]

describe.skipIf(process.platform !== 'linux')('a drill', () => {
  it('listens on loopback only: plane, gateway and server', async () => {
    const found = await listeners(await socketsOf(await ourProcesses()))
    const ports = found.map(({ port }) => port)
    expect(ports).toContain(Number(new URL(drill.plane.url).port))
    expect(ports).toContain(drill.engine.port)
    expect(found.filter(({ address }) => !LOOPBACK.includes(address))).toEqual([])
  })

  it('tells its token to no process list', async () => {
    const lists = await Promise.all(
      (await ourProcesses()).map((pid) => quietly(readFile(`/proc/${pid}/cmdline`, 'utf8'), '')),
    )
    expect(lists.filter((list) => list !== '').length).toBeGreaterThan(1)
    expect(lists.filter((list) => list.includes(drill.plane.token))).toEqual([])
  })
})
