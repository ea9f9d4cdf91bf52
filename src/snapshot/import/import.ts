/**
 * Makes a snapshot of a dump, a CSV or a COPY file: the rows go into a scratch database as they are, and from there
 * through the same capture, masking and workload as those of a production database.
 */
import type { Client } from 'pg'
import { captureSnapshot } from '../capture/capture.ts'
import type { Captured, CaptureOptions } from '../capture/capture.ts'
import { refuseForeign } from '../replace-directory.ts'
import { importRows } from './import-rows.ts'
import type { ImportProgress, ImportSource } from './import-rows.ts'
import type { SourceFormat } from './source.ts'

export interface ImportOptions
  extends
    Omit<CaptureOptions, 'client' | 'source' | 'capturedAt' | 'notes' | 'signal'>,
    ImportProgress {
  /** Of an empty database that nobody else can see and that is gone afterwards: nothing in it is masked. */
  readonly client: Client
  readonly from: ImportSource
}

const SOURCES: Readonly<Record<SourceFormat, CaptureOptions['source']>> = {
  pg_dump: 'pg_dump',
  archive: 'pg_dump',
  csv: 'csv',
  copy: 'copy',
}

/** Throws DrillError: `input` for a source that is no queue, with the line where it can, `harness` else. */
export async function importSnapshot({
  client,
  from,
  signal,
  onBytes,
  ...options
}: ImportOptions): Promise<Captured> {
  await refuseForeign(options.directory, options.overwrite)
  const { format, made, capturedAt } = await importRows(
    client,
    { ...from, series: options.series ?? from.series },
    { signal, onBytes },
  )
  return captureSnapshot({
    ...options,
    client,
    source: SOURCES[format],
    capturedAt: capturedAt.at,
    notes: [
      `captured_at: ${capturedAt.reason}`,
      ...made.map((table) => `${table} is not in the source, it is made of the jobs`),
    ],
    ...(signal === undefined ? {} : { signal }),
  })
}
