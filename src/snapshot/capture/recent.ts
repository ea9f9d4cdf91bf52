/**
 * What only the order of jobs shows: whether they come in bursts, and whether they come back to the same records. Read
 * from the newest rows, because it takes sorting, and a capture does not sort a whole table.
 */
import type { Client } from 'pg'

/** Rows looked at; measured: 0.5 s. */
const NEWEST = 100_000
/** Jobs of one function that are created closer together than this come from one transaction. */
const BURST_GAP_MS = 500
/** Fewer jobs of a function than this say nothing about it. */
const JOBS_MIN = 20
/** Above this share of distinct records every job has one of its own. */
const OWN_RECORD_SHARE = 0.95

export interface RecentFunction {
  readonly model: string
  readonly method: string
  readonly jobs: number
  /** Runs of jobs without a gap of BURST_GAP_MS. */
  readonly runs: number
  /** From the first to the last of them, ms. */
  readonly spanMs: number
  /** Distinct lists of record ids. */
  readonly records: number
}

/** `records`: the column that holds the recordset, null = none. */
export async function readRecent(
  client: Client,
  records: string | null,
): Promise<RecentFunction[]> {
  // `{"_type": "odoo_recordset", "ids": [1, 2], …}`, once or twice encoded; `record_ids` is the list itself.
  const ids =
    records === null
      ? 'null::text'
      : `coalesce(substring(${records}::text from 'ids[\\\\]*": *(\\[[^]]*\\])'), ${records}::text)`
  const { rows } = await client.query<RecentFunction>(
    `select model_name as model, method_name as method, count(*)::float8 as jobs,
            count(*) filter (where gap is null or gap > $2::float8)::float8 as runs,
            date_part('epoch', max(date_created) - min(date_created)) * 1000 as "spanMs",
            count(distinct ids)::float8 as records
       from (select model_name, method_name, date_created, ${ids} as ids,
                    date_part('epoch', date_created - lag(date_created) over (
                      partition by model_name, method_name order by date_created, id)) * 1000 as gap
               from (select id, model_name, method_name, date_created${records === null ? '' : `, ${records}`}
                       from queue_job order by id desc limit $1::int4) newest
              where date_created is not null) gaps
      where model_name is not null and method_name is not null
      group by model_name, method_name
      order by model_name, method_name`,
    [NEWEST, BURST_GAP_MS],
  )
  return rows
}

/** Mean size of bursts, at least 1. Jobs that only happen to come close to each other are taken out. */
export function burstMean({ jobs, runs, spanMs }: RecentFunction): number {
  if (jobs < JOBS_MIN || spanMs <= 0) return 1
  // Bursts that begin independently, n in a span, are seen as n × exp(-n × gap / span) runs.
  let bursts = runs
  for (let step = 0; step < 20; step++) {
    bursts = Math.min(jobs, runs * Math.exp((bursts * BURST_GAP_MS) / spanMs))
  }
  return Math.max(1, Math.round((jobs / bursts) * 100) / 100)
}

/** Distinct records in play, null = every job has its own: the pool that so many draws show so many records of. */
export function recordPool({ jobs, records }: RecentFunction): number | null {
  if (jobs < JOBS_MIN || records === 0 || records > OWN_RECORD_SHARE * jobs) return null
  // records = pool × (1 - exp(-jobs / pool)), which grows with the pool.
  let [low, high] = [records, records * jobs]
  for (let step = 0; step < 60; step++) {
    const pool = (low + high) / 2
    if (pool * (1 - Math.exp(-jobs / pool)) < records) low = pool
    else high = pool
  }
  return Math.max(1, Math.round(high))
}
