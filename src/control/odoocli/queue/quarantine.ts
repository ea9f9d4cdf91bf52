/** `odoocli queue quarantine` and `queue release`: runbook step 3, keeping jobs from running, and letting them go. */
import type { CommandModule } from 'yargs'
import {
  durationOf,
  nameOf,
  type Selection,
  SELECTION_FLAGS,
  selectionOf,
  textFlag,
  wholeNumberOf,
} from '../flags.ts'
import type { Choose } from '../outcome.ts'
import { counted } from '../table.ts'

export function quarantineCommand(
  choose: Choose,
): CommandModule<object, Selection & { for: string }> {
  return {
    command: 'quarantine',
    describe: 'Postpone what is pending of a channel or a job function (runbook step 3)',
    builder: (yargs) =>
      yargs
        .options(SELECTION_FLAGS)
        .option('for', {
          ...textFlag('How long from now: 30m, 1h 30m; at most 24h'),
          demandOption: true,
        })
        .example('$0 queue quarantine --channel root.webhook_sync --for 30m', '')
        .epilogue('Jobs that come later are not in it: renew it until the target answers.'),
    handler: (argv) => {
      const selection = selectionOf('queue quarantine', argv)
      const forMs = durationOf('for', argv.for)
      choose(async (client) => {
        const answer = await client.call('operations.queue.quarantine', { ...selection, forMs })
        const { postponed, until } = answer
        return {
          answer,
          lines: [`postponed ${counted(postponed, 'job')} of ${nameOf(selection)} until ${until}`],
        }
      })
    },
  }
}

export function releaseCommand(
  choose: Choose,
): CommandModule<object, Selection & { limit: string | undefined }> {
  return {
    command: 'release',
    describe: 'Let postponed jobs go, a few of them or all',
    builder: (yargs) =>
      yargs
        .options(SELECTION_FLAGS)
        .option('limit', textFlag('At most so many, the oldest first; default all'))
        .example('$0 queue release --channel root.webhook_sync --limit 5', 'canaries first'),
    handler: (argv) => {
      const selection = selectionOf('queue release', argv)
      const limit =
        argv.limit === undefined
          ? {}
          : { limit: wholeNumberOf('queue release: --limit', argv.limit) }
      choose(async (client) => {
        const answer = await client.call('operations.queue.release', { ...selection, ...limit })
        const { released } = answer
        const ids = released.length === 0 ? '' : `: ${released.join(' ')}`
        return {
          answer,
          lines: [`released ${counted(released.length, 'job')} of ${nameOf(selection)}${ids}`],
        }
      })
    },
  }
}
