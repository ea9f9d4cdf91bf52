/**
 * How a call of an integration fails, in the words that Odoo 16 leaves in `exc_name`, `exc_message`, `exc_info` and
 * `result`.
 */
import type { WorldJob } from './world-job.ts'

export interface Failure {
  /** Python class: `requests.exceptions.ReadTimeout`. */
  readonly excName: string
  readonly excMessage: string
  /** Raised by the call of an integration, so an addon that postpones wraps it as RetryableJobError. */
  readonly fromCall: boolean
}

const READ_TIMEOUT = 'requests.exceptions.ReadTimeout'

export function readTimeout(integration: string, timeoutMs: number): Failure {
  return {
    excName: READ_TIMEOUT,
    excMessage: `HTTPSConnectionPool(host='${integration}.example', port=443): Read timed out. (read timeout=${timeoutMs / 1000})`,
    fromCall: true,
  }
}

export function connectionRefused(integration: string): Failure {
  return {
    excName: 'requests.exceptions.ConnectionError',
    excMessage: `HTTPSConnectionPool(host='${integration}.example', port=443): Max retries exceeded (Connection refused)`,
    fromCall: true,
  }
}

export function unauthorized(integration: string): Failure {
  return {
    excName: 'requests.exceptions.HTTPError',
    excMessage: `401 Client Error: Unauthorized for url: https://${integration}.example/api`,
    fromCall: true,
  }
}

export const CPU_LIMIT: Failure = {
  excName: 'builtins.Exception',
  excMessage: 'CPU time limit exceeded.',
  fromCall: false,
}

/** PostgreSQL's words for 40001, which T8 leaves in `result`. */
export const SERIALIZATION_MESSAGE = 'could not serialize access due to concurrent update'

/** True for exceptions that mean: no answer within the time-out. */
export function isTimeout(excName: string): boolean {
  return excName.endsWith('Timeout')
}

/** A traceback as `exc_info` holds it. */
export function traceback(
  job: Pick<WorldJob, 'modelName' | 'methodName'>,
  failure: Failure,
): string {
  const model = job.modelName.replaceAll('.', '_')
  return [
    'Traceback (most recent call last):',
    '  File "/opt/odoo/addons/queue_job/controllers/main.py", line 101, in runjob',
    '    self._try_perform_job(env, job)',
    '  File "/opt/odoo/addons/queue_job/job.py", line 505, in perform',
    '    self.result = self.func(*tuple(self.args), **self.kwargs)',
    `  File "/opt/odoo/custom/${model}/models/${model}.py", line 87, in ${job.methodName}`,
    `    response = self._call_partner()`,
    `${failure.excName}: ${failure.excMessage}`,
    '',
  ].join('\n')
}

/** What an addon that wraps the failure as RetryableJobError writes into `result`. */
export function retryMessage(failure: Failure): string {
  return `Partner call failed, will be retried: ${failure.excMessage}`
}
