import { expect, test } from 'vitest'
import { queueDrill } from './process.ts'

interface Found {
  readonly node: { readonly version: string }
  readonly loopback: { readonly available: boolean }
  readonly embedded: { readonly available: boolean }
  readonly docker: { readonly available: boolean }
  readonly auto: string | null
}

test('doctor names what drills need, one thing a line', async () => {
  const { status, stdout, stderr } = await queueDrill(['doctor'])
  const names = stdout.split('\n').map((line) => line.split(/ {2,}/)[0])
  expect(names).toEqual(
    expect.arrayContaining(['node', 'embedded', 'docker', 'postgres:15', 'room']),
  )
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})

test('without Docker the embedded PostgreSQL is what auto takes', async () => {
  const env = { DOCKER_HOST: 'tcp://127.0.0.1:1' }
  const { status, stdout } = await queueDrill(['doctor', '--json'], { env })
  const found = JSON.parse(stdout) as Found
  expect(found.node.version).toBe(process.versions.node)
  expect(found).toMatchObject({
    loopback: { available: true },
    embedded: { available: true },
    docker: { available: false },
    auto: 'embedded',
  })
  expect(status).toBe(0)
})

test('another image is looked for by its name', async () => {
  const { stdout } = await queueDrill(['doctor', '--image', 'nobody/has-this:1', '--json'])
  expect(JSON.parse(stdout)).toMatchObject({
    image: { name: 'nobody/has-this:1', available: false },
  })
})
