/**
 * What the traffic of a job function shows of the world outside: which errors of a partner it met, from which hosts,
 * how long it waits for an answer, and whether it brings itself back instead of failing.
 */
import { SECOND } from '../../foundation/time.ts'
import type { WorkloadFunction } from '../../queue-job/workload.ts'

export interface Evidence {
  /** Exception classes that a partner causes, most frequent first. Empty = none was ever seen. */
  readonly exceptions: readonly string[]
  /** Host names in their messages, sorted; masked ones are as good as real ones, equal stays equal. */
  readonly hosts: readonly string[]
  /** Time-out of a call in ms, as messages or durations show it; null = not seen. */
  readonly timeoutMs: number | null
  /** All but one run in a hundred are shorter, ms: the one may have hung for other reasons. */
  readonly longRunMs: number
  /** A RetryableJobError was seen: the function postpones itself. */
  readonly postpones: boolean
}

/** Libraries that talk to others. `psycopg2` is the company's own database and stays out. */
const OUTSIDE_LIBRARIES =
  /^(requests|urllib|urllib3|http\.client|httpx|aiohttp|socket|ssl|smtplib|ftplib|imaplib|paramiko|pysftp|xmlrpc|zeep|suds|grpc|boto3?|botocore|stripe|shopify|woocommerce|googleapiclient)\b/

/** Classes of Python and of addons, by their last name. */
const OUTSIDE_CLASSES =
  /(^|\.)(ConnectionError|Connection(Refused|Reset|Aborted)Error|TimeoutError|BrokenPipeError|(Read|Connect)Timeout|Timeout|HTTPError|URLError|SSLError|RemoteDisconnected|NetworkRetryableError|MailDeliveryException|ResponseError)$/

const RETRYABLE = /(^|\.)RetryableJobError$/
const OUTSIDE_WORDS =
  /timed? ?out|connection (refused|reset|aborted)|unreachable|bad gateway|service unavailable/i

export function evidenceOf(fn: WorkloadFunction): Evidence {
  const isOutside = ({ excName, excMessage }: (typeof fn.failures)[number]) =>
    !excName.startsWith('psycopg2') &&
    (OUTSIDE_LIBRARIES.test(excName) ||
      OUTSIDE_CLASSES.test(excName) ||
      (RETRYABLE.test(excName) && OUTSIDE_WORDS.test(excMessage)))
  const outside = fn.failures.filter(isOutside).sort((a, b) => b.share - a.share)
  return {
    exceptions: [...new Set(outside.map(({ excName }) => excName))],
    hosts: [...new Set(outside.flatMap(({ excMessage }) => hostsIn(excMessage)))].sort(),
    timeoutMs: timeoutIn(outside.map(({ excMessage }) => excMessage)) ?? upperCluster(fn, outside),
    longRunMs: fn.durationMs.at(-2) ?? 0,
    postpones: fn.failures.some(({ excName }) => RETRYABLE.test(excName)),
  }
}

/** `host='hooks.shop.example'` as requests says it, and whatever stands in a URL. */
function hostsIn(message: string): string[] {
  const found = message.matchAll(/host='([\w.-]+)'|https?:\/\/([\w.-]+)/g)
  return [...found].map(([, named, inUrl]) => (named ?? inUrl!).toLowerCase())
}

/** Time-outs that people choose, ms. */
const USUAL = [5, 10, 15, 20, 30, 40, 45, 60, 90, 120, 180, 240, 300, 600, 900].map(
  (seconds) => seconds * SECOND,
)

/**
 * `read timeout=30`, `timed out after 30 seconds`: the longest that any message tells. Only figures that people
 * choose: a snapshot that was masked by an older version has other digits there.
 */
function timeoutIn(messages: readonly string[]): number | null {
  const seconds = messages.flatMap((message) =>
    [...message.matchAll(/time(?:d )?[ -]?out(?: after|=|: | of )\s*(\d{1,4}(?:\.\d+)?)\b/gi)].map(
      ([, number]) => Number(number),
    ),
  )
  return USUAL.findLast((usual) => seconds.includes(usual / SECOND)) ?? null
}

/**
 * Calls that end at the same figure: one run in a hundred lasts as long as the longest, within a tenth, and that is
 * near a time-out that people choose. Counts only where a partner's error was seen.
 */
function upperCluster(fn: WorkloadFunction, outside: readonly unknown[]): number | null {
  const [p99 = 0, longest = 0] = fn.durationMs.slice(-2)
  if (outside.length === 0 || longest === 0 || p99 < 0.9 * longest) return null
  return USUAL.find((usual) => Math.abs(longest - usual) <= 0.1 * usual) ?? null
}

/** The next time-out that people choose, from 30 s to 15 minutes, that lets a run of this length end. */
export function usualTimeout(runMs: number): number {
  return USUAL.find((usual) => usual >= Math.max(30 * SECOND, runMs)) ?? USUAL.at(-1)!
}
