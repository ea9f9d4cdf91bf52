/** `queue-drill snapshot verify`. */
import type { CommandModule } from 'yargs'
import { DrillError, EXIT } from '../../foundation/errors.ts'
import type { Manifest } from '../../snapshot/format.ts'
import type { CommandContext } from '../context.ts'
import { print, printJson } from '../terminal.ts'
import { JSON_OPTION, SNAPSHOT } from './options.ts'

export function verifyCommand(
  context: CommandContext,
): CommandModule<object, { snapshot: string; scan: boolean | undefined; json: boolean }> {
  return {
    command: 'verify <snapshot>',
    describe: 'Check checksums, counts, the JSON of every row, and that nothing personal is left',
    builder: (yargs) =>
      yargs
        .positional('snapshot', SNAPSHOT)
        .option('scan', {
          type: 'boolean',
          describe: 'Look for leaks, or not; default: where the snapshot says that it is masked',
        })
        .option('json', JSON_OPTION),
    handler: async (argv) => {
      const { openSnapshot } = await import('../../snapshot/open.ts')
      const { verifySnapshot } = await import('../../snapshot/verify.ts')
      const snapshot = await openSnapshot(argv.snapshot)
      const { files, rows, scanned, problems, problemCount } = await verifySnapshot(
        snapshot,
        argv.scan === undefined ? {} : { scan: argv.scan },
      )
      if (argv.json) {
        printJson({ snapshot: snapshot.name, files, rows, scanned, problemCount, problems })
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
      const leaks = scanned ? ', no leak found' : masked(snapshot.manifest.masking)
      print(`${snapshot.name}: sound (${files} files, ${rows} jobs${leaks})`)
    },
  }
}

/** Why nothing was looked for. */
function masked(masking: Manifest['masking']): string {
  if (masking === 'none') return ', NOT MASKED, not scanned for leaks: --scan does'
  return masking === 'generated' ? ', generated: not scanned for leaks' : ', not scanned for leaks'
}
