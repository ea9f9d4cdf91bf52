import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTables } from '../../src/queue-job/ddl.ts'
import type { Backend } from '../../src/sandbox/backend.ts'
import { startEmbedded } from '../../src/sandbox/embedded/embedded-server.ts'
import { chooseRunAs } from '../../src/sandbox/embedded/run-as.ts'
import { openServer } from '../../src/sandbox/server.ts'
import { administratorOf } from './given-server.ts'

const hasOpenssl = spawnSync('openssl', ['version']).status === 0
const skipped = hasOpenssl ? '' : ' (skipped: no openssl)'

describe.skipIf(!hasOpenssl)(`a given server that insists on TLS${skipped}`, () => {
  let place: string
  let host: Backend

  beforeAll(async () => {
    place = mkdtempSync(join(tmpdir(), 'queue-drill-test-'))
    chmodSync(place, 0o755)
    makeCertificate('server')
    makeCertificate('stranger')
    // A path too long for a socket, so that it listens on a port.
    const long = join(place, 'x'.repeat(100))
    mkdirSync(long)
    chmodSync(long, 0o1777)
    host = await startEmbedded({ places: [long] })
    const administrator = await administratorOf(host)
    const { rows } = await administrator.query<{ hba_file: string }>('show hba_file')
    writeFileSync(rows[0]!.hba_file, 'hostssl all all 127.0.0.1/32 scram-sha-256\n')
    await administrator.query(`alter system set ssl_cert_file = '${join(place, 'server.crt')}'`)
    await administrator.query(`alter system set ssl_key_file = '${join(place, 'server.key')}'`)
    await administrator.query('alter system set ssl = on')
    await administrator.query('select pg_reload_conf()')
    await administrator.end()
  }, 60_000)

  afterAll(async () => {
    await host?.[Symbol.asyncDispose]()
    rmSync(place, { recursive: true, force: true })
  })

  function makeCertificate(name: string): void {
    const key = join(place, `${name}.key`)
    execFileSync(
      'openssl',
      // prettier-ignore
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost',
        '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
        '-keyout', key, '-out', join(place, `${name}.crt`)],
      { stdio: 'ignore' },
    )
    chmodSync(key, 0o600)
    const runAs = chooseRunAs()
    if (runAs !== null) chownSync(key, runAs.uid, runAs.gid)
  }

  function url(mode: string): string {
    const { login, address } = host
    return `postgresql://${login.user}:${login.password}@localhost:${address.port}/postgres?${mode}`
  }

  it('serves a drill, the engine’s plain connection included', async () => {
    const mode = `sslmode=verify-full&sslrootcert=${join(place, 'server.crt')}`
    await using server = await openServer(url(mode))
    await using template = await server.template(async (client) => {
      await client.query(createTables())
    })
    await using clone = await template.clone({ timeZone: 'UTC' })
    const engine = new Client({ connectionString: clone.engineUri })
    await engine.connect()
    const { rows } = await engine.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()')
    expect(rows).toEqual([{ ssl: true }])
    await engine.end()
  })

  it('a certificate that the URL does not trust is refused', async () => {
    const mode = `sslmode=verify-full&sslrootcert=${join(place, 'stranger.crt')}`
    await expect(openServer(url(mode))).rejects.toMatchObject({
      message: expect.stringMatching(/certificate/) as string,
    })
  })

  it('a URL without TLS is refused with the server’s words', async () => {
    await expect(openServer(url(''))).rejects.toMatchObject({
      code: 'input',
      message: expect.stringMatching(/no encryption/) as string,
    })
  })
})
