/** `queue-drill scenarios`: what can go wrong in a drill, and whether an own file says it right. */
import type { Argv, CommandModule } from 'yargs'
import { DrillError, EXIT } from '../foundation/errors.ts'
import { formatDuration, SECOND } from '../foundation/time.ts'
import type { Operations } from '../queue-job/operations.ts'
import type { CommandContext } from './context.ts'
import { columns, print, printJson } from './terminal.ts'

export function scenariosCommand(context: CommandContext): CommandModule {
  return {
    command: 'scenarios',
    describe: 'Show the bundled scenarios, check your own',
    builder: (yargs: Argv) =>
      yargs
        .command(listCommand())
        .command(showCommand())
        .command(checkCommand(context))
        .command(schemaCommand())
        .demandCommand(1, 'say which: list, show, check or schema')
        .example('$0 scenarios list', 'names and titles')
        .example('$0 scenarios show dead-webhook', 'the file, which opens with its story')
        .example('$0 scenarios check my/*.yaml', 'every problem with line and column'),
    handler: () => {},
  }
}

function listCommand(): CommandModule<object, { json: boolean }> {
  return {
    command: 'list',
    describe: 'List the bundled scenarios',
    builder: (yargs) =>
      yargs
        .option('json', JSON_OPTION)
        .example('$0 scenarios list --json', 'for programs; durations in seconds'),
    handler: async ({ json }) => {
      const { findScenarios } = await import('./find-scenarios.ts')
      const found = await findScenarios([])
      if (json) {
        printJson(
          found.map(({ path, scenario }) => ({
            name: scenario.name,
            title: scenario.title,
            summary: scenario.summary,
            snapshot: scenario.snapshot,
            control: scenario.control,
            duration: scenario.durationMs / SECOND,
            faults: scenario.faults.map(({ kind }) => kind),
            path,
          })),
        )
        return
      }
      const rows = found.map(({ scenario }) => [
        scenario.name,
        formatDuration(scenario.durationMs),
        scenario.snapshot,
        scenario.title,
      ])
      print(columns([['NAME', 'LASTS', 'SNAPSHOT', 'WHAT HAPPENS'], ...rows]))
    },
  }
}

function showCommand(): CommandModule<object, { scenario: string; json: boolean }> {
  return {
    command: 'show <scenario>',
    describe: 'Print a scenario: its story and its file',
    builder: (yargs) =>
      yargs
        .positional('scenario', {
          type: 'string',
          demandOption: true,
          describe: 'Name of a bundled scenario, or a path',
        })
        .option('json', { ...JSON_OPTION, describe: 'Print it as JSON, every default filled in' })
        .example('$0 scenarios show restart-leftovers', 'the story and the file')
        .example('$0 scenarios show ./mine.yaml --json', 'what a drill makes of it'),
    handler: async ({ scenario: name, json }) => {
      const { findScenarioFiles, findScenarios } = await import('./find-scenarios.ts')
      if (json) {
        for (const { scenario } of await findScenarios([name])) printJson(scenario)
        return
      }
      const { readText } = await import('../scenario/scenario-file.ts')
      for (const { path } of await findScenarioFiles([name])) {
        print((await readText(path)).trimEnd())
      }
    },
  }
}

interface CheckArguments {
  files: string[]
  operations: string | undefined
  json: boolean
}

function checkCommand(context: CommandContext): CommandModule<object, CheckArguments> {
  return {
    command: 'check <files..>',
    describe: 'Check scenario files',
    builder: (yargs) =>
      yargs
        .positional('files', {
          type: 'string',
          array: true,
          demandOption: true,
          describe: 'Scenario files, directories or globs; - for standard input',
        })
        .option('operations', {
          type: 'string',
          requiresArg: true,
          describe: 'Also check this operations.yaml, and that it plays every role',
        })
        .option('json', JSON_OPTION)
        .example('$0 scenarios check mine.yaml', 'exit status 2 if something is wrong')
        .example('$0 scenarios check mine.yaml --operations ops.yaml', 'does it fit this queue?'),
    handler: async (argv) => {
      const results = await checkFiles(argv.files, argv.operations)
      const wrong = results.filter(({ problems }) => problems.length > 0)
      if (argv.json) {
        printJson(results)
        if (wrong.length > 0) context.exitStatus = EXIT.input
        return
      }
      for (const { path, problems } of results) if (problems.length === 0) print(`${path}: ok`)
      if (wrong.length > 0) {
        throw new DrillError('input', wrong.flatMap(({ problems }) => problems).join('\n'))
      }
    },
  }
}

interface CheckResult {
  readonly path: string
  /** `file:line:column: text`. */
  readonly problems: readonly string[]
}

async function checkFiles(
  files: readonly string[],
  operationsPath: string | undefined,
): Promise<readonly CheckResult[]> {
  const { findScenarioFiles, readScenario } = await import('./find-scenarios.ts')
  const { problemLine } = await import('../scenario/problems.ts')
  const { bindRoles } = await import('../scenario/bind-roles.ts')
  const results: CheckResult[] = []
  let operations: Operations | null = null
  if (operationsPath !== undefined) {
    const { checkOperations } = await import('../scenario/operations-file.ts')
    const { readText } = await import('../scenario/scenario-file.ts')
    const checked = checkOperations(await readText(operationsPath))
    operations = checked.value
    results.push({
      path: operationsPath,
      problems: checked.problems.map((problem) => problemLine(operationsPath, problem)),
    })
  }
  for (const { path } of await findScenarioFiles(files)) {
    const { scenario, problems } = await readScenario(path)
    const lines = problems.map((problem) => problemLine(path, problem))
    if (scenario !== null && operations !== null) {
      const { unbound } = bindRoles(scenario, operations)
      lines.push(...unbound.map(({ reason }) => `${path}: ${reason}`))
    }
    results.push({ path, problems: lines })
  }
  return results
}

function schemaCommand(): CommandModule<object, { file: string }> {
  return {
    command: 'schema [file]',
    describe: 'Print the JSON Schema (draft 7) for editors',
    builder: (yargs) =>
      yargs
        .positional('file', {
          choices: ['scenario', 'operations', 'queue-drill'] as const,
          default: 'scenario' as const,
          describe: 'Which kind of file',
        })
        .example('$0 scenarios schema > scenario.schema.json', 'for editors'),
    handler: async ({ file }) => {
      if (file === 'operations') {
        const { operationsJsonSchema } = await import('../scenario/operations-schema.ts')
        printJson(operationsJsonSchema())
      } else if (file === 'queue-drill') {
        const { weeklyJsonSchema } = await import('../drill/weekly/config-schema.ts')
        printJson(weeklyJsonSchema())
      } else {
        const { scenarioJsonSchema } = await import('../scenario/scenario-schema.ts')
        printJson(scenarioJsonSchema())
      }
    },
  }
}

const JSON_OPTION = {
  type: 'boolean',
  default: false,
  describe: 'Print one JSON document',
} as const
