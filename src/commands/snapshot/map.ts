/** `queue-drill snapshot map`: proposes an operations file, or what is missing in the one that is there. */
import type { CommandModule } from 'yargs'
import { DrillError, EXIT } from '../../foundation/errors.ts'
import type { MappedSnapshot } from '../../snapshot/map/map-snapshot.ts'
import type { CommandContext } from '../context.ts'
import { print, printJson } from '../terminal.ts'
import { JSON_OPTION, SNAPSHOT } from './options.ts'

interface MapArguments {
  snapshot: string
  previous: string | undefined
  check: boolean
  'dry-run': boolean
  json: boolean
}

export function mapCommand(context: CommandContext): CommandModule<object, MapArguments> {
  return {
    command: 'map <snapshot>',
    describe: 'Propose operations.yaml, or add to it what is missing',
    builder: (yargs) =>
      yargs
        .positional('snapshot', SNAPSHOT)
        .option('previous', {
          type: 'string',
          requiresArg: true,
          describe: 'The last snapshot: tell what is new and what has gone since',
        })
        .option('check', {
          type: 'boolean',
          default: false,
          describe: 'Write nothing; exit 1 if a function is new, missing or unmapped',
        })
        .option('dry-run', {
          type: 'boolean',
          default: false,
          describe: 'Print the file instead of writing it',
        })
        .option('json', JSON_OPTION)
        .example('$0 snapshot map ./mine', 'write ./mine/operations.yaml, or add to it')
        .example('$0 snapshot map ./mine --previous ./last --check', 'for CI'),
    handler: async (argv) => {
      const { mapSnapshot, writeOperations } = await import('../../snapshot/map/map-snapshot.ts')
      const { parseOperations } = await import('../../scenario/operations-file.ts')
      const mapped = await mapSnapshot(argv.snapshot, argv.previous ?? null)
      const { existing, ...proposal } = mapped
      // What people wrote may be wrong: they hear of it with its line before anything is written.
      if (existing !== null) parseOperations(existing, mapped.path)
      const isWritten = !argv.check && !argv['dry-run'] && mapped.text !== existing
      if (isWritten) {
        await refuseBundled(argv.snapshot)
        await writeOperations(mapped.path, mapped.text)
      }
      if (argv.json) printJson({ ...proposal, isWritten })
      else if (argv['dry-run']) print(mapped.text.trimEnd())
      else print(report(mapped, isWritten))
      const isOpen = mapped.added.length + mapped.unmapped.length + mapped.appeared.length > 0
      if (argv.check && isOpen) context.exitStatus = EXIT.failed
    },
  }
}

async function refuseBundled(name: string): Promise<void> {
  const { bundledSnapshots } = await import('../../snapshot/open.ts')
  if (!(await bundledSnapshots()).includes(name)) return
  throw new DrillError(
    'input',
    `${name} comes with queue-drill and stays as it is: use --dry-run, or map a copy of it`,
  )
}

function report(mapped: MappedSnapshot, isWritten: boolean): string {
  const { path, existing, added, unmapped, appeared, gone } = mapped
  const count = added.length === 1 ? '1 job function' : `${added.length} job functions`
  const done = isWritten ? (existing === null ? 'written with' : 'got') : 'lacks'
  return [
    added.length === 0
      ? `${path}: every job function of the snapshot is in it`
      : `${path}: ${done} ${count}${isWritten ? '; check what is marked "proposed"' : ''}`,
    ...section('added, or to be added', added),
    ...section('unmapped: say what they do', unmapped),
    ...section('new since the previous snapshot', appeared),
    ...section('gone since the previous snapshot; their entries stay', gone),
  ].join('\n')
}

function section(title: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`${title}:`, ...names.map((name) => `  ${name}`)]
}
