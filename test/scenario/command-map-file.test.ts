import { expect, it } from 'vitest'
import { parseCommandMap } from '../../src/scenario/command-map-file.ts'

const parse = (text: string) => parseCommandMap(text, 'shims/kubectl.yaml')

it('reads rules in their order, words split at blanks or given one by one', () => {
  expect(
    parse(`
- when: scale deployment/{name}   --replicas={count}
  run: odoocli workers scale queue --count {count}
- when: [annotate, two words, '*']
  print: annotated
- when: version
  exit: 7
`),
  ).toEqual([
    {
      when: ['scale', 'deployment/{name}', '--replicas={count}'],
      run: ['odoocli', 'workers', 'scale', 'queue', '--count', '{count}'],
      print: '',
      exit: 0,
    },
    { when: ['annotate', 'two words', '*'], run: null, print: 'annotated', exit: 0 },
    { when: ['version'], run: null, print: '', exit: 7 },
  ])
})

it.each([
  [
    '- when: get pods\n  run: kubectl get pods',
    'shims/kubectl.yaml:2:8: [0].run: must begin with odoocli',
  ],
  [
    '- when: scale {n}\n  run: odoocli now {m}',
    'shims/kubectl.yaml:2:8: [0].run: uses {m}, which "when" does not catch',
  ],
  [
    '- when: x\n  exitt: 1',
    'shims/kubectl.yaml:2:3: [0]: unknown key "exitt" (did you mean "exit"?); allowed: when, run, print, exit',
  ],
  ['- when: x\n  exit: 256', 'shims/kubectl.yaml:2:9: [0].exit: must be at most 255, not 256'],
  ['- when: 5', 'shims/kubectl.yaml:1:9: [0].when: must be a text or a list of words'],
  ['[]', 'shims/kubectl.yaml:1:1: must not be empty'],
])('%j is an input error with its place', (text, message) => {
  expect(() => parse(text)).toThrow(message)
})
