/** Wall to virtual time, on a clock of the test's own. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Pace, type MonotonicTime } from '../../../src/drill/live/pace.ts'

const START = Date.UTC(2026, 10, 17, 10)

/** Time that passes only when somebody sleeps or the test says so. */
class HandClock implements MonotonicTime {
  #now = 1_000_000.25
  slept: number[] = []

  now(): number {
    return this.#now
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    this.slept.push(ms)
    this.#now += ms
  }

  pass(ms: number): void {
    this.#now += ms
  }
}

const never = new AbortController().signal

describe('virtual time', () => {
  it('runs at its speed while the world follows', () => {
    const clock = new HandClock()
    const pace = new Pace(START, 5, clock)
    for (let tick = 1; tick <= 400; tick++) {
      clock.pass(250)
      pace.reached(pace.now)
    }
    expect(pace.now - START).toBe(400 * 250 * 5)
    expect(pace.kept).toBeCloseTo(5)
  })

  it('stands while paused, and goes on from there at whatever speed', () => {
    const clock = new HandClock()
    const pace = new Pace(START, 10, clock)
    clock.pass(100)
    pace.setSpeed(0)
    clock.pass(3_600_000)
    pace.reached(pace.now)
    expect(pace.now - START).toBe(1000)
    pace.setSpeed(2)
    clock.pass(200)
    expect(pace.now - START).toBe(1400)
  })

  it('waits for the world: what the wall was further is lost, not made up for', () => {
    const clock = new HandClock()
    const pace = new Pace(START, 4, clock)
    clock.pass(60_000)
    expect(pace.now - START).toBe(pace.aheadMs)
    expect(pace.aheadMs).toBe(2000)
    pace.reached(pace.now)
    expect(pace.now - START).toBe(2000)
    clock.pass(250)
    expect(pace.now - START).toBe(3000)
  })

  it('tells the speed that was really kept', () => {
    const clock = new HandClock()
    const pace = new Pace(START, 600, clock)
    expect(pace.kept).toBeNull()
    for (let tick = 0; tick < 20; tick++) {
      // The world takes a second for what should be done in a quarter of it.
      clock.pass(1000)
      pace.reached(pace.now)
    }
    expect(pace.kept).toBeCloseTo(300)
    pace.setSpeed(100)
    expect(pace.kept).toBeNull()
  })

  const step = fc.oneof(
    fc.record({ pass: fc.double({ min: 0, max: 5000, noNaN: true }) }),
    fc.record({ speed: fc.constantFrom(0, 0.1, 0.3, 1, 5, 7.7, 600, 3600) }),
    fc.record({ reach: fc.double({ min: 0, max: 1, noNaN: true }) }),
  )

  it('never goes back, never runs away from the world, whatever happens', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = new HandClock()
        const pace = new Pace(START, 5, clock)
        let last = pace.now
        let world = last
        for (const each of steps) {
          if ('pass' in each) clock.pass(each.pass)
          else if ('speed' in each) pace.setSpeed(each.speed)
          else {
            world = Math.max(world, Math.floor(world + (pace.now - world) * each.reach))
            pace.reached(world)
          }
          const { now } = pace
          expect(Number.isInteger(now)).toBe(true)
          expect(now).toBeGreaterThanOrEqual(last)
          last = now
        }
        pace.reached(pace.now)
        world = pace.now
        clock.pass(1e9)
        expect(pace.now - world).toBeLessThanOrEqual(Math.ceil(pace.aheadMs) + 1)
      }),
      { numRuns: 1000 },
    )
  })

  it('without a lag is exactly wall time times speed, however it was looked at', () => {
    const looks = fc.array(fc.double({ min: 0, max: 200, noNaN: true }), {
      minLength: 1,
      maxLength: 50,
    })
    fc.assert(
      fc.property(looks, fc.constantFrom(0.5, 1, 5, 60, 600), (waits, speed) => {
        const clock = new HandClock()
        const began = clock.now()
        const pace = new Pace(START, speed, clock)
        for (const wait of waits) {
          clock.pass(wait)
          pace.reached(pace.now)
        }
        const expected = (clock.now() - began) * speed
        expect(Math.abs(pace.now - START - expected)).toBeLessThanOrEqual(1.01)
      }),
    )
  })
})

describe('a tick', () => {
  it('is a virtual second, but no less than 250 ms of the wall', () => {
    const tickMs = (speed: number) => new Pace(START, speed, new HandClock()).tickMs
    expect([0.1, 0.5, 1, 4, 5, 600].map(tickMs)).toEqual([10_000, 2000, 1000, 250, 250, 250])
  })

  it('comes at even distances, less what the work took', async () => {
    const clock = new HandClock()
    const pace = new Pace(START, 5, clock)
    await pace.tick(never)
    clock.pass(100)
    await pace.tick(never)
    clock.pass(249)
    await pace.tick(never)
    expect(clock.slept).toEqual([250, 150, 1])
  })

  it('that was missed is not made up for', async () => {
    const clock = new HandClock()
    const pace = new Pace(START, 5, clock)
    clock.pass(10_000)
    await pace.tick(never)
    await pace.tick(never)
    await pace.tick(never)
    expect(clock.slept).toEqual([0, 0, 250])
  })

  it('comes at once when somebody calls', async () => {
    const clock = new HandClock()
    const pace = new Pace(START, 0.1, clock)
    await pace.tick(AbortSignal.abort())
    expect(clock.slept).toEqual([])
    await pace.tick(never)
    expect(clock.slept).toEqual([10_000])
  })
})
