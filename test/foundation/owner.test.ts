import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { isRunning, OWNER_MARK, ownerMark, ownerState } from '../../src/foundation/owner.ts'

const [boot, namespace, pid, startedAt] = ownerMark().split('-') as [string, string, string, string]

describe('the mark of a process', () => {
  it('is short, and safe in file names and labels', () => {
    expect(ownerMark()).toMatch(new RegExp(`^${OWNER_MARK}$`))
    expect(ownerMark().length).toBeLessThanOrEqual(40)
  })

  it('of this process is alive', () => {
    expect(ownerState(ownerMark())).toBe('alive')
  })

  it('of a process that has ended is dead', () => {
    const { pid: ended } = spawnSync('true')
    expect(ownerState([boot, namespace, ended.toString(36), '1'].join('-'))).toBe('dead')
  })

  it('of an earlier process with the same pid is dead', () => {
    const earlier = (Number.parseInt(startedAt, 36) - 1).toString(36)
    expect(ownerState([boot, namespace, pid, earlier].join('-'))).toBe('dead')
  })

  it('of another boot, and of another pid namespace, is told apart from dead', () => {
    expect(ownerState(['00000000', namespace, pid, startedAt].join('-'))).toBe('earlier-boot')
    expect(ownerState([boot, '1', pid, startedAt].join('-'))).toBe('unseen')
  })

  it.runIf(process.platform === 'linux')('a zombie does not run any more', async () => {
    // A shell that has become `sleep` collects no children.
    const parent = spawn('/bin/sh', ['-c', 'sleep 0.1 & echo $!; exec sleep 60'])
    const [line] = (await once(parent.stdout, 'data')) as [Buffer]
    const zombie = Number(line.toString())
    for (let tries = 0; tries < 200 && isRunning(zombie); tries++) spawnSync('sleep', ['0.01'])
    expect(isRunning(zombie)).toBe(false)
    expect(() => process.kill(zombie, 0)).not.toThrow()
    parent.kill('SIGKILL')
    await once(parent, 'exit')
  })
})
