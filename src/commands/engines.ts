/** `queue-drill engines`: who can perform the recovery. */
import type { CommandModule } from 'yargs'
import { columns, print, printJson } from './terminal.ts'

export function enginesCommand(): CommandModule {
  return {
    command: 'engines',
    describe: 'Show who can perform the recovery',
    builder: (yargs) =>
      yargs
        .command(listCommand())
        .demandCommand(1, 'say which: list')
        .example('$0 engines list', 'names and what they do')
        .example('$0 run --engine ./mine.mjs', 'a module of your own: docs/engines.md'),
    handler: () => {},
  }
}

function listCommand(): CommandModule<object, { json: boolean }> {
  return {
    command: 'list',
    describe: 'List the built-in engines',
    builder: (yargs) =>
      yargs
        .option('json', { type: 'boolean', default: false, describe: 'Print one JSON document' })
        .example('$0 engines list --json', 'for programs'),
    handler: async ({ json }) => {
      const { BUILT_IN_ENGINES } = await import('../recovery/engines.ts')
      const engines = BUILT_IN_ENGINES.map(({ name, description }) => ({ name, description }))
      if (json) printJson(engines)
      else print(columns(engines.map(({ name, description }) => [name, description])))
    },
  }
}
