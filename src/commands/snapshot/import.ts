/** `queue-drill snapshot import`. */
import { stat } from 'node:fs/promises'
import type { CommandModule } from 'yargs'
import { placesForDirectories } from '../../sandbox/embedded/directory.ts'
import type { Captured } from '../../snapshot/capture/capture.ts'
import type { ImportSource } from '../../snapshot/import/import-rows.ts'
import { SOURCE_FORMATS } from '../../snapshot/import/source.ts'
import type { SourceFormat } from '../../snapshot/import/source.ts'
import { STANDARD_INPUT, type CommandContext } from '../context.ts'
import { progressBar, rowsBar } from '../progress.ts'
import { print, printJson } from '../terminal.ts'
import { CAPTURE_OPTIONS, settingsOf, summary } from './capture.ts'
import type { CaptureArguments } from './capture.ts'
import { maskerOf } from './masking.ts'
import { moment } from './options.ts'

interface ImportArguments extends Omit<
  CaptureArguments,
  'from' | 'statement-timeout' | 'lock-timeout'
> {
  source: string
  format: SourceFormat | undefined
  schema: string | undefined
  encoding: string | undefined
  columns: string | undefined
  'channels-csv': string | undefined
  'functions-csv': string | undefined
  'captured-at': string | undefined
  postgres: string
}

/** A dump of this size, unpacked and indexed, may be more than the memory that a server is given room in. */
const MEMORY_BYTES_MAX = 512 * 1024 * 1024
const MB = 1024 * 1024

const text = (describe: string) => ({ type: 'string', requiresArg: true, describe }) as const

const {
  from: _from,
  'statement-timeout': _statement,
  'lock-timeout': _lock,
  ...SHARED
} = CAPTURE_OPTIONS

/** Nobody else waits for a scratch database. */
const UNHURRIED = { 'statement-timeout': '24h', 'lock-timeout': '1m' } as const

const OPTIONS = {
  ...SHARED,
  format: {
    ...text(
      'What the source is (default: as it looks); archive: custom, directory or tar of pg_dump',
    ),
    choices: SOURCE_FORMATS,
  },
  schema: text('Of the tables, where a dump has them in several'),
  encoding: text('Of a CSV or COPY file, as PostgreSQL names it, such as LATIN1 (default: UTF8)'),
  columns: text('Of a COPY file, in their order: id,uuid,…'),
  'channels-csv': text(
    'CSV of queue_job_channel beside that of queue_job (default: made of the jobs)',
  ),
  'functions-csv': text('CSV of queue_job_function beside it (default: made of the jobs)'),
  'captured-at': text(
    'Moment that the rows show (default: as the dump says, else their newest date)',
  ),
  postgres: {
    ...text('Where the rows stand until they are masked: embedded, container, auto or a URL'),
    default: 'embedded',
  },
} as const

export function importCommand(context: CommandContext): CommandModule<object, ImportArguments> {
  return {
    command: 'import <source>',
    describe: 'Make a snapshot of a dump, a CSV or a COPY file, masked',
    builder: (yargs) =>
      yargs
        .positional('source', {
          type: 'string',
          demandOption: true,
          describe:
            'File or directory of pg_dump, CSV with a header, COPY file; - = standard input',
        })
        .options(OPTIONS)
        .example('$0 snapshot import dump.sql.gz --to ./today --key ./mask.key', 'of pg_dump')
        .example("pg_dump -t 'queue_job*' odoo | $0 snapshot import - --to ./today", 'no file'),
    handler: async (argv) => {
      const settings = await settingsOf({ ...argv, ...UNHURRIED })
      const masker = await maskerOf(argv)
      const from = sourceOf(argv)
      const size = await sizeOf(from.path)
      const { openServer } = await import('../../sandbox/server.ts')
      const { importSnapshot } = await import('../../snapshot/import/import.ts')
      const reading = readingBar(size)
      const writing = rowsBar()
      let captured: Captured
      const server = await openServer(argv.postgres, { embedded: { places: placesFor(size) } })
      try {
        captured = await server.scratch((client) =>
          importSnapshot({
            ...settings,
            client,
            from,
            masker,
            signal: context.signal,
            onBytes: reading.update,
            onProgress: (progress) => {
              reading.stop()
              writing.update(progress)
            },
          }),
        )
      } finally {
        reading.stop()
        writing.stop()
        await server[Symbol.asyncDispose]()
      }
      for (const warning of captured.warnings) {
        process.stderr.write(`queue-drill: warning: ${warning}\n`)
      }
      if (argv.json) printJson({ directory: argv.to, manifest: captured.manifest })
      else print(summary(argv.to, captured))
    },
  }
}

function sourceOf(argv: ImportArguments): ImportSource {
  const { columns, 'captured-at': capturedAt } = argv
  return {
    ...(argv.source === STANDARD_INPUT
      ? { path: 'standard input', stream: process.stdin }
      : { path: argv.source }),
    format: argv.format,
    schema: argv.schema,
    encoding: argv.encoding,
    columns: columns?.split(',').map((column) => column.trim()),
    channelsPath: argv['channels-csv'],
    functionsPath: argv['functions-csv'],
    series: argv.series,
    capturedAt: capturedAt === undefined ? undefined : moment(capturedAt, '--captured-at'),
  }
}

/** Until the rows are in the scratch database; nothing where the size is not known. */
function readingBar(size: number | null): { update: (bytes: number) => void; stop: () => void } {
  if (size === null) return { update: () => {}, stop: () => {} }
  const bar = progressBar('MB read')
  let stopped = false
  return {
    update: (bytes) => bar.update(Math.round(bytes / MB), Math.ceil(size / MB)),
    stop: () => {
      if (!stopped) bar.stop()
      stopped = true
    },
  }
}

/** Bytes; null = not to be told: standard input, a directory, nothing there (which the import explains). */
async function sizeOf(path: string): Promise<number | null> {
  try {
    const status = await stat(path)
    return status.isFile() ? status.size : null
  } catch {
    return null
  }
}

/** A large queue goes to the disk, also one of unknown size. */
function placesFor(size: number | null): string[] {
  const isSmall = size !== null && size <= MEMORY_BYTES_MAX
  return placesForDirectories().filter((place) => isSmall || place !== '/dev/shm')
}
