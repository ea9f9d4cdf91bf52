import { describe, expect, it } from 'vitest'
import { findCapabilities } from '../../src/sandbox/capabilities.ts'
import { openServer } from '../../src/sandbox/server.ts'

describe('what this machine can do', () => {
  it('is what happens when it is tried', async () => {
    const found = await findCapabilities()
    expect(found.places.length).toBeGreaterThan(0)
    expect(found.auto).not.toBeNull()
    await using server = await openServer('auto')
    expect(server.kind).toBe(found.auto)
    const expected = found.auto === 'embedded' ? found.embedded.version : found.docker.version
    expect(`${server.version} ${server.reason}`).toContain(expected)
  })

  it('names the archive that an embedded server begins from', async () => {
    await using server = await openServer('embedded')
    const { embedded } = await findCapabilities()
    expect(embedded.version).toBe(server.version)
    expect(embedded.cluster).toMatch(/\/cluster-\d+\.\d+-[0-9a-f]{16}\.tar$/)
    expect(embedded.detail).toContain(embedded.cluster)
    const { QUEUE_DRILL_CACHE: before } = process.env
    try {
      process.env['QUEUE_DRILL_CACHE'] = '/nowhere'
      expect((await findCapabilities()).embedded.cluster).toBeNull()
    } finally {
      if (before === undefined) delete process.env['QUEUE_DRILL_CACHE']
      else process.env['QUEUE_DRILL_CACHE'] = before
    }
  })

  it('an image that is not here is told apart from a Docker that is not', async () => {
    const found = await findCapabilities('postgres:0-no-such')
    expect(found.image.available).toBe(false)
    expect(found.image.detail).toMatch(found.docker.available ? /docker pull/ : /no Docker/)
  })
})

describe('the choice of a server', () => {
  it('auto without the image takes the embedded server and says why', async () => {
    await using server = await openServer('auto', { image: 'postgres:0-no-such' })
    expect(server.kind).toBe('embedded')
    expect(server.reason).toMatch(/postgres:0-no-such is not there|Docker/)
  })

  it('container without the image is an error that names the way out', async () => {
    await expect(openServer('container', { image: 'postgres:0-no-such' })).rejects.toMatchObject({
      code: 'harness',
      message: expect.stringMatching(/docker pull postgres:0-no-such|start Docker/) as string,
    })
  })

  it('a word that is none of the choices is an input error', async () => {
    await expect(openServer('docker')).rejects.toMatchObject({ code: 'input' })
  })
})
