import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  normaliseMessage,
  signatureOf,
  type FailureColumns,
} from '../../src/queue-job/signature.ts'

const NOTHING: FailureColumns = { excName: null, excMessage: null, excInfo: null, result: null }

function signature(columns: Partial<FailureColumns>): string | null {
  return signatureOf({ jobFunction: 'sale.order.push', ...NOTHING, ...columns })
}

/** A traceback of Odoo 16 that ends with `raised`. */
function traceback(raised: string): string {
  return [
    'Traceback (most recent call last):',
    '  File "/odoo/addons/queue_job/controllers/main.py", line 101, in runjob',
    '    self._try_perform_job(env, job)',
    '  File "/odoo/custom/connector/models/sale_order.py", line 214, in push',
    '    response = requests.post(url, timeout=30)',
    raised,
    '',
  ].join('\n')
}

const READ_TIMEOUT = {
  excName: 'requests.exceptions.ReadTimeout',
  excMessage:
    "HTTPSConnectionPool(host='hooks.example.com', port=443): Read timed out. (read timeout=30)",
}

describe('a signature', () => {
  it('is job function, exception class and the first line without what varies', () => {
    expect(signature(READ_TIMEOUT)).toBe(
      'sale.order.push | requests.exceptions.ReadTimeout | ' +
        'HTTPSConnectionPool(host=<value>, port=<n>): Read timed out. (read timeout=<n>)',
    )
  })

  it('stays the same when a requeue has left only the traceback', () => {
    const { excName, excMessage } = READ_TIMEOUT
    const excInfo = traceback(`${excName}: ${excMessage}`)
    expect(signature({ excInfo })).toBe(signature({ ...READ_TIMEOUT, excInfo }))
  })

  it('calls a built-in exception the same in exc_name and in the traceback', () => {
    const excInfo = traceback("KeyError: 'carrier_id'")
    const full = signature({ excName: 'builtins.KeyError', excMessage: "'carrier_id'", excInfo })
    expect(full).toBe('sale.order.push | KeyError | <value>')
    expect(signature({ excInfo })).toBe(full)
  })

  it('takes the line that names the exception, not the last one of a long message', () => {
    const raised = [
      'psycopg2.errors.UniqueViolation: duplicate key value violates unique constraint "sale_uniq"',
      'DETAIL:  Key (ref)=(S00042) already exists.',
      '  indented: no frame',
    ].join('\n')
    expect(signature({ excInfo: traceback(raised) })).toBe(
      'sale.order.push | psycopg2.errors.UniqueViolation | ' +
        'duplicate key value violates unique constraint <value>',
    )
  })

  it('of chained exceptions is that of the last one', () => {
    const excInfo = [
      traceback('urllib3.exceptions.ProtocolError: (1, 2)'),
      'During handling of the above exception, another exception occurred:',
      '',
      traceback('requests.exceptions.ConnectionError: Remote end closed connection'),
    ].join('\n')
    expect(signature({ excInfo })).toBe(
      'sale.order.push | requests.exceptions.ConnectionError | Remote end closed connection',
    )
  })

  it('of an exception without a message has an empty line', () => {
    expect(signature({ excInfo: traceback('odoo.exceptions.MissingError') })).toBe(
      'sale.order.push | odoo.exceptions.MissingError | ',
    )
  })

  it('of a text that is no traceback is its first line', () => {
    expect(signature({ excInfo: '\nJob found dead after too many retries\nand more' })).toBe(
      'sale.order.push | - | Job found dead after too many retries',
    )
  })

  it('of a job that postponed itself comes from result', () => {
    expect(signature({ result: 'Partner 4711 did not answer\nin time' })).toBe(
      'sale.order.push | - | Partner <n> did not answer',
    )
    expect(signature({ result: 'old result', excInfo: traceback('ValueError: x') })).toBe(
      'sale.order.push | ValueError | x',
    )
  })

  it('of a traceback that is cut off before it names the exception comes from result', () => {
    const excInfo = traceback('ValueError: x').slice(0, 140)
    expect(signature({ excInfo, result: 'why' })).toBe('sale.order.push | - | why')
  })

  it('is null where nothing failed', () => {
    expect(signature({})).toBeNull()
    expect(signature({ excInfo: '', result: ' ' })).toBeNull()
  })
})

describe('messages of one cause become equal', () => {
  it.each([
    ['POST https://api.example.com/v1/orders/17?x=1 failed', 'POST https://b.example.com/ failed'],
    [
      'job 8b0e9c1e-0f0a-4a52-9d7a-0c5a7f1de001 gone',
      'job 11111111-2222-3333-4444-555555555555 gone',
    ],
    ['mail to anna.k@example.com refused', 'mail to b@mail.example.org refused'],
    ['Record sale.order(12,) is missing', 'Record sale.order(13, 14, 15) is missing'],
    ['Order SO00042 is locked', 'Order SO7 is locked'],
    ['price 1,234.50 is wrong', 'price 7 is wrong'],
    ['since 2026-11-02 09:15:00.123', 'since 2025-01-31 23:00:01'],
    ["unknown field 'x_color'", "unknown field 'y'"],
    ['no partner "Müller & Co"', 'no partner "Ölwerk"'],
    ['no partner “Müller”', 'no partner “O’Hara”'],
    ['<object at 0x7f3a2c>', '<object at 0x10>'],
    ['token 9f86d081884c7d659a2feaa0 expired', 'token 00aa11bb22cc33dd expired'],
    ['connect to 10.0.0.7:8069 refused', 'connect to 192.168.1.20:80 refused'],
    ['too   many\tblanks', 'too many blanks'],
    ['first line', 'first line\nDETAIL: second'],
  ])('%j and %j', (left, right) => {
    expect(normaliseMessage(left)).toBe(normaliseMessage(right))
  })

  it.each([
    ['Read timed out', 'Connection refused'],
    ["can't reach the partner's server", "can't reach the bank's server"],
    ['HTTP error on create', 'HTTP error on update'],
  ])('but not %j and %j', (left, right) => {
    expect(normaliseMessage(left)).not.toBe(normaliseMessage(right))
  })

  it('whatever the numbers are, and a normalised message stays as it is', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.uuid(), fc.uuid(), (a, b, c, d) => {
        const message = (id: number, uuid: string) =>
          `Order ${id} of ${uuid} and total ${id}.50 failed`
        expect(normaliseMessage(message(a, c))).toBe(normaliseMessage(message(b, d)))
      }),
      { seed: 7 },
    )
    const once = normaliseMessage("a 'b' 17 https://x.y 0xff sale.order(1, 2) at 10:00")
    expect(normaliseMessage(once)).toBe(once)
  })

  it('and a page of HTML costs no more than its beginning', () => {
    expect(normaliseMessage(`<html>${'x'.repeat(5_000_000)}`).length).toBeLessThanOrEqual(160)
  })
})
