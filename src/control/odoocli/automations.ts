/** `odoocli automations`: home-made scripts that act on the queue by themselves. */
import type { CommandModule } from 'yargs'
import { formatDuration } from '../../foundation/time.ts'
import type { Choose } from './outcome.ts'
import { table } from './table.ts'

export function automationsCommand(choose: Choose): CommandModule {
  return {
    command: 'automations',
    describe: 'Show, stop and resume the scripts that act on the queue by themselves',
    builder: (yargs) =>
      yargs
        .command(listCommand(choose))
        .command(switchCommand(choose, 'pause', 'Stop one of them', 'paused'))
        .command(switchCommand(choose, 'resume', 'Let one of them go on', 'resumed'))
        .demandCommand(1, 'say which: list, pause or resume')
        .example('$0 automations list', 'what there is')
        .example('$0 automations pause requeue-failed', 'until it is resumed'),
    handler: () => {},
  }
}

function listCommand(choose: Choose): CommandModule {
  return {
    command: 'list',
    describe: 'List them',
    builder: (yargs) => yargs.example('$0 automations list --json', 'for programs'),
    handler: () =>
      choose(async (client) => {
        const answer = await client.call('operations.automations.list', {})
        const rows = answer.map(({ name, everyMs, paused, description }) => [
          name,
          formatDuration(everyMs),
          paused ? 'paused' : 'running',
          description,
        ])
        return { answer, lines: table(['NAME', 'EVERY', 'STATE', 'WHAT IT DOES'], rows, [1]) }
      }),
  }
}

function switchCommand(
  choose: Choose,
  verb: 'pause' | 'resume',
  describe: string,
  done: string,
): CommandModule<object, { name: string }> {
  return {
    command: `${verb} <name>`,
    describe,
    builder: (yargs) =>
      yargs
        .positional('name', {
          type: 'string',
          demandOption: true,
          describe: 'As the list names it',
        })
        .example(`$0 automations ${verb} requeue-failed`, ''),
    handler: ({ name }) =>
      choose(async (client) => {
        const answer = await client.call(`operations.automations.${verb}`, { name })
        return { answer, lines: [`${done} ${name}`] }
      }),
  }
}
