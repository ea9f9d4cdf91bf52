import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { random } from '../../src/foundation/random.ts'
import type { Backend } from '../../src/sandbox/backend.ts'
import { closeEverything } from '../../src/sandbox/cleanup.ts'
import { type Binaries, findBinaries } from '../../src/sandbox/embedded/binaries.ts'
import { partialName } from '../../src/sandbox/embedded/cache-directory.ts'
import { startEmbedded } from '../../src/sandbox/embedded/embedded-server.ts'
import { chooseRunAs } from '../../src/sandbox/embedded/run-as.ts'
import { ownerMark } from '../../src/foundation/owner.ts'
import { administratorOf } from './given-server.ts'
import { directoriesOf } from './marks.ts'
import { killMoments } from './kill-moments.ts'

const HARNESS = fileURLToPath(new URL('harness-process.ts', import.meta.url))

let place: string
let cache: string
/** The real ones; `initdb` notes each of its runs in a file. */
let binaries: Binaries
let runs: string

beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), 'queue-drill-test-'))
  chmodSync(place, 0o755)
  runs = join(place, 'runs')
  const real = await findBinaries(chooseRunAs())
  const directory = join(place, 'bin')
  mkdirSync(directory)
  chmodSync(directory, 0o755)
  symlinkSync(join(real.directory, 'postgres'), join(directory, 'postgres'))
  const script = `#!/bin/sh\necho run >>'${runs}'\nexec '${join(real.directory, 'initdb')}' "$@"\n`
  writeFileSync(join(directory, 'initdb'), script)
  chmodSync(join(directory, 'initdb'), 0o755)
  binaries = { ...real, directory }
})

afterAll(() => rmSync(place, { recursive: true, force: true }))

beforeEach(() => {
  cache = join(place, `cache-${Math.random().toString(36).slice(2)}`)
  writeFileSync(runs, '')
  chmodSync(runs, 0o666)
})

afterEach(() => rmSync(cache, { recursive: true, force: true }))

const start = (caches = [cache]) => startEmbedded({ binaries, cacheDirectories: caches })

async function startAndStop(caches = [cache]): Promise<void> {
  const backend = await start(caches)
  await answers(backend)
  await backend[Symbol.asyncDispose]()
}

async function answers(backend: Backend): Promise<void> {
  const client = await administratorOf(backend)
  const { rows } = await client.query<{ databases: number }>(
    'select count(*)::int4 as databases from pg_database',
  )
  await client.end()
  expect(rows).toEqual([{ databases: 3 }])
}

const initdbRuns = () => readFileSync(runs, 'utf8').split('\n').length - 1
const archiveIn = (directory: string) => {
  const names = readdirSync(directory)
  expect(names).toEqual([expect.stringMatching(/^cluster-\d+\.\d+-[0-9a-f]{16}\.tar$/)])
  return join(directory, names[0]!)
}

describe('the cluster of a new server', () => {
  it('is made once and unpacked from then on', async () => {
    for (let starts = 0; starts < 3; starts++) await startAndStop()
    expect(initdbRuns()).toBe(1)
    archiveIn(cache)
  })

  it('is made by several first starts at once, and one whole archive remains', async () => {
    const backends = await Promise.all([start(), start(), start()])
    for (const backend of backends) await answers(backend)
    await Promise.all(backends.map((backend) => backend[Symbol.asyncDispose]()))
    archiveIn(cache)
    const before = initdbRuns()
    await startAndStop()
    expect(initdbRuns()).toBe(before)
  })

  it('has a password of its own in every server, and none in the archive', async () => {
    const first = await start()
    const second = await start()
    expect(initdbRuns()).toBe(1)
    const swapped = { ...second, login: { ...second.login, password: first.login.password } }
    await expect(administratorOf(swapped)).rejects.toMatchObject({ code: '28P01' })
    const client = await administratorOf(second)
    const { rows } = await client.query<{ address: string | null; method: string; user: string }>(
      `select address, auth_method as method, user_name[1] as user from pg_hba_file_rules order by rule_number`,
    )
    expect(rows).toEqual([
      { address: null, method: 'scram-sha-256', user: 'all' },
      { address: '127.0.0.1', method: 'scram-sha-256', user: 'all' },
    ])
    await client.end()
    await Promise.all([first, second].map((each) => each[Symbol.asyncDispose]()))
    const archive = archiveIn(cache)
    expect(readFileSync(archive).includes('SCRAM-SHA-256$')).toBe(false)
    const access = execFileSync('tar', ['-xOf', archive, 'data/pg_hba.conf'], { encoding: 'utf8' })
    const methods = [...access.matchAll(/^(?!#)\S.* (\S+)$/gm)].map(([, method]) => method)
    expect(new Set(methods)).toEqual(new Set(['reject']))
  })

  it('is made anew for binaries that changed', async () => {
    await startAndStop()
    utimesSync(join(binaries.directory, 'initdb'), 1e9, 1e9)
    await startAndStop()
    expect(initdbRuns()).toBe(2)
    expect(readdirSync(cache)).toHaveLength(2)
  })
})

describe('an archive', () => {
  let whole: Buffer
  let name: string
  beforeAll(async () => {
    cache = join(place, 'cache-of-archive')
    await startAndStop()
    name = basename(archiveIn(cache))
    whole = readFileSync(join(cache, name))
    rmSync(cache, { recursive: true })
  })

  /** In a cache of its own. */
  function archiveOf(content: Buffer): string {
    mkdirSync(cache)
    chmodSync(cache, 0o755)
    writeFileSync(join(cache, name), content, { mode: 0o600 })
    return join(cache, name)
  }

  it.each([
    ['of no bytes', () => 0],
    ['cut in the middle of a file', () => Math.floor(whole.length / 2)],
    ['that lacks its last file only', () => whole.lastIndexOf('whole\0')],
  ])('%s is not used, nor in the way of the next', async (_, length) => {
    const archive = archiveOf(whole.subarray(0, length()))
    await startAndStop()
    expect(initdbRuns()).toBe(1)
    expect(existsSync(archive)).toBe(false)
  })

  it('that unpacks and does not start is removed, and the server starts without', async () => {
    const archive = archiveOf(Buffer.alloc(0))
    const source = join(place, 'wrong')
    mkdirSync(join(source, 'data'), { recursive: true, mode: 0o700 })
    writeFileSync(join(source, 'data/PG_VERSION'), '18\n')
    writeFileSync(join(source, 'whole'), '')
    execFileSync('tar', ['-cf', archive, '-C', source, 'data', 'whole'])
    await startAndStop()
    expect(initdbRuns()).toBe(1)
    expect(existsSync(archive)).toBe(false)
  })

  it('that others may have written is not used', async () => {
    chmodSync(archiveOf(whole), 0o666)
    await startAndStop()
    expect(initdbRuns()).toBe(1)
    expect(statSync(archiveIn(cache)).mode & 0o777).toBe(0o600)
  })

  it('takes the place of the one that has not been used for longest, beyond eight', async () => {
    mkdirSync(cache)
    chmodSync(cache, 0o755)
    for (let age = 1; age <= 9; age++) {
      const other = join(cache, `cluster-18.0-${String(age).repeat(16)}.tar`)
      writeFileSync(other, '')
      utimesSync(other, 1e9 - age, 1e9 - age)
    }
    await startAndStop()
    const kept = readdirSync(cache).filter((name) => name.startsWith('cluster-18.0-'))
    expect(kept.map((name) => name.at(-5))).toEqual(['1', '2', '3', '4', '5', '6', '7'])
    expect(readdirSync(cache)).toHaveLength(8)
  })
})

describe('a cache directory', () => {
  it('that cannot be had is done without, and without a word', async () => {
    const file = join(place, 'file')
    writeFileSync(file, '')
    const open = join(place, 'open')
    mkdirSync(open)
    chmodSync(open, 0o777)
    for (const unusable of [join(file, 'below'), file, open]) {
      await startAndStop([unusable])
    }
    expect(initdbRuns()).toBe(3)
    expect(readdirSync(open)).toEqual([])
  })

  it('is cleared of what a killed harness left half-made, not of what a living one makes', async () => {
    const gone = spawn(process.execPath, ['-e', '0'])
    const [boot, namespace] = ownerMark().split('-')
    const dead = `cluster-x.tar.abcdef.${boot}-${namespace}-${gone.pid!.toString(36)}-0.partial`
    await once(gone, 'exit')
    mkdirSync(cache)
    chmodSync(cache, 0o755)
    const living = partialName('cluster-y.tar')
    for (const name of [dead, living]) writeFileSync(join(cache, name), '')
    await startAndStop()
    expect(readdirSync(cache)).not.toContain(dead)
    expect(readdirSync(cache)).toContain(living)
  })

  it('is left clean when everything is closed while the first cluster is being made', async () => {
    const starting = Promise.allSettled([start()])
    for (let tries = 0; tries < 1000 && initdbRuns() === 0; tries++) await delay(5)
    await closeEverything()
    await starting
    expect(readdirSync(cache).filter((name) => name.endsWith('.partial'))).toEqual([])
    expect(directoriesOf()).toEqual([])
  })

  const moments = Array.from({ length: Math.ceil(killMoments() / 5) }, (_, index) =>
    random('server-cluster', index).int(0, 900),
  )
  it.each(moments)(
    'of a harness killed %i ms after it began to make the first cluster holds one whole archive after the next start',
    async (afterMs) => {
      const harness = spawn(process.execPath, ['--import', 'tsx', HARNESS, 'embedded'], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, QUEUE_DRILL_CACHE: cache },
      })
      let mark = ''
      for await (const line of createInterface({ input: harness.stdout })) {
        mark = line
        break
      }
      for (let tries = 0; tries < 1000 && directoriesOf(mark).length === 0; tries++) await delay(5)
      await delay(afterMs)
      harness.kill('SIGKILL')
      await once(harness, 'exit')
      const real = { cacheDirectories: [cache] }
      await (await startEmbedded(real))[Symbol.asyncDispose]()
      const archive = archiveIn(cache)
      const made = statSync(archive).ino
      await (await startEmbedded(real))[Symbol.asyncDispose]()
      expect(statSync(archiveIn(cache)).ino).toBe(made)
      for (let tries = 0; tries < 300 && directoriesOf(mark).length > 0; tries++) await delay(50)
      expect(directoriesOf(mark)).toEqual([])
    },
    120_000,
  )
})
