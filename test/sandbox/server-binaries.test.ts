import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openSandbox } from '../../src/sandbox/databases.ts'
import {
  findBinaries,
  findPlatformPackage,
  type PlatformPackage,
} from '../../src/sandbox/embedded/binaries.ts'
import { startEmbedded } from '../../src/sandbox/embedded/embedded-server.ts'
import { chooseRunAs } from '../../src/sandbox/embedded/run-as.ts'
import { openServer } from '../../src/sandbox/server.ts'
import { machine15 } from './server-arms.ts'

const runAs = chooseRunAs()
const original = findPlatformPackage()
/** Everybody may enter it, unlike what lies below it. */
let place: string
/** The package as npm leaves it where install scripts are blocked: without its symlinks. */
let bare: PlatformPackage

beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'queue-drill-test-'))
  chmodSync(place, 0o755)
  if (original === null) return
  bare = { ...original, native: join(place, 'bare') }
  cpSync(original.native, bare.native, { recursive: true, verbatimSymlinks: true })
  const links = JSON.parse(readFileSync(join(bare.native, 'pg-symlinks.json'), 'utf8')) as {
    target: string
  }[]
  for (const { target } of links) rmSync(join(bare.native, target.replace('native/', '')))
})

afterAll(() => rmSync(place, { recursive: true, force: true }))

describe.skipIf(original === null)('the binaries of the npm package', () => {
  let cache: string
  beforeEach(() => {
    cache = join(place, `cache-${Math.random().toString(36).slice(2)}`)
  })
  afterEach(() => rmSync(cache, { recursive: true, force: true }))

  it('run where they are when everybody may read them', async () => {
    const binaries = await findBinaries(runAs, { cacheDirectories: [] })
    expect(binaries).toMatchObject({
      origin: 'package',
      version: expect.stringMatching(/^\d+\.\d+$/),
    })
  })

  it('are copied, with their symlinks, where install scripts were blocked', async () => {
    const binaries = await findBinaries(runAs, {
      platformPackage: bare,
      cacheDirectories: [cache],
      machineDirectories: [],
    })
    expect(binaries.origin).toBe('copy')
    const server = await openSandbox(
      await startEmbedded({ binaries, cacheDirectories: [] }),
      'test',
    )
    await server[Symbol.asyncDispose]()
  })

  it.runIf(process.getuid?.() === 0)('are copied where only root may enter', async () => {
    const closed = join(place, 'closed')
    cpSync(original!.native, join(closed, 'native'), { recursive: true, verbatimSymlinks: true })
    execFileSync('chmod', ['-R', 'go=', closed])
    const binaries = await findBinaries(runAs, {
      platformPackage: { ...original!, native: join(closed, 'native') },
      cacheDirectories: [cache],
      machineDirectories: [],
    })
    expect(binaries.origin).toBe('copy')
    const server = await openSandbox(
      await startEmbedded({ binaries, cacheDirectories: [] }),
      'test',
    )
    await server[Symbol.asyncDispose]()
    rmSync(closed, { recursive: true })
  })

  it('several that copy at once end with one whole copy', async () => {
    const program = `
      import { findBinaries } from ${JSON.stringify(join(source, 'embedded/binaries.ts'))}
      import { chooseRunAs } from ${JSON.stringify(join(source, 'embedded/run-as.ts'))}
      const found = await findBinaries(chooseRunAs(), ${JSON.stringify({
        platformPackage: bare,
        cacheDirectories: [cache],
        machineDirectories: [],
      })})
      process.stdout.write(found.origin + '\\n')`
    const command = `for i in 1 2 3; do "$0" --import tsx --input-type=module -e "$1" & done; wait`
    const result = spawnSync('/bin/sh', ['-c', command, process.execPath, program], {
      encoding: 'utf8',
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
    })
    expect(`${result.stdout}${result.stderr}`).toBe('copy\ncopy\ncopy\n')
    expect(readdirSync(cache)).toHaveLength(1)
  })

  it('a cache directory that others may write to is not trusted', async () => {
    mkdirSync(cache)
    chmodSync(cache, 0o777)
    await expect(
      findBinaries(runAs, {
        platformPackage: bare,
        cacheDirectories: [cache],
        machineDirectories: [],
      }),
    ).rejects.toMatchObject({ code: 'harness' })
    expect(readdirSync(cache)).toEqual([])
  })
})

const source = fileURLToPath(new URL('../../src/sandbox', import.meta.url))

describe('without a package for the platform', () => {
  it.skipIf(machine15 === null)('an installed PostgreSQL is taken', async () => {
    const binaries = await findBinaries(runAs, { platformPackage: null })
    expect(binaries.origin).toBe('machine')
    const server = await openSandbox(
      await startEmbedded({ binaries, cacheDirectories: [] }),
      'test',
    )
    expect(server.version).toBe(binaries.version)
    await server[Symbol.asyncDispose]()
  })

  it('and without an installed one, the error says what to do', async () => {
    await expect(
      findBinaries(runAs, { platformPackage: null, machineDirectories: [] }),
    ).rejects.toMatchObject({
      code: 'harness',
      message: expect.stringContaining('--postgres container') as string,
    })
  })
})

describe('the embedded server', () => {
  it('starts under umask 077', async () => {
    const before = process.umask(0o077)
    try {
      await using server = await openServer('embedded')
      expect(server.kind).toBe('embedded')
    } finally {
      process.umask(before)
    }
  })

  it('listens on loopback where the path of a socket would be too long', async () => {
    const long = join(place, 'x'.repeat(100))
    mkdirSync(long, { mode: 0o755 })
    chmodSync(long, 0o1777)
    const backend = await startEmbedded({ places: [long] })
    expect(backend.address.host).toBe('127.0.0.1')
    const server = await openSandbox(backend, 'test')
    await using template = await server.template(async (client) => {
      const { createTables } = await import('../../src/queue-job/ddl.ts')
      await client.query(createTables())
    })
    await using clone = await template.clone({ timeZone: 'UTC' })
    expect(clone.engineUri).toContain('127.0.0.1')
    await server[Symbol.asyncDispose]()
    expect(readdirSync(long)).toEqual([])
  })

  it('goes elsewhere when its user cannot enter the first place', async () => {
    const closed = join(place, 'private')
    mkdirSync(closed, { mode: 0o700 })
    const open = join(place, 'open')
    // Nor may it remove anything from the second, where it owns nothing but its own directory.
    mkdirSync(open)
    chmodSync(open, 0o755)
    const backend = await startEmbedded({ places: [closed, open] })
    const expected = process.getuid?.() === 0 ? open : closed
    expect(backend.address.host.startsWith(expected)).toBe(true)
    await backend[Symbol.asyncDispose]()
    expect([...readdirSync(closed), ...readdirSync(open)]).toEqual([])
  })

  it('says so when there is no place for it', async () => {
    await expect(startEmbedded({ places: [join(place, 'nowhere')] })).rejects.toMatchObject({
      code: 'harness',
    })
    expect(existsSync(join(place, 'nowhere'))).toBe(false)
  })
})
