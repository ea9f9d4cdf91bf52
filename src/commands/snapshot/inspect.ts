/** `queue-drill snapshot inspect`. */
import type { CommandModule } from 'yargs'
import { print, printJson } from '../terminal.ts'
import { JSON_OPTION, SNAPSHOT } from './options.ts'

export function inspectCommand(): CommandModule<object, { snapshot: string; json: boolean }> {
  return {
    command: 'inspect <snapshot>',
    describe: 'Show what is in a snapshot',
    builder: (yargs) => yargs.positional('snapshot', SNAPSHOT).option('json', JSON_OPTION),
    handler: async (argv) => {
      const { openSnapshot } = await import('../../snapshot/open.ts')
      const { inspectSnapshot } = await import('../../snapshot/inspect.ts')
      const { inspectionJson, inspectionText } = await import('./inspection.ts')
      const snapshot = await openSnapshot(argv.snapshot)
      const inspection = await inspectSnapshot(snapshot)
      if (argv.json) printJson(inspectionJson(snapshot, inspection))
      else print(inspectionText(snapshot, inspection))
    },
  }
}
