/** `queue-drill snapshot capture`. */
import { readFile } from 'node:fs/promises'
import type { CommandModule } from 'yargs'
import { DrillError, messageOf } from '../../foundation/errors.ts'
import { parseDuration } from '../../foundation/time.ts'
import { SERIES } from '../../queue-job/series.ts'
import type { Captured, CaptureOptions } from '../../snapshot/capture/capture.ts'
import type { CommandContext } from '../context.ts'
import { rowsBar } from '../progress.ts'
import { print, printJson } from '../terminal.ts'
import { JSON_OPTION, moment } from './options.ts'
import { MASKING_OPTIONS, maskerOf } from './masking.ts'
import type { MaskingArguments } from './masking.ts'

export interface CaptureArguments extends MaskingArguments {
  from: string | undefined
  to: string
  where: string | undefined
  since: string | undefined
  'done-days': number | undefined
  thin: number | undefined
  'odoo-conf': string | undefined
  channels: string | undefined
  series: CaptureOptions['series']
  profile: CaptureOptions['profile']
  name: string | undefined
  description: string | undefined
  'statement-timeout': string | undefined
  'lock-timeout': string | undefined
  force: boolean
  json: boolean
}

const PROFILES = [
  '12.0',
  '2024',
  '2025',
  '2026',
] as const satisfies readonly CaptureOptions['profile'][]

const text = (describe: string) => ({ type: 'string', requiresArg: true, describe }) as const
const number = (describe: string) => ({ type: 'number', requiresArg: true, describe }) as const

/** `import` takes the same, but for `from` and the timeouts. */
export const CAPTURE_OPTIONS = {
  from: text(
    'postgresql://user@host/database (default: QUEUE_DRILL_FROM, which no process list shows)',
  ),
  to: { ...text('Directory to write'), demandOption: true },
  ...MASKING_OPTIONS,
  where: text('Of the history only what this SQL condition takes'),
  since: text('Of the history only what was created since, such as 2026-11-01'),
  'done-days': number('Done and cancelled jobs of so many days only (failed ones stay)'),
  thin: number('So many percent of the done and cancelled jobs only (failed ones stay)'),
  'odoo-conf': text("Odoo's configuration file: workers, limits, channels"),
  channels: text("The job runner's channel text (ODOO_QUEUE_JOB_CHANNELS); wins over --odoo-conf"),
  series: { ...text('Series of Odoo (default: what the database shows)'), choices: SERIES },
  profile: { ...text('Line of the addon (default: what the database shows)'), choices: PROFILES },
  name: text('Of the snapshot (default: the name of the directory)'),
  description: text('One sentence about the company'),
  'statement-timeout': text('The server ends a statement after this (default: 15m)'),
  'lock-timeout': text('Waiting for a lock ends after this (default: 5s)'),
  force: {
    type: 'boolean',
    default: false,
    describe: 'Replace the snapshot that is there; its operations.yaml stays',
  },
  json: JSON_OPTION,
} as const

export function captureCommand(context: CommandContext): CommandModule<object, CaptureArguments> {
  return {
    command: 'capture',
    describe: 'Take the queue of a database, masked, without writing to it',
    builder: (yargs) =>
      yargs
        .options(CAPTURE_OPTIONS)
        .example('$0 snapshot capture --to ./today --key ./mask.key', 'from QUEUE_DRILL_FROM')
        .example('$0 snapshot capture --from URL --to ./today --done-days 14', 'less history'),
    handler: async (argv) => {
      const { captureSnapshot } = await import('../../snapshot/capture/capture.ts')
      const { connectSource } = await import('../../snapshot/capture/connect.ts')
      const settings = await settingsOf(argv)
      const masker = await maskerOf(argv)
      const client = await connectSource(sourceUrl(argv.from))
      const bar = rowsBar()
      let captured: Captured
      try {
        captured = await captureSnapshot({
          ...settings,
          client,
          source: 'postgresql',
          masker,
          signal: context.signal,
          onProgress: bar.update,
        })
      } finally {
        bar.stop()
        await client.end()
      }
      const { manifest, warnings } = captured
      for (const warning of warnings) process.stderr.write(`queue-drill: warning: ${warning}\n`)
      if (argv.json) printJson({ directory: argv.to, manifest })
      else print(summary(argv.to, captured))
    },
  }
}

function sourceUrl(flag: string | undefined): string {
  const url = flag ?? process.env['QUEUE_DRILL_FROM']
  if (url !== undefined && url !== '') return url
  throw new DrillError(
    'input',
    'say which database: --from postgresql://user@host/database, or the same in QUEUE_DRILL_FROM',
  )
}

type Settings = Omit<CaptureOptions, 'client' | 'source' | 'masker'>

/** The flags, checked before anything is connected to. */
export async function settingsOf(argv: Omit<CaptureArguments, 'from'>): Promise<Settings> {
  const { series, profile, name, description, where } = argv
  const duration = (flag: 'statement-timeout' | 'lock-timeout') =>
    argv[flag] === undefined ? undefined : durationOf(argv[flag], `--${flag}`)
  const statementMs = duration('statement-timeout')
  const lockMs = duration('lock-timeout')
  return {
    directory: argv.to,
    overwrite: argv.force,
    limits: {
      ...(where === undefined ? {} : { where }),
      ...(argv.since === undefined ? {} : { since: moment(argv.since, '--since') }),
      ...within('done-days', argv['done-days'], 36_500, (doneDays) => ({ doneDays })),
      ...within('thin', argv.thin, 100, (donePercent) => ({ donePercent })),
    },
    host: await hostOf(argv),
    ...(series === undefined ? {} : { series }),
    ...(profile === undefined ? {} : { profile }),
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    timeouts: {
      ...(statementMs === undefined ? {} : { statementMs }),
      ...(lockMs === undefined ? {} : { lockMs }),
    },
  }
}

function within<T extends object>(
  flag: string,
  value: number | undefined,
  most: number,
  limit: (value: number) => T,
): T | object {
  if (value === undefined) return {}
  if (value >= 0 && value <= most) return limit(value)
  throw new DrillError('input', `--${flag} is ${value}: give a number from 0 to ${most}`)
}

function durationOf(value: string, flag: string): number {
  try {
    return parseDuration(value)
  } catch (error) {
    throw new DrillError('input', `${flag}: ${messageOf(error)}`, { cause: error })
  }
}

async function hostOf({
  'odoo-conf': path,
  channels,
}: Pick<CaptureArguments, 'odoo-conf' | 'channels'>): Promise<NonNullable<CaptureOptions['host']>> {
  const { channelText, parseOdooConf } = await import('../../snapshot/capture/odoo-conf.ts')
  const facts = path === undefined ? {} : parseOdooConf(await readText(path), path)
  if (channels !== undefined) facts.channels = channelText(channels, '--channels')
  return facts
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new DrillError('input', `${path} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

export function summary(directory: string, { manifest }: Captured): string {
  const { tables, capture, masking, detected } = manifest
  const data = masking === 'masked' ? 'masked' : 'NOT masked'
  return [
    `${directory}: ${tables.queue_job.rows} of ${capture!.rows} jobs, ${data}`,
    ...(detected === undefined ? [] : [detected]),
  ].join('\n')
}
