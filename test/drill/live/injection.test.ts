import { describe, expect, it } from 'vitest'
import { INJECTIONS, parseInjection } from '../../../src/drill/live/injection.ts'
import { HOUR, MINUTE } from '../../../src/foundation/time.ts'
import { faultText } from '../../../src/journal/facilitator.ts'

const inject = (text: string) => parseInjection(text.split(' '), HOUR)
const refusal = (text: string) => {
  try {
    inject(text)
  } catch (error) {
    return (error as Error).message
  }
  return 'accepted'
}

describe('words of a facilitator', () => {
  it('become faults that begin now', () => {
    const window = { fromMs: HOUR, untilMs: HOUR + 15 * MINUTE }
    expect(inject('target-down webhook 15m')).toEqual({
      kind: 'target-down',
      roles: ['webhook'],
      answer: 'hang',
      ...window,
    })
    expect(inject('target-down refuse 15m webhook,stock')).toMatchObject({
      roles: ['webhook', 'stock'],
      answer: 'refuse',
    })
    expect(inject('arrivals-burst webhook 2.5x 15m')).toEqual({
      kind: 'arrivals-burst',
      roles: ['webhook'],
      factor: 2.5,
      ...window,
    })
    expect(inject('target-slow label 8x')).toMatchObject({ factor: 8, untilMs: null })
    expect(inject('credential-missing payment 1h30m')).toMatchObject({
      kind: 'credential-missing',
      untilMs: HOUR + 90 * MINUTE,
    })
    expect(inject('answers-after-effect payment payment')).toMatchObject({ roles: ['payment'] })
    expect(inject('workers-killed 3')).toEqual({
      kind: 'workers-killed',
      workers: 3,
      fromMs: HOUR,
      untilMs: null,
    })
  })

  it('are refused with the form that is wanted', () => {
    expect(refusal('target-dwon webhook')).toBe(
      `there is no fault "target-dwon" (did you mean "target-down"?); there are ${Object.keys(INJECTIONS).join(', ')}`,
    )
    expect(refusal('target-down')).toBe(
      'a role is missing: inject target-down ROLE… [hang|refuse] [DURATION]',
    )
    expect(refusal('arrivals-burst webhook')).toBe(
      'FACTOR is more than 1 and at most 1000, such as 3x: inject arrivals-burst ROLE… FACTORx [DURATION]',
    )
    expect(refusal('arrivals-burst webhook 1x')).toContain('FACTOR is more than 1')
    expect(refusal('target-slow webhook 3x 4x')).toContain('its factor is given twice')
    expect(refusal('workers-killed')).toContain('COUNT is a whole number')
    expect(refusal('workers-killed 0')).toContain('COUNT is a whole number')
    expect(refusal('workers-killed 3 15m')).toContain('it has no duration')
    expect(refusal('workers-killed webhook 3')).toContain('it has no roles')
    expect(refusal('target-down webhook 3x')).toContain('it has no factor')
    expect(refusal('credential-missing webhook refuse')).toContain('it has no answer')
    expect(refusal('target-down webhook 0m')).toContain('it would not last')
    expect(refusal('target-down webhook $(reboot)')).toContain('"$(reboot)" is not understood')
  })

  it('can be read back from the fault', () => {
    expect(faultText(inject('target-down webhook 15m'))).toBe(
      'target-down of webhook (hang) for 15m',
    )
    expect(faultText(inject('arrivals-burst webhook stock 3x'))).toBe(
      'arrivals-burst of webhook, stock 3x',
    )
    expect(faultText(inject('workers-killed 3'))).toBe('workers-killed (3)')
  })
})
