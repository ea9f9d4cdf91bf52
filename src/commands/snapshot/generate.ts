/** `queue-drill snapshot generate`. */
import type { CommandModule } from 'yargs'
import { COMPANIES } from '../../snapshot/generate/companies.ts'
import type { CommandContext } from '../context.ts'
import { progressBar } from '../progress.ts'
import { print, printJson } from '../terminal.ts'
import { JSON_OPTION, moment } from './options.ts'

interface GenerateArguments {
  company: string
  out: string | undefined
  seed: string | undefined
  'jobs-per-day': number | undefined
  rows: number | undefined
  series: string | undefined
  'addon-profile': string | undefined
  'captured-at': string | undefined
  force: boolean
  json: boolean
}

export function generateCommand(context: CommandContext): CommandModule<object, GenerateArguments> {
  return {
    command: 'generate <company>',
    describe: 'Generate the snapshot of an invented company',
    builder: (yargs) =>
      yargs
        .positional('company', {
          type: 'string',
          demandOption: true,
          describe: 'Which one, see below',
        })
        .option('out', {
          type: 'string',
          requiresArg: true,
          describe: 'Directory to write (default: the name of the company, here)',
        })
        .option('seed', {
          type: 'string',
          requiresArg: true,
          describe: 'Another seed makes another history (default: the name of the company)',
        })
        .option('jobs-per-day', {
          type: 'number',
          requiresArg: true,
          describe: "Mean over the week (default: the company's)",
        })
        .option('rows', {
          type: 'number',
          requiresArg: true,
          describe: "Rows of queue_job to keep of the history (default: the company's)",
        })
        .option('series', {
          type: 'string',
          requiresArg: true,
          describe: 'Series of Odoo, 12.0 to 19.0: columns, encodings, states (default: 16.0)',
        })
        .option('addon-profile', {
          type: 'string',
          requiresArg: true,
          describe:
            'Version line of the addon: 12.0, 2024, 2025 or 2026 (default: the oldest of the series)',
        })
        .option('captured-at', {
          type: 'string',
          requiresArg: true,
          describe: 'Moment of the capture, a full hour, such as 2026-11-17T10:00Z',
        })
        .option('force', {
          type: 'boolean',
          default: false,
          describe: 'Replace the snapshot that is there, its operations.yaml too',
        })
        .option('json', JSON_OPTION)
        .epilogue(companyList()),
    handler: async (argv) => {
      const { generateSnapshot } = await import('../../snapshot/generate/generate.ts')
      // With the dot, so that it can be named as a directory beside a bundled snapshot of the same name.
      const directory = argv.out ?? `./${argv.company}`
      const progress = progressBar('rows')
      const manifest = await generateSnapshot({
        company: argv.company,
        directory,
        overwrite: argv.force,
        signal: context.signal,
        ...(argv.seed === undefined ? {} : { seed: argv.seed }),
        ...(argv['jobs-per-day'] === undefined ? {} : { jobsPerDay: argv['jobs-per-day'] }),
        ...(argv.rows === undefined ? {} : { rows: argv.rows }),
        ...(argv.series === undefined ? {} : { series: argv.series }),
        ...(argv['addon-profile'] === undefined ? {} : { profile: argv['addon-profile'] }),
        ...(argv['captured-at'] === undefined
          ? {}
          : { capturedAt: moment(argv['captured-at'], '--captured-at') }),
        onProgress: progress.update,
      }).finally(progress.stop)
      if (argv.json) printJson({ directory, manifest })
      else print(`${directory}: ${manifest.tables.queue_job.rows} jobs, ${manifest.description}`)
    },
  }
}

/** Each company on a line: name, traffic, what it is. */
function companyList(): string {
  const lines = Object.values(COMPANIES).map(({ name, jobsPerDay, description }) => {
    const what = description.replace(' on Odoo {series}', '').replace(/: .*/, '')
    return `  ${name.padEnd(14)} ${jobsPerDay.toLocaleString('en').padStart(6)} jobs a day  ${what}`
  })
  return `Companies:\n${lines.join('\n')}`
}
