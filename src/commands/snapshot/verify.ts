/** `queue-drill snapshot verify`. */
import type { CommandModule } from 'yargs'
import { DrillError, EXIT } from '../../foundation/errors.ts'
import type { Manifest } from '../../snapshot/format.ts'
import type { LeakGroup } from '../../snapshot/leaks/scan-snapshot.ts'
import type { Verification } from '../../snapshot/verify.ts'
import type { CommandContext } from '../context.ts'
import { columns, print, printJson } from '../terminal.ts'
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
          describe:
            'Leaks are problems, or not looked for (--no-scan); default: problems where it is masked, told where it is not',
        })
        .option('json', JSON_OPTION),
    handler: async (argv) => {
      const { openSnapshot } = await import('../../snapshot/open.ts')
      const { verifySnapshot } = await import('../../snapshot/verify.ts')
      const snapshot = await openSnapshot(argv.snapshot)
      const { masking } = snapshot.manifest
      const verification = await verifySnapshot(
        snapshot,
        argv.scan === undefined ? {} : { scan: argv.scan },
      )
      const { files, rows, problems, problemCount, oddities, oddityCount, leaks } = verification
      if (argv.json) {
        printJson({ snapshot: snapshot.name, masking, ...verification })
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
      const more = oddityCount - oddities.length
      for (const line of [...oddities, ...(more > 0 ? [`and ${more} more odd rows`] : [])]) {
        process.stderr.write(`queue-drill: warning: ${line}\n`)
      }
      print(
        `${snapshot.name}: sound (${files} files, ${rows} jobs${scanText(masking, verification)})`,
      )
      if (leaks.length > 0) print(leakTable(leaks))
    },
  }
}

function scanText(masking: Manifest['masking'], { scanned, leaks }: Verification): string {
  if (masking === 'none') {
    const count = leaks.reduce((sum, leak) => sum + leak.count, 0)
    if (!scanned) return ', NOT MASKED, not scanned for leaks'
    return leaks.length === 0
      ? ', NOT MASKED, though no leak found'
      : `, NOT MASKED: ${count} leaks`
  }
  if (scanned) return ', no leak found'
  return masking === 'generated' ? ', generated: not scanned for leaks' : ', not scanned for leaks'
}

function leakTable(leaks: readonly LeakGroup[]): string {
  return columns([
    ['leaks', 'of', 'in', 'first'],
    ...leaks.map(({ count, kind, field, first }) => [String(count), kind, field, first]),
  ])
}
