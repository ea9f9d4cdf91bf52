/** `odoocli now`: what time it is in the drill. */
import type { CommandModule } from 'yargs'
import type { Choose } from './outcome.ts'

export function nowCommand(choose: Choose): CommandModule {
  return {
    command: 'now',
    describe: 'Say what time it is in the drill',
    builder: (yargs) => yargs.example('$0 now', 'ISO 8601, in UTC'),
    handler: () =>
      choose(async (client) => {
        const answer = await client.call('now', {})
        return { answer, lines: [answer.now] }
      }),
  }
}
