/** The columns of `queue_job` that operators and workers change; the audit names only these. */
export const AUDITED_COLUMNS = [
  'state',
  'priority',
  'retry',
  'max_retries',
  'eta',
  'channel',
  'date_created',
  'date_enqueued',
  'date_started',
  'date_done',
  'date_cancelled',
  'exec_time',
  'exc_name',
  'exc_message',
  'exc_info',
  'result',
  'worker_pid',
] as const

/** One of the columns whose changes the audit notes. */
export type AuditedColumn = (typeof AUDITED_COLUMNS)[number]

/** What a write changed in one row: column → [old, new], as PostgreSQL prints them; columns that stay are absent. */
export type ChangedColumns = Partial<
  Readonly<Record<AuditedColumn, readonly [string | null, string | null]>>
>
