/** `odoocli queue blockers`: runbook step 2. */
import type { CommandModule } from 'yargs'
import { textFlag, wholeNumberOf } from '../flags.ts'
import type { Choose } from '../outcome.ts'
import { table } from '../table.ts'

export function blockersCommand(
  choose: Choose,
): CommandModule<object, { limit: string | undefined }> {
  return {
    command: 'blockers',
    describe: 'List the oldest pending and failed jobs of the incident (runbook step 2)',
    builder: (yargs) =>
      yargs
        .option('limit', textFlag('At most so many; default 30'))
        .example('$0 queue blockers', 'the oldest thirty')
        .example('$0 queue blockers --limit 200 | grep ReadTimeout', ''),
    handler: ({ limit }) => {
      const request =
        limit === undefined ? {} : { limit: wholeNumberOf('queue blockers: --limit', limit) }
      choose(async (client) => {
        const answer = await client.call('operations.queue.blockers', request)
        const rows = answer.map(({ id, state, channel, jobFunction, eta, ...rest }) => [
          String(id),
          state,
          channel,
          jobFunction,
          eta ?? '',
          rest.dateCreated,
          rest.exception,
        ])
        const head = ['ID', 'STATE', 'CHANNEL', 'FUNCTION', 'ETA', 'CREATED', 'EXCEPTION']
        return { answer, lines: table(head, rows, [0]) }
      })
    },
  }
}
