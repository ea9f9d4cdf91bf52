/** `odoocli queue`: look at the queue, isolate a part of it, bring back what is safe. */
import type { CommandModule } from 'yargs'
import type { Choose } from '../outcome.ts'
import { blockersCommand } from './blockers.ts'
import { quarantineCommand, releaseCommand } from './quarantine.ts'
import { retryCommand } from './retry.ts'
import { shapeCommand } from './shape.ts'

export function queueCommand(choose: Choose): CommandModule {
  return {
    command: 'queue',
    describe: 'Look at the queue, isolate a part of it, bring back what is safe',
    builder: (yargs) =>
      yargs
        .command(shapeCommand(choose))
        .command(blockersCommand(choose))
        .command(quarantineCommand(choose))
        .command(releaseCommand(choose))
        .command(retryCommand(choose))
        .demandCommand(1, 'say which: shape, blockers, quarantine, release or retry')
        .example('$0 queue shape --baseline', '')
        .example('$0 queue blockers', '')
        .example('$0 queue quarantine --channel root.webhook_sync --for 30m', '')
        .example('$0 queue retry --channel root.stock_sync --older-than 20m --limit 200', ''),
    handler: () => {},
  }
}
