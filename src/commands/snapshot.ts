/** `queue-drill snapshot`: makes a queue on disk, shows what is in one, proves that it is whole. */
import type { Argv, CommandModule } from 'yargs'
import type { CommandContext } from './context.ts'
import { captureCommand } from './snapshot/capture.ts'
import { generateCommand } from './snapshot/generate.ts'
import { importCommand } from './snapshot/import.ts'
import { inspectCommand } from './snapshot/inspect.ts'
import { mapCommand } from './snapshot/map.ts'
import { verifyCommand } from './snapshot/verify.ts'

export function snapshotCommand(context: CommandContext): CommandModule {
  return {
    command: 'snapshot',
    describe: 'Make, inspect and verify snapshots of a queue',
    builder: (yargs: Argv) =>
      yargs
        .command(captureCommand(context))
        .command(generateCommand(context))
        .command(importCommand(context))
        .command(inspectCommand())
        .command(mapCommand(context))
        .command(verifyCommand(context))
        .demandCommand(1, 'say which: capture, generate, import, inspect, map or verify')
        .example('$0 snapshot inspect company-60k', 'what is in it')
        .example('$0 snapshot generate company-60k --out ./mine --rows 300000', 'a larger one')
        .example('$0 snapshot verify ./mine', 'checksums, counts, JSON'),
    handler: () => {},
  }
}
