/** What must go is gone, what a drill needs is there, equal stays equal. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findLeak } from '../../../src/snapshot/leaks/scan.ts'
import { JOB, OTHER_KEY, columns, maskRow, maskRows, masker, newMasker, shapeOf } from './rows.ts'
import type { Row } from './rows.ts'
import { PRIVATE_KEY, SECRETS, WORDS, piecesOf } from './secrets.ts'

const FRAME =
  '  File "/home/x PLANTED/odoo/addons/sale_push/models/sale_order.py", line 239, in push_status'
const ERROR = 'requests.exceptions.HTTPError: 422 Client Error for PLANTED'

/** Every place of a row where something can stand; `PLANTED` is replaced, inside JSON with the escapes it needs there. */
const PLACES: Readonly<Record<string, Row>> = {
  name: { name: 'Push order PLANTED now' },
  func_string: { func_string: "sale.order(4300,).push_status('PLANTED', force=True)" },
  'a record id given as text': {
    records: '{"_type": "odoo_recordset", "model": "sale.order", "ids": ["PLANTED"]}',
  },
  'a context': {
    records:
      '{"_type": "odoo_recordset", "model": "sale.order", "ids": [1], "context": {"lang": "PLANTED"}}',
  },
  'a model that is none': {
    records: '{"_type": "odoo_recordset", "model": "x PLANTED", "ids": [1]}',
  },
  args: { args: '["PLANTED"]' },
  'args, deep': { args: '[[{"lines": [{"note": "see PLANTED"}]}]]' },
  'a key of kwargs': { kwargs: '{"PLANTED": 1}' },
  'a value of kwargs': { kwargs: '{"partner": "PLANTED"}' },
  _type: { kwargs: '{"value": {"_type": "PLANTED", "value": 1}}' },
  'XML in args': {
    args: '[{"_type": "etree_element", "value": "<order><to>PLANTED</to></order>"}]',
  },
  'a JSON text in args': { args: '["{\\"to\\": \\"PLANTED\\"}"]' },
  '18.0, encoded twice': { args: '"[{\\"to\\": \\"PLANTED\\"}]"' },
  'args that are no JSON': { args: '[PLANTED' },
  dependencies: { dependencies: '{"depends_on": ["PLANTED"], "reverse_depends_on": []}' },
  exc_name: { exc_name: 'acme PLANTED' },
  exc_message: { exc_message: 'Cannot send to PLANTED, sorry' },
  'the path of a frame': {
    exc_info: `Traceback (most recent call last):\n${FRAME}\n    x = 1\nValueError: no`,
  },
  'a module of a frame': {
    exc_info: `Traceback (most recent call last):\n${FRAME.replace('sale_push', 'x PLANTED x').replace('/home/x PLANTED', '')}\nValueError: no`,
  },
  'a function of a frame': {
    exc_info: `Traceback (most recent call last):\n${FRAME.replace('push_status', 'PLANTED').replace('/home/x PLANTED', '')}\nValueError: no`,
  },
  'a source line': {
    exc_info: `Traceback (most recent call last):\n${FRAME.replace('/home/x PLANTED', '')}\n    send("PLANTED")\nValueError: no`,
  },
  'the message of a traceback': {
    exc_info: `Traceback (most recent call last):\n${FRAME.replace('/home/x PLANTED', '')}\n    x = 1\n${ERROR}`,
  },
  'the second line of a message': {
    exc_info: `Traceback (most recent call last):\n${FRAME.replace('/home/x PLANTED', '')}\n    x = 1\nValueError: no\nbecause of PLANTED`,
  },
  'exc_info without a traceback': { exc_info: 'refused by PLANTED' },
  result: { result: 'Sent to PLANTED' },
  'a result of JSON': { result: '{"sent": {"to": "PLANTED"}}' },
  identity_key: { identity_key: 'push|PLANTED' },
  channel: { channel: 'root PLANTED' },
  uuid: { uuid: 'PLANTED' },
  state: { state: 'PLANTED' },
  'a number': { priority: 'PLANTED' },
  'a date': { eta: 'PLANTED' },
  user_id: { user_id: 'PLANTED' },
  'an unknown column': { x_note: 'PLANTED' },
  another: { worker_hostname: 'PLANTED' },
  'unknown JSON': { x_payload: '{"a": {"b": ["PLANTED"]}}' },
}

/** In names of code a word of letters is code; only what can be told as a secret goes. */
const CODE_PLACES = [
  'exc_name',
  'a module of a frame',
  'a function of a frame',
  'channel',
  'state',
  'a key of kwargs',
]

function planted(place: Row, secret: string): Row {
  const fill = ([column, text]: [string, string | null]): [string, string] => {
    const escapes = /^["[{]/.test(text!) ? (text!.includes('\\"') ? 2 : 1) : 0
    let value = secret
    for (let index = 0; index < escapes; index++) value = JSON.stringify(value).slice(1, -1)
    return [column, text!.replaceAll('PLANTED', () => value)]
  }
  return { ...JOB, ...Object.fromEntries(Object.entries(place).map(fill)) }
}

/** What stands around a secret may make another kind of it. */
const ALSO = ['URL', 'e-mail address', 'random token (key or password)']

function textOf(row: Row): string {
  return Object.values(row).join('\n')
}

describe.each(Object.entries(PLACES))('in %s', (name, place) => {
  test('no secret survives, and each is found where it is put back', () => {
    const [column] = Object.keys(place)
    for (const { text, kind } of [...SECRETS, PRIVATE_KEY]) {
      // A path has no lines; what looks like the end of one is not in it.
      if (text.includes('\n') && name.endsWith('a frame')) continue
      const row = planted(place, text)
      const found = findLeak(row[column!]!)
      expect(found, `the scan of ${row[column!]}`).not.toBeNull()
      // Beside a path any secret may look like a part of a random token.
      expect([kind, ...ALSO]).toContain(found!.kind)
      const masked = maskRow(row)
      for (const piece of piecesOf(text)) expect(textOf(masked)).not.toContain(piece)
      const left = Object.entries(masked).filter(
        ([, value]) => value !== null && findLeak(value) !== null,
      )
      expect(left).toEqual([])
    }
  })

  test.skipIf(CODE_PLACES.includes(name))('names of people and towns do not survive', () => {
    for (const word of WORDS) expect(textOf(maskRow(planted(place, word)))).not.toContain(word)
  })
})

describe('a masked row', () => {
  test('keeps what a drill reads', () => {
    const masked = maskRow(JOB)
    const kept = `id state priority retry max_retries date_created date_enqueued date_started date_done exec_time
      channel model_name method_name channel_method_name job_function_id worker_pid args kwargs dependencies`
    for (const column of kept.split(/\s+/)) expect(masked[column]).toBe(JOB[column])
  })

  test('has the same record in records, printed call and name', () => {
    const masked = maskRow(JOB)
    const id = /"ids": \[(\d+)\]/.exec(masked['records']!)![1]!
    expect(id).not.toBe('4300')
    expect(masked['func_string']).toMatch(
      new RegExp(`^sale\\.order\\(${id},\\)\\.push_status\\([a-z]{5}=True\\)$`),
    )
    expect(masked['name']).toMatch(new RegExp(`00${id}$`))
    expect(masked['records']).toContain(`"uid": ${masked['user_id']}, "su": false`)
    expect(masked['records']).toContain(`"allowed_company_ids": [${masked['company_id']}]`)
    expect(masker.companyId(3)).toBe(Number(masked['company_id']))
  })

  test('names the same uuid everywhere', () => {
    const row = {
      ...JOB,
      graph_uuid: JOB['uuid']!,
      dependencies: `{"depends_on": ["${JOB['uuid']}"]}`,
    }
    const masked = maskRow(row)
    expect(masked['uuid']).not.toBe(JOB['uuid'])
    expect(masked['uuid']).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
    expect(masked).toMatchObject({
      graph_uuid: masked['uuid'],
      dependencies: `{"depends_on": ["${masked['uuid']}"]}`,
    })
  })

  test('is the same from every masker of one key and another under another key', () => {
    const row = planted(PLACES['the message of a traceback']!, SECRETS[0]!.text)
    expect(maskRow(row, newMasker())).toEqual(maskRow(row))
    const other = maskRow(row, newMasker(OTHER_KEY))
    for (const column of ['uuid', 'name', 'records', 'exc_info']) {
      expect(other[column]).not.toBe(maskRow(row)[column])
    }
  })

  test('keeps large numbers, decimals and both encodings of JSON what they are', () => {
    const args = '[90071992547409931234, -12.50, 0.05, 1e-05, "caf\\u00e9", true, null]'
    const masked = maskRow({ ...JOB, args, kwargs: JSON.stringify('{"a": [1]}') })
    expect(masked['args']).toMatch(
      /^\[\d{20}, -\d\d\.\d0, 0\.\d[1-9], \de-05, "[a-z]{3}\\u00[0-9a-f]{2}", true, null\]$/,
    )
    expect(masked['kwargs']).toMatch(/^"\{\\"a\\": \[\d\]\}"$/)
  })

  test('a row with another number of fields is refused', () => {
    expect(() => masker.rows('queue_job', columns)(Buffer.from('1\t2\n'))).toThrow(
      /queue_job, row 1: 2 fields, but there are \d+ columns/,
    )
  })

  test('the other tables keep their configuration and lose their users', () => {
    const channel = ['id', 'name', 'complete_name', 'create_uid', 'create_date'].map((name) => ({
      name,
      type: /name/.test(name) ? 'varchar' : name === 'create_date' ? 'timestamp' : 'int4',
    }))
    const masked = masker.rows(
      'queue_job_channel',
      channel,
    )(Buffer.from('2\tsale\troot.sale\t4711\t2026-01-01 10:00:00\n'))
    expect(masked.toString()).toMatch(/^2\tsale\troot\.sale\t(?!4711)\d{4}\t2026-01-01 10:00:00\n$/)
    const fn = ['retry_pattern', 'related_action'].map((name) => ({ name, type: 'text' }))
    const action =
      '{"1": 10, "5": [20, 30]}\t{"enable": true, "func_name": "action_open", "kwargs": {"to": "Dupontel"}}\n'
    const text = masker.rows('queue_job_function', fn)(Buffer.from(action)).toString()
    expect(text).toContain(
      '{"1": 10, "5": [20, 30]}\t{"enable": true, "func_name": "action_open", "kwargs": {"to": "',
    )
    expect(text).not.toContain('Dupontel')
  })

  test('unknown columns stay of their type', () => {
    const types = {
      int2: '31999',
      int8: '9223372036854775807',
      numeric: '12.50',
      bool: 't',
      date: '1985-08-14',
      timestamp: '1985-08-14 10:00:00.5',
      uuid: JOB['uuid']!,
    }
    const unknown = Object.keys(types).map((type) => ({ name: `x_${type}`, type }))
    const masked = masker.rows(
      'queue_job',
      unknown,
    )(Buffer.from(`${Object.values(types).join('\t')}\n`))
    const [int2, int8, numeric, bool, date, timestamp, uuid] = masked
      .toString()
      .trimEnd()
      .split('\t')
    expect(Number(int2)).toBeLessThanOrEqual(32_767)
    expect(BigInt(int8!)).toBeLessThanOrEqual(9_223_372_036_854_775_807n)
    expect(numeric).toMatch(/^\d\d\.\d\d$/)
    expect(bool).toBe('f')
    expect(new Date(`${date}T00:00:00Z`).toISOString()).toContain(date)
    expect(timestamp).toMatch(new RegExp(`^${date} \\d\\d:\\d\\d:\\d\\d\\.\\d$`))
    expect(uuid).toBe(maskRow(JOB)['uuid'])
  })
})

describe('whatever a row holds', () => {
  const marker = fc.stringMatching(/^[a-z]{9}$/).map((word) => `zq${word}`)
  const secret = fc.oneof(marker, fc.constantFrom(...SECRETS.map(({ text }) => text)))
  const around = fc
    .string({ unit: 'binary', maxLength: 12 })
    .map((text) => text.replaceAll('\0', ''))
  const sentence = fc
    .tuple(around, secret, around)
    .map(([before, inside, after]) => `${before} ${inside} ${after}`)
  const json = fc
    .jsonValue({ maxDepth: 3, noUnicodeString: false })
    .map((value) => value as unknown)

  test('no secret survives, the row stays one of COPY, JSON stays JSON of the same types', () => {
    fc.assert(
      fc.property(sentence, sentence, json, secret, (text, note, value, inside) => {
        const args = JSON.stringify([
          value,
          { partner: text, nested: JSON.stringify({ note }) },
          inside,
        ]).replaceAll('\\u0000', '')
        const row = { ...JOB, name: text, args, exc_message: note, x_note: text, x_payload: args }
        const masked = maskRow(row)
        for (const piece of piecesOf(inside)) expect(textOf(masked)).not.toContain(piece)
        for (const [, planted] of text.matchAll(/(zq[a-z]{9})/g))
          expect(textOf(masked)).not.toContain(planted)
        expect(shapeOf(JSON.parse(masked['args']!))).toEqual(shapeOf(JSON.parse(args)))
        expect(masked['x_payload']).toBe(masked['args'])
        expect(masked['name']).toBe(masked['x_note'])
        for (const [column, each] of Object.entries(masked)) {
          expect([column, each === null ? null : findLeak(each)]).toEqual([column, null])
        }
      }),
      { numRuns: 100 },
    )
  })

  test('distinct ids stay distinct and keep their digits', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 2_147_483_647 }), { minLength: 2, maxLength: 50 }),
        (ids) => {
          const masked = maskRows(ids.map((id) => ({ ...JOB, user_id: String(id) }))).map(
            (row) => row['user_id']!,
          )
          expect(new Set(masked).size).toBe(ids.length)
          expect(masked.map((id) => id.length)).toEqual(ids.map((id) => String(id).length))
          expect(masked.every((id) => Number(id) <= 2_147_483_647)).toBe(true)
        },
      ),
      { numRuns: 50 },
    )
  })
})
