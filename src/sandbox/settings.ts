/**
 * Server settings for a PostgreSQL that is thrown away, and those that make two servers behave alike. One list for
 * the embedded server and the container; on a given server only the second part can be had, per database.
 */

/** The oldest server that the drill schema is written for (`drill-schema.ts`). */
export const OLDEST_MAJOR = 13

/**
 * From here on the schema `public` belongs to whoever owns the database; before, to the superuser of the cluster, and
 * only a superuser can give it to a sandbox. The same version learned to copy a template's files on request: before, it
 * always did.
 */
export const OWNED_PUBLIC_MAJOR = 15

/** Nothing here must survive a crash, so nothing is synced, logged for recovery, or cleaned up in the background. */
const THROW_AWAY: Readonly<Record<string, string>> = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  // The data directory may be memory: keep little of the log.
  max_wal_size: '256MB',
  checkpoint_timeout: '1h',
  shared_buffers: '256MB',
  max_connections: '100',
  max_logical_replication_workers: '0',
  // The log is kept for the message of a failed start only.
  log_min_messages: 'log',
  log_checkpoints: 'off',
  // Shared memory as files of the data directory, not in /dev/shm, where a killed server would leave it.
  dynamic_shared_memory_type: 'mmap',
}

/** DESIGN section 3, "Determinism". */
const ALIKE: Readonly<Record<string, string>> = {
  autovacuum: 'off',
  jit: 'off',
  max_parallel_workers_per_gather: '0',
  synchronize_seqscans: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
}

/** `['-c', 'fsync=off', …]`, arguments of `postgres`. */
export function serverArguments(more: Readonly<Record<string, string>> = {}): string[] {
  const settings = { ...THROW_AWAY, ...ALIKE, ...more }
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

/**
 * What every database of ours gets by `alter database`, anew for each clone, since a clone inherits no setting.
 * Ordinary users may set all of these; `lc_messages` is a superuser's and stands in `SUPERUSER_SETTINGS`.
 */
export const DATABASE_SETTINGS: Readonly<Record<string, string>> = {
  timezone: 'UTC',
  datestyle: 'ISO, MDY',
  intervalstyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
  standard_conforming_strings: 'on',
  jit: 'off',
  max_parallel_workers_per_gather: '0',
  synchronize_seqscans: 'off',
  synchronous_commit: 'off',
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
}

export const SUPERUSER_SETTINGS: Readonly<Record<string, string>> = { lc_messages: 'C' }
