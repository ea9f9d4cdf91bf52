/** `queue-drill snapshot verify`. */
import type { CommandModule } from 'yargs'
import { DrillError, EXIT } from '../../foundation/errors.ts'
import type { CommandContext } from '../context.ts'
import { print, printJson } from '../terminal.ts'
import { JSON_OPTION, SNAPSHOT } from './options.ts'

export function verifyCommand(
  context: CommandContext,
): CommandModule<object, { snapshot: string; json: boolean }> {
  return {
    command: 'verify <snapshot>',
    describe: 'Check checksums, counts and the JSON of every row',
    builder: (yargs) => yargs.positional('snapshot', SNAPSHOT).option('json', JSON_OPTION),
    handler: async (argv) => {
      const { openSnapshot } = await import('../../snapshot/open.ts')
      const { verifySnapshot } = await import('../../snapshot/verify.ts')
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
