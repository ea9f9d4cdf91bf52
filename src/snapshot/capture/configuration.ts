/** What the small tables say: days after which channels are cleaned up, retry patterns, and the newest channels' limits. */
import type { Client } from 'pg'
import type { WorkloadFunction } from '../../queue-job/workload.ts'

export interface Configuration {
  /** Channel → days after which its done jobs are deleted; a channel that is not listed is never cleaned up. */
  readonly removalDays: ReadonlyMap<string, number>
  /** Job function → its pattern. */
  readonly retryPatterns: ReadonlyMap<string, WorkloadFunction['retryPattern']>
  /** The channel text, where the table holds it (the addon of mid 2026); null elsewhere. */
  readonly channels: string | null
}

interface ChannelRow {
  readonly name: string
  readonly days: number
  readonly capacity: number | null
  readonly sequential: boolean | null
  readonly throttle: number | null
}

/** `channelColumns`, `functionColumns`: those that can be read. */
export async function readConfiguration(
  client: Client,
  channelColumns: ReadonlySet<string>,
  functionColumns: ReadonlySet<string>,
): Promise<Configuration> {
  const column = (name: string, type: string) =>
    channelColumns.has(name) ? name : `null::${type} as ${name}`
  const { rows: channels } = channelColumns.has('complete_name')
    ? await client.query<ChannelRow>(
        `select complete_name as name, removal_interval as days, ${column('capacity', 'int4')},
                ${column('sequential', 'bool')}, ${column('throttle', 'int4')}
           from queue_job_channel where complete_name is not null order by complete_name`,
      )
    : { rows: [] }
  const { rows: functions } =
    functionColumns.has('name') && functionColumns.has('retry_pattern')
      ? await client.query<{ name: string; pattern: string | null }>(
          `select name, retry_pattern::text as pattern from queue_job_function
            where name is not null order by id`,
        )
      : { rows: [] }
  return {
    removalDays: new Map(channels.map(({ name, days }) => [name, days])),
    retryPatterns: new Map(functions.map(({ name, pattern }) => [name, retryPatternOf(pattern)])),
    channels: channelColumns.has('capacity') ? channelText(channels) : null,
  }
}

function channelText(channels: readonly ChannelRow[]): string | null {
  const entries = channels
    .filter(({ capacity }) => capacity !== null)
    .map(({ name, capacity, sequential, throttle }) =>
      [
        name,
        capacity,
        ...(sequential === true && capacity === 1 ? ['sequential'] : []),
        ...(throttle === null || throttle === 0 ? [] : [`throttle=${throttle}`]),
      ].join(':'),
    )
  return entries.length === 0 ? null : entries.join(',')
}

/** `{"1": 10, "5": [20, 30]}`, once or twice encoded; null = none, or nothing that the addon could use. */
function retryPatternOf(text: string | null): WorkloadFunction['retryPattern'] {
  let value: unknown
  try {
    value = JSON.parse(text ?? 'null')
    if (typeof value === 'string') value = JSON.parse(value)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
  if (typeof value !== 'object' || value === null) return null
  const steps = Object.entries(value)
  if (steps.length === 0 || !steps.every(isStep)) return null
  return value as WorkloadFunction['retryPattern']
}

function isStep([tries, wait]: [string, unknown]): boolean {
  const isSeconds = (each: unknown) => typeof each === 'number' && each >= 0
  if (!/^\d+$/.test(tries)) return false
  return isSeconds(wait) || (Array.isArray(wait) && wait.length === 2 && wait.every(isSeconds))
}
