/**
 * Bad hours of the past: a partner down, a credential expired, a broken release. Old failures come in such clumps, which
 * is why the oldest failed jobs of a table say nothing about today.
 */
import { random } from '../../foundation/random.ts'
import type { WorkloadFailure } from '../../queue-job/workload.ts'
import { INTEGRATIONS } from './integrations.ts'
import type { IntegrationName } from './integrations.ts'
import type { JobFunction } from './job-function.ts'

export interface Outage {
  /** Hours before the capture. */
  readonly fromHoursAgo: number
  readonly toHoursAgo: number
  /** Whose jobs failed; null = those without a partner (a broken release). */
  readonly integration: IntegrationName | null
  readonly failure: WorkloadFailure
}

const OUTAGES = 18
/** The queue was calm in the last days: what is in the table is old. */
const CALM_HOURS = 6 * 24

export function pastOutages(
  functions: readonly Pick<JobFunction, 'integration'>[],
  seed: string,
  historyHours: number,
): Outage[] {
  const draw = random(seed, 'outages')
  const names = (Object.keys(INTEGRATIONS) as IntegrationName[]).filter((name) =>
    functions.some(({ integration }) => integration === name),
  )
  return Array.from({ length: OUTAGES }, (_, index) => {
    const fromHoursAgo = draw.int(CALM_HOURS, historyHours - 1)
    const integration = index % 6 === 5 ? null : draw.pick(names)
    return {
      fromHoursAgo,
      toHoursAgo: fromHoursAgo - draw.int(1, 6),
      integration,
      failure:
        integration === null
          ? brokenRelease(draw.int(0, 1))
          : partnerFailure(integration, draw.int(0, 3)),
    }
  })
}

function brokenRelease(kind: number): WorkloadFailure {
  return kind === 0
    ? { excName: 'builtins.KeyError', excMessage: "'x_studio_margin'", share: 1 }
    : {
        excName: 'builtins.AttributeError',
        excMessage: "'res.company' object has no attribute 'cost_method_id'",
        share: 1,
      }
}

function partnerFailure(integration: IntegrationName, kind: number): WorkloadFailure {
  const { host, timeout } = INTEGRATIONS[integration]
  // Before it had an HTTP interface the relay was spoken to by SMTP.
  if (integration === 'mail-relay' && kind < 3) {
    return {
      excName: 'smtplib.SMTPServerDisconnected',
      excMessage: 'Connection unexpectedly closed',
      share: 1,
    }
  }
  switch (kind) {
    case 0:
      return {
        excName: 'requests.exceptions.HTTPError',
        excMessage: `401 Client Error: Unauthorized for url: https://${host}/v2/{id}`,
        share: 1,
      }
    case 1:
      return {
        excName: 'odoo.addons.queue_job.exception.FailedJobError',
        excMessage: 'Max. retries (5) reached: could not serialize access due to concurrent update',
        share: 1,
      }
    case 2:
      return {
        excName: 'requests.exceptions.ConnectionError',
        excMessage: `HTTPSConnectionPool(host='${host}', port=443): Max retries exceeded with url: /v2 (Caused by NewConnectionError('Failed to establish a new connection: [Errno 111] Connection refused'))`,
        share: 1,
      }
    default:
      return {
        excName: 'requests.exceptions.ReadTimeout',
        excMessage: `HTTPSConnectionPool(host='${host}', port=443): Read timed out. (read timeout=${timeout})`,
        share: 1,
      }
  }
}
