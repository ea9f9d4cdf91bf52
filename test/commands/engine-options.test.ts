/** Flags that say who recovers: what is wrong with them is said before anything starts. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readEngine, readSetting } from '../../src/commands/engine-options.ts'

const none = { env: undefined, shims: undefined, bind: undefined }

it('--every takes a duration and a command line', () => {
  expect(readEngine({ engine: 'runbook', every: ['5m', './check.sh --once'] })).toEqual({
    commandLine: './check.sh --once',
    everyMs: 300_000,
  })
})

it.each([
  [['soon', 'x'], '--every: "soon" is not a duration'],
  [['10ms', 'x'], '--every must be at least 1s'],
  [['5m', ' '], '--every: the command is empty'],
  [['5m', 'x', '6m', 'y'], '--every is given twice'],
])('--every %j is an input error', (every, message) => {
  expect(() => readEngine({ engine: 'runbook', every })).toThrow(message)
})

it('--env sets a variable or hands one on', async () => {
  const setting = await readSetting({ ...none, env: ['A=b=c', 'HOST', 'EMPTY='] }, { HOST: 'here' })
  expect(setting.environment).toEqual({ A: 'b=c', HOST: 'here', EMPTY: '' })
})

it('--env never repeats a text that may be a secret', async () => {
  const given = readSetting({ ...none, env: ['!x=hunter2'] }, {})
  await expect(given).rejects.toThrow(/^--env: write NAME=VALUE, or NAME alone$/)
  await expect(readSetting({ ...none, env: ['NONE'] }, {})).rejects.toThrow(
    '--env NONE: it is not set here',
  )
})

it.each(['0.0.0.0', '::', '0:0:0:0:0:0:0:0', '*', 'localhost', ''])(
  '--bind %j names no interface',
  async (bind) => {
    await expect(readSetting({ ...none, bind }, {})).rejects.toMatchObject({ code: 'input' })
  },
)

it('--shims reads rules and finds executables', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'queue-drill-test-'))
  try {
    writeFileSync(join(directory, 'kubectl.yaml'), '- when: version\n')
    writeFileSync(join(directory, 'docker'), '#!/bin/sh\n', { mode: 0o755 })
    writeFileSync(join(directory, 'README.md'), 'notes')
    const { shims } = await readSetting({ ...none, shims: directory }, {})
    expect(shims).toMatchObject({
      executables: ['docker'],
      mapped: { kubectl: [{ when: ['version'] }] },
    })
    writeFileSync(join(directory, 'sleep'), '#!/bin/sh\n', { mode: 0o755 })
    await expect(readSetting({ ...none, shims: directory }, {})).rejects.toThrow(
      "sleep is the drill's own command",
    )
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  await expect(readSetting({ ...none, shims: directory }, {})).rejects.toThrow('cannot be read')
})
