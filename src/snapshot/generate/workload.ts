/** The workload of a company: its functions' traffic, whole, scaled to so many jobs a day. */
import type { Workload } from '../../queue-job/workload.ts'
import { COMPANY_IDS } from './payload.ts'
import type { JobFunction } from './job-function.ts'
import { ratesPerHour } from './rhythm.ts'

export function workloadOf(functions: readonly JobFunction[], jobsPerDay: number): Workload {
  const shares = functions.reduce((sum, { share }) => sum + share, 0)
  return {
    format: 'queue-drill-workload/1',
    jobsPerDay,
    functions: functions.map((fn) => ({
      name: fn.name,
      channel: fn.channel,
      priority: fn.priority,
      maxRetries: fn.maxRetries,
      retryPattern: fn.retryPattern,
      ratePerHour: ratesPerHour(fn.rhythm, (jobsPerDay * fn.share) / shares),
      durationMs: fn.durationMs,
      cpuShare: fn.cpuShare,
      memoryMb: fn.memoryMb,
      failures: fn.failures.map((failure) => ({
        ...failure,
        // A record of no importance stands for all: signatures leave numbers out.
        excMessage: failure.excMessage.replace('{id}', '1'),
      })),
      burstMean: fn.burstMean,
      model: fn.name.slice(0, fn.name.lastIndexOf('.')),
      recordPool: fn.recordPool,
      argument: fn.payload === 'value' ? 'value' : 'none',
      identityKey: fn.identityKey,
      companyIds: COMPANY_IDS,
    })),
  }
}

/** JSON with each list of numbers on one line: 168 rates of a function can be read and compared. */
export function workloadText(workload: Workload): string {
  const text = JSON.stringify(workload, null, 2)
  return `${text.replaceAll(/\[[\d\s.,]+\]/g, (list) => list.replaceAll(/\s+/g, ' '))}\n`
}
