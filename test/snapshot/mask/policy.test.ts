/** What a policy may change, what it may not, and what it says about mistakes. */
import { describe, expect, test } from 'vitest'
import { parsePolicy } from '../../../src/snapshot/mask/masker.ts'
import { JOB, KEY, maskRow, newMasker } from './rows.ts'

const parse = (text: string) => parsePolicy(text, 'policy.yaml')

describe('a policy', () => {
  test('lets columns and JSON paths through, and the manifest says so', () => {
    const policy = parse('keep:\n  - result\n  - kwargs.order_ref\n  - args.1\nmask: [exc_name]\n')
    const masker = newMasker(KEY, policy)
    const row = {
      ...JOB,
      result: 'Sent to Dupontel',
      args: '["Dupontel", "Meierhofer", 4711]',
      kwargs: '{"order_ref": {"no": "AB-Dupontel", "n": 4711}, "other": "Dupontel"}',
      exc_name: 'acme.exceptions.DupontelError',
    }
    const masked = maskRow(row, masker)
    expect(masked['result']).toBe('Sent to Dupontel')
    expect(masked['args']).toMatch(/^\["(?!Dupontel)[A-Z][a-z]{7}", "Meierhofer", (?!4711)\d{4}\]$/)
    expect(masked['kwargs']).toMatch(
      /^\{"order_ref": \{"no": "AB-Dupontel", "n": 4711\}, "other": "(?!Dupontel)/,
    )
    expect(masked['exc_name']).toMatch(/^(?!acme)[a-z]{4}\.exceptions\.(?!Dupontel)/)
    expect(masker.policySummary).toEqual({
      relaxed: ['result', 'kwargs.order_ref', 'args.1'],
      added: ['exc_name'],
      key_id: KEY.id,
    })
  })

  test('masks a path below one that is kept', () => {
    const masker = newMasker(KEY, parse('keep: [kwargs]\nmask: [kwargs.to.name]\n'))
    const masked = maskRow(
      { ...JOB, kwargs: '{"to": {"name": "Dupontel", "town": "Meierhofen"}}' },
      masker,
    )
    expect(masked['kwargs']).toMatch(
      /^\{"to": \{"name": "(?!Dupontel)[A-Z][a-z]{7}", "town": "Meierhofen"\}\}$/,
    )
  })

  test('never lets through what can be told as a leak', () => {
    const masker = newMasker(KEY, parse('keep: [result, kwargs, x_note, user_id]'))
    const secret = 'jan.dejong@acme-logistics.nl'
    const masked = maskRow(
      {
        ...JOB,
        result: `to ${secret}`,
        kwargs: `{"to": "${secret}", "n": 4111111111111111}`,
        x_note: secret,
      },
      masker,
    )
    expect(Object.values(masked).join()).not.toMatch(/dejong|acme|4111111111111111/)
    expect(masked['user_id']).toBe(JOB['user_id'])
  })

  test.each([
    ['', { keep: [], mask: [] }],
    ['keep:\n', { keep: [], mask: [] }],
    ['# nothing yet\n', { keep: [], mask: [] }],
  ])('that says nothing changes nothing: %j', (text, expected) => {
    expect(parse(text)).toEqual(expected)
  })

  test.each([
    ['keeps: [a]', 'policy.yaml:1:1: unknown key "keeps"; allowed: keep, mask'],
    ['- result', 'policy.yaml:1:1: a masking policy is a block with the lists "keep" and "mask"'],
    ['keep: result', 'policy.yaml:1:7: keep must be a list of columns and JSON paths'],
    ['keep:\n  - 7\n', 'policy.yaml:2:5: keep lists columns and JSON paths as text'],
    ['keep:\n  - "no column"\n', 'policy.yaml:2:5: keep lists columns and JSON paths as text'],
    [
      'keep: [result]\nmask:\n  - name\n  - state\n',
      'policy.yaml:4:5: state cannot be masked: a drill needs it',
    ],
    [
      'keep: [uuid]',
      'policy.yaml:1:8: uuid cannot be kept: a job runner that meets a uuid twice stops',
    ],
    ['keep: [', 'policy.yaml:1:8: not YAML:'],
    ['keep: [a]\nkeep: [b]', 'policy.yaml:2:1: not YAML:'],
  ])('%j is refused with the place of the mistake', (text, expected) => {
    expect(() => parse(text)).toThrow(expected)
  })
})
