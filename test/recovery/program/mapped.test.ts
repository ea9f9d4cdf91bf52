/** Commands of a script that a drill maps, and those that it keeps from the real world. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  answeredCommands,
  mappingOf,
  NO_SHIMS,
  type Shims,
} from '../../../src/recovery/program/commands/mapped.ts'
import { openQueueServer, type Queue, type QueueServer } from '../queue-database.ts'
import { runProgram } from './program-run.ts'

const SHIMS: Shims = {
  directory: null,
  executables: ['docker'],
  mapped: {
    kubectl: [
      {
        when: ['scale', 'deploy/{name}', '--replicas={count}'],
        run: ['odoocli', 'workers', 'scale', 'queue', '--count', '{count}'],
        print: '{name} scaled',
        exit: 0,
      },
      { when: ['get', '*'], run: null, print: 'nothing', exit: 3 },
    ],
  },
}
const kubectl = (...parameters: readonly string[]) => mappingOf(SHIMS, 'kubectl', parameters)

describe('a mapped command', () => {
  it('runs the operation with what the pattern caught', () => {
    expect(kubectl('scale', 'deploy/odoo', '--replicas=6')).toEqual({
      kind: 'fits',
      run: ['workers', 'scale', 'queue', '--count', '6'],
      answer: { status: 0, stdout: 'odoo scaled\n' },
    })
  })

  it('takes the first rule that fits, whatever follows a star', () => {
    expect(kubectl('get')).toMatchObject({ kind: 'fits', run: null, answer: { status: 3 } })
    expect(kubectl('get', 'pods', '-o', 'wide')).toMatchObject({ kind: 'fits' })
  })

  it.each([
    [['scale', 'deploy/odoo']],
    [['scale', 'deploy/odoo', '--replicas=6', '--now']],
    [['scale', 'deploy/', '--replicas=6']],
    [['Get']],
    [[]],
  ])('%j fits no rule, and nothing is done', (parameters) => {
    expect(kubectl(...parameters)).toMatchObject({
      kind: 'none',
      answer: { status: 126, stderr: expect.stringContaining('no rule of kubectl.yaml fits') },
    })
  })

  it('hands on any text whole, as one word', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (text) => {
        const mapping = kubectl('scale', `deploy/${text}`, `--replicas=${text}`)
        expect(mapping).toMatchObject({ run: ['workers', 'scale', 'queue', '--count', text] })
      }),
    )
  })
})

it('what steers production is guarded, unless the user puts a program there', () => {
  expect(answeredCommands(NO_SHIMS)).toEqual(
    expect.arrayContaining(['docker', 'kubectl', 'ssh', 'systemctl']),
  )
  expect(answeredCommands(SHIMS)).not.toContain('docker')
})

describe('a program', () => {
  let server: QueueServer
  let queue: Queue
  beforeAll(async () => {
    server = await openQueueServer()
    queue = await server.queue()
  })
  afterAll(async () => {
    await queue[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  it('that steers production is kept from it, with one finding a command', async () => {
    const run = await runProgram(
      queue,
      'kubectl delete ns prod; kubectl get x; ssh prod reboot; echo $?',
    )
    expect(run.findings.map(({ code, detail }) => [code, detail])).toEqual([
      ['command-not-mapped', 'it called kubectl, which the drill kept from the real thing'],
      ['command-not-mapped', 'it called ssh, which the drill kept from the real thing'],
    ])
    expect(run.lines).toContain('0 stdout 126')
    expect(run.lines[0]).toContain('put an executable kubectl there')
  })
})
