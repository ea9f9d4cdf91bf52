import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { businessKeyOf, isBusinessKeyPath, type Payload } from '../../src/queue-job/business-key.ts'

const RECORDS = {
  _type: 'odoo_recordset',
  model: 'sale.order',
  ids: [7, 12],
  uid: 2,
  su: false,
  context: { lang: 'fr_FR' },
}

function payload(records: unknown, args: unknown = [], kwargs: unknown = {}): Payload {
  return {
    records: JSON.stringify(records),
    args: JSON.stringify(args),
    kwargs: JSON.stringify(kwargs),
  }
}

/** As 18.0 stores it: a JSON string whose content is the JSON text. */
function encodedTwice(once: Payload): Payload {
  const twice = (text: string | null) => (text === null ? null : JSON.stringify(text))
  return { records: twice(once.records), args: twice(once.args), kwargs: twice(once.kwargs) }
}

function key(value: Payload, ...paths: string[]): string {
  return businessKeyOf('sale.order.push', paths, value)
}

describe('a business key', () => {
  it('is by default the job function with records and args', () => {
    expect(key(payload(RECORDS, [12.5, 'kg'], { force: true }))).toBe(
      'sale.order.push records=sale.order(7,12) args=[12.5,"kg"]',
    )
  })

  it('is the same for the encodings of all versions', () => {
    const full = payload(RECORDS, [RECORDS])
    const of12 = { _type: 'odoo_recordset', model: 'sale.order', ids: [7, 12], uid: 9 }
    const jsonb = { context: {}, ids: [12, 7], model: 'sale.order', _type: 'odoo_recordset' }
    expect(key(payload(of12, [jsonb]))).toBe(key(full))
    expect(key(encodedTwice(full))).toBe(key(full))
  })

  it.each([
    [['args.0'], 'args.0="SO7"'],
    [['args.1.ref'], 'args.1.ref=9'],
    [['kwargs.order_ref', 'args.0'], 'kwargs.order_ref="X" args.0="SO7"'],
    [['kwargs.partner'], 'kwargs.partner=res.partner(3)'],
    [['kwargs.partner.ids.0'], 'kwargs.partner.ids.0=3'],
    [['records.model'], 'records.model="sale.order"'],
    [['kwargs.at'], 'kwargs.at={"_type":"date_isoformat","value":"2026-01-02"}'],
    [['kwargs.empty'], 'kwargs.empty=null'],
  ])('of %j is %s', (paths, expected) => {
    const partner = { _type: 'odoo_recordset', model: 'res.partner', ids: [3], uid: 1 }
    const at = { value: '2026-01-02', _type: 'date_isoformat' }
    const kwargs = { order_ref: 'X', partner, at, empty: null }
    const call = payload(RECORDS, ['SO7', { ref: 9 }], kwargs)
    expect(key(call, ...paths)).toBe(`sale.order.push ${expected}`)
    expect(key(encodedTwice(call), ...paths)).toBe(`sale.order.push ${expected}`)
  })

  it('has an empty value for a path that the call does not have', () => {
    const call = payload(RECORDS, ['a'])
    expect(key(call, 'args.0', 'args.1', 'kwargs.toString')).toBe(
      'sale.order.push args.0="a" args.1= kwargs.toString=',
    )
  })

  it('is the whole call where none of its paths is there, so that jobs stay apart', () => {
    expect(key(payload(RECORDS, ['a'], { b: 1 }), 'kwargs.c')).toBe(
      'sale.order.push records=sale.order(7,12) args=["a"] kwargs={"b":1}',
    )
    expect(key({ records: null, args: '', kwargs: null })).toBe(
      'sale.order.push records= args= kwargs=',
    )
  })

  it('uses the raw text of a column that is no JSON', () => {
    const broken = { records: 'sale.order(7,)', args: '[NaN]', kwargs: '"{oops"' }
    expect(key(broken)).toBe('sale.order.push records=sale.order(7,) args=[NaN]')
    expect(key(broken, 'args.0', 'kwargs.x')).toBe('sale.order.push args.0=[NaN] kwargs.x="{oops"')
  })

  it('keeps integers that JavaScript would round apart', () => {
    const call = (id: string) => ({
      records: null,
      args: `["12345678901234567",${id}]`,
      kwargs: null,
    })
    expect(key(call('9007199254740992'))).not.toBe(key(call('9007199254740993')))
    expect(key(call('-9007199254740993'), 'args.1')).toBe(
      'sale.order.push args.1=-9007199254740993',
    )
    expect(key(encodedTwice(call('9007199254740993')))).toBe(key(call('9007199254740993')))
  })

  it('does not take a text for a recordset', () => {
    expect(key(payload(RECORDS, ['sale.order(7,12)']), 'args.0')).not.toBe(
      key(payload(RECORDS, [RECORDS]), 'args.0'),
    )
  })

  it('does not depend on the order of keys, and differs where a value does', () => {
    const object = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean()), {
      minKeys: 1,
      noNullPrototype: true,
    })
    fc.assert(
      fc.property(object, fc.nat(), (kwargs, more) => {
        const turned = Object.fromEntries(Object.entries(kwargs).reverse())
        expect(key(payload(null, [], turned), 'kwargs')).toBe(
          key(payload(null, [], kwargs), 'kwargs'),
        )
        const [first] = Object.keys(kwargs)
        const changed = { ...kwargs, [first!]: `other ${more} ${String(kwargs[first!])}` }
        expect(key(payload(null, [], changed), 'kwargs')).not.toBe(
          key(payload(null, [], kwargs), 'kwargs'),
        )
      }),
      { seed: 11 },
    )
  })

  it('is refused for what is no path', () => {
    const paths = [
      'records',
      'args.0',
      'kwargs.order_ref',
      'record',
      'args.',
      'args 0',
      '',
      'kwargs..x',
    ]
    expect(paths.map(isBusinessKeyPath)).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ])
    expect(() => key(payload(RECORDS), 'arguments')).toThrow(
      '"arguments" is not a path of a business key: write records, args, kwargs',
    )
  })
})
