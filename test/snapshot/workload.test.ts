/** The traffic of the bundled companies: what the drills' capacities and shares are built on. */
import { beforeAll, describe, expect, test } from 'vitest'
import { HOUR } from '../../src/foundation/time.ts'
import { DEFAULT_HOST } from '../../src/queue-job/host.ts'
import { functionName } from '../../src/queue-job/job.ts'
import { operationsOf } from '../../src/queue-job/operations.ts'
import { meanDurationMs } from '../../src/queue-job/workload.ts'
import type { WorkloadFunction } from '../../src/queue-job/workload.ts'
import { COMPANIES, hourly, readCompany, total } from './bundled.ts'
import type { Company } from './bundled.ts'

const companies: Record<string, Company> = {}
beforeAll(async () => {
  for (const name of COMPANIES) companies[name] = await readCompany(name)
})

describe.each(COMPANIES)('%s', (name) => {
  test('its week sums up to its jobs a day, with 6.5 to 8 % of the day in the busiest hour', () => {
    const { workload } = companies[name]!.snapshot
    const week = hourly(workload.functions, () => 1)
    const sum = total(week)
    expect(sum / 7 / workload.jobsPerDay).toBeCloseTo(1, 4)
    const busiest = week.indexOf(Math.max(...week))
    const day = Math.floor(busiest / 24)
    const share = week[busiest]! / total(week.slice(day * 24, day * 24 + 24))
    expect(share).toBeGreaterThan(0.065)
    expect(share).toBeLessThan(0.08)
    // Nights and weekends are quiet.
    expect(week[2]! / week[busiest]!).toBeLessThan(0.2)
    expect(total(week.slice(6 * 24)) / total(week.slice(24, 48))).toBeLessThan(0.5)
  })

  test('in the busiest hour less than 35 % of root and 20 % of the payment channel are in use', () => {
    const { functions } = companies[name]!.snapshot.workload
    const slots = (fn: WorkloadFunction) => meanDurationMs(fn.durationMs) / HOUR
    expect(Math.max(...hourly(functions, slots)) / 8).toBeLessThan(0.35)
    const payment = functions.filter(({ channel }) => channel === 'root.payment')
    expect(payment).toHaveLength(3)
    expect(Math.max(...hourly(payment, slots))).toBeLessThan(0.2)
    const cpu = (fn: WorkloadFunction) => slots(fn) * fn.cpuShare
    expect(Math.max(...hourly(functions, cpu))).toBeLessThan(DEFAULT_HOST.cpuCores / 2)
  })

  test('the roles have their shares of the traffic', () => {
    const { snapshot, operations } = companies[name]!
    const shareOf = (role: string): number => {
      const own = snapshot.workload.functions.filter(
        (fn) => operationsOf(operations, fn.name).role === role,
      )
      return total(hourly(own, () => 1)) / 7 / snapshot.workload.jobsPerDay
    }
    const shares: Readonly<Record<string, readonly [number, number]>> = {
      webhook: [0.4, 0.45],
      stock: [0.2, 0.25],
      payment: [0.03, 0.04],
      invoice: [0.04, 0.06],
      label: [0.04, 0.06],
      edi: [0.04, 0.06],
      export: [0.01, 0.025],
      internal: [0.1, 0.25],
      // Gaps of the catalogue: nobody wrote them down.
      unmapped: [0.02, 0.06],
    }
    const wrong = Object.entries(shares)
      .map(([role, [low, high]]) => ({ role, low, share: shareOf(role), high }))
      .filter(({ low, share, high }) => share < low || share > high)
    expect(wrong).toEqual([])
  })

  test('no call takes longer than its time-out, no job more CPU than the host allows', () => {
    const { snapshot, operations } = companies[name]!
    const wrong = snapshot.workload.functions.filter(({ name: fn, durationMs, cpuShare }) => {
      const { integration } = operationsOf(operations, fn)
      const max = durationMs.at(-1)!
      const timeout = integration === null ? null : operations.integrations[integration]!.timeoutMs
      return (
        max * cpuShare > DEFAULT_HOST.limitTimeCpuMs || (timeout !== null && max > timeout * 0.9)
      )
    })
    expect(wrong).toEqual([])
  })

  test('normal operation fails in 0.05 to 0.3 % of the runs', () => {
    const wrong = companies[name]!.snapshot.workload.functions.map((fn) => ({
      fn: fn.name,
      share: total(fn.failures.map(({ share }) => share)),
    })).filter(({ share }) => share < 0.0005 || share > 0.003)
    expect(wrong).toEqual([])
  })

  test('the functions of a webhook share one partner, half fail, half postpone themselves', () => {
    const { snapshot, operations } = companies[name]!
    const webhooks = snapshot.workload.functions
      .map((fn) => operationsOf(operations, fn.name))
      .filter(({ role }) => role === 'webhook')
    expect(new Set(webhooks.map(({ integration }) => integration))).toEqual(
      new Set(['shop-webhook']),
    )
    const styles = webhooks.map(({ failureStyle }) => failureStyle)
    expect(styles.filter((style) => style === 'fail')).toHaveLength(3)
    expect(styles.filter((style) => style === 'postpone')).toHaveLength(3)
    expect(webhooks.map(({ safety }) => safety.kind).sort()).toEqual([
      'idempotent',
      'idempotent',
      'idempotent',
      'idempotent',
      'keyed',
      'keyed',
    ])
  })

  test('a value that travels in the job stands in its arguments, and only there', () => {
    const { snapshot, operations, jobs } = companies[name]!
    const carrying = snapshot.workload.functions.filter(({ argument }) => argument === 'value')
    expect(carrying.map(({ name }) => name)).toEqual(['product.product.push_availability'])
    const byValue = snapshot.workload.functions.filter(
      (fn) => operationsOf(operations, fn.name).value === 'args',
    )
    expect(byValue).toEqual(carrying)
    const args = jobs
      .filter((job) => functionName(job) === carrying[0]!.name)
      .map((job) => job.args)
    expect(args.length).toBeGreaterThan(100)
    expect(args.every((text) => /^\[\d+\]$/.test(text!))).toBe(true)
  })
})

test('only the smaller company has jobs of minutes, four to eight of them in its busiest hour', () => {
  const long = (name: string) =>
    companies[name]!.snapshot.workload.functions.filter(
      ({ durationMs }) => durationMs.at(-1)! > 100_000,
    )
  expect(long('company-60k')).toEqual([])
  expect(long('company-25k').map(({ name }) => name)).toEqual([
    'product.template.export_full_catalogue',
    'stock.valuation.layer.rebuild_period',
  ])
  const busiest = Math.max(...hourly(long('company-25k'), () => 1))
  expect(busiest).toBeGreaterThan(4)
  expect(busiest).toBeLessThan(8)
})
