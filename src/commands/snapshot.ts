/** `queue-drill snapshot`: makes a queue on disk, shows what is in one, proves that it is whole. */
import type { Argv, CommandModule } from 'yargs'
import { DrillError, EXIT } from '../foundation/errors.ts'
import type { CommandContext } from './context.ts'
import { print, printJson } from './terminal.ts'

export function snapshotCommand(context: CommandContext): CommandModule {
  return {
    command: 'snapshot',
    describe: 'Make, inspect and verify snapshots of a queue',
    builder: (yargs: Argv) =>
      yargs
        .command(generateCommand(context))
        .command(inspectCommand())
        .command(verifyCommand(context))
        .demandCommand(1, 'say which: generate, inspect or verify')
        .example('$0 snapshot inspect company-60k', 'what is in it')
        .example('$0 snapshot generate company-60k --out ./mine --rows 300000', 'a larger one')
        .example('$0 snapshot verify ./mine', 'checksums, counts, JSON'),
    handler: () => {},
  }
}

interface GenerateArguments {
  company: string
  out: string | undefined
  seed: string | undefined
  'jobs-per-day': number | undefined
  rows: number | undefined
  'captured-at': string | undefined
  force: boolean
  json: boolean
}

function generateCommand(context: CommandContext): CommandModule<object, GenerateArguments> {
  return {
    command: 'generate <company>',
    describe: 'Generate the snapshot of an invented company',
    builder: (yargs) =>
      yargs
        .positional('company', {
          type: 'string',
          demandOption: true,
          describe: 'company-25k or company-60k',
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
        .option('json', JSON_OPTION),
    handler: async (argv) => {
      const { generateSnapshot } = await import('../snapshot/generate/generate.ts')
      // With the dot, so that it can be named as a directory beside a bundled snapshot of the same name.
      const directory = argv.out ?? `./${argv.company}`
      const progress = await progressBar('rows')
      const manifest = await generateSnapshot({
        company: argv.company,
        directory,
        overwrite: argv.force,
        signal: context.signal,
        ...(argv.seed === undefined ? {} : { seed: argv.seed }),
        ...(argv['jobs-per-day'] === undefined ? {} : { jobsPerDay: argv['jobs-per-day'] }),
        ...(argv.rows === undefined ? {} : { rows: argv.rows }),
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

function inspectCommand(): CommandModule<object, { snapshot: string; json: boolean }> {
  return {
    command: 'inspect <snapshot>',
    describe: 'Show what is in a snapshot',
    builder: (yargs) => yargs.positional('snapshot', SNAPSHOT).option('json', JSON_OPTION),
    handler: async (argv) => {
      const { openSnapshot } = await import('../snapshot/open.ts')
      const { inspectSnapshot } = await import('../snapshot/inspect.ts')
      const { inspectionJson, inspectionText } = await import('./snapshot-inspection.ts')
      const snapshot = await openSnapshot(argv.snapshot)
      const inspection = await inspectSnapshot(snapshot)
      if (argv.json) printJson(inspectionJson(snapshot, inspection))
      else print(inspectionText(snapshot, inspection))
    },
  }
}

function verifyCommand(
  context: CommandContext,
): CommandModule<object, { snapshot: string; json: boolean }> {
  return {
    command: 'verify <snapshot>',
    describe: 'Check checksums, counts and the JSON of every row',
    builder: (yargs) => yargs.positional('snapshot', SNAPSHOT).option('json', JSON_OPTION),
    handler: async (argv) => {
      const { openSnapshot } = await import('../snapshot/open.ts')
      const { verifySnapshot } = await import('../snapshot/verify.ts')
      const snapshot = await openSnapshot(argv.snapshot)
      const { files, rows, problems, problemCount } = await verifySnapshot(snapshot)
      if (argv.json) {
        printJson({ snapshot: snapshot.name, files, rows, problemCount, problems })
        if (problemCount > 0) context.exitStatus = EXIT.input
        return
      }
      if (problemCount > 0) {
        const rest = problemCount - problems.length
        throw new DrillError(
          'input',
          [
            `${snapshot.directory} is not sound:`,
            ...problems.map((problem) => `  ${problem}`),
            ...(rest > 0 ? [`  and ${rest} more`] : []),
          ].join('\n'),
        )
      }
      print(`${snapshot.name}: sound (${files} files, ${rows} jobs)`)
    },
  }
}

/** A moment in UTC unless the text names another zone; the machine's own zone never counts. */
function moment(text: string, flag: string): number {
  const zoned = /(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`
  const at = Date.parse(/^\d{4}-\d\d-\d\dZ$/.test(zoned) ? zoned.replace('Z', 'T00:00Z') : zoned)
  if (!Number.isNaN(at)) return at
  throw new DrillError('input', `${flag} "${text}" is not a moment: write it as 2026-11-17T10:00Z`)
}

/** On a terminal only; elsewhere nothing is drawn. */
async function progressBar(
  unit: string,
): Promise<{ update: (done: number, of: number) => void; stop: () => void }> {
  if (!process.stderr.isTTY) return { update: () => {}, stop: () => {} }
  const { default: progress } = await import('cli-progress')
  const bar = new progress.SingleBar({
    format: `{bar} {percentage}%  {value}/{total} ${unit}`,
    clearOnComplete: true,
    hideCursor: true,
  })
  bar.start(1, 0)
  return {
    update: (done, of) => {
      bar.setTotal(of)
      bar.update(done)
    },
    stop: () => bar.stop(),
  }
}

const SNAPSHOT = {
  type: 'string',
  demandOption: true,
  describe: 'Name of a bundled snapshot, or a directory',
} as const

const JSON_OPTION = {
  type: 'boolean',
  default: false,
  describe: 'Print one JSON document',
} as const
