/** `odoocli target`: does an integration work, and what does the partner say of one job? */
import type { CommandModule } from 'yargs'
import { wholeNumberOf } from './flags.ts'
import type { Choose } from './outcome.ts'

export function targetCommand(choose: Choose): CommandModule {
  return {
    command: 'target',
    describe: 'Ask an integration whether it works, or what it knows of a job',
    builder: (yargs) =>
      yargs
        .command(probeCommand(choose))
        .command(lookupCommand(choose))
        .demandCommand(1, 'say which: probe or lookup')
        .example('$0 target probe shop', 'nothing happens there')
        .example('$0 target lookup 4711', 'happened, absent or unknown'),
    handler: () => {},
  }
}

function probeCommand(choose: Choose): CommandModule<object, { integration: string }> {
  return {
    command: 'probe <integration>',
    describe: 'Ask an integration whether it works; nothing happens there',
    builder: (yargs) =>
      yargs
        .positional('integration', {
          type: 'string',
          demandOption: true,
          describe: 'Its name in the catalogue',
        })
        .example('$0 target probe shop', 'status 1 where it does not work'),
    handler: ({ integration }) =>
      choose(async (client) => {
        const answer = await client.call('operations.target.probe', { integration })
        const lines = [`${answer.integration}: ${answer.answer} after ${answer.latencyMs} ms`]
        return { answer, lines, status: answer.healthy ? 0 : 1 }
      }),
  }
}

function lookupCommand(choose: Choose): CommandModule<object, { job: string }> {
  return {
    command: 'lookup <job>',
    describe: 'Ask the partner whether the effect of one job has happened',
    builder: (yargs) =>
      yargs
        .positional('job', { type: 'string', demandOption: true, describe: 'Its id' })
        .example('$0 target lookup 4711', 'happened, absent or unknown; status 0 for each'),
    handler: ({ job }) => {
      const id = wholeNumberOf('target lookup: the id of a job', job)
      choose(async (client) => {
        const answer = await client.call('operations.target.lookup', { job: id })
        return { answer, lines: [answer.answer] }
      })
    },
  }
}
