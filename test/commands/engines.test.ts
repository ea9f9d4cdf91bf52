import { expect, test } from 'vitest'
import { queueDrill } from './process.ts'

test('engines list names the built-in engines, and the help of run names the same', async () => {
  const { status, stdout } = await queueDrill(['engines', 'list', '--json'])
  const engines = JSON.parse(stdout) as { name: string; description: string }[]
  const names = engines.map(({ name }) => name)
  expect({ status, names }).toEqual({ status: 0, names: ['runbook', 'noop', 'retry-all'] })
  const table = await queueDrill(['engines', 'list'])
  for (const { name, description } of engines) {
    expect(table.stdout).toMatch(new RegExp(`^${name} +${description}$`, 'm'))
  }
  const help = await queueDrill(['run', '--help'])
  expect(help.stdout).toContain(
    `Who recovers: ${names.join(', ')}, or the path of a program or module`,
  )
})
