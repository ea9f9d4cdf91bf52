/** `queue-drill score`: judges a stored drill again, perhaps with newer rules. */
import type { CommandModule } from 'yargs'
import { EXIT_STATUSES, type CommandContext } from './context.ts'
import { repeatCommand } from '../drill/repeat.ts'
import { print, printJson, terminalWidth, wantsColor } from './terminal.ts'

interface ScoreArguments {
  directory: string
  json: boolean
  color?: boolean | undefined
}

export function scoreCommand(context: CommandContext): CommandModule<object, ScoreArguments> {
  return {
    command: 'score <directory>',
    describe: 'Judge a stored drill again',
    builder: (yargs) =>
      yargs
        .positional('directory', {
          type: 'string',
          demandOption: true,
          describe: 'Directory of a run, or of one of its drills',
        })
        .option('json', { type: 'boolean', default: false, describe: 'Print the reports as JSON' })
        .example('$0 score .queue-drill/runs/latest', 'the last run; exit status as after the run')
        .example('$0 score ./results/dead-webhook --json', 'one drill, for programs')
        .epilogue(EXIT_STATUSES),
    handler: async ({ directory, json, color }) => {
      const { scoreDirectory } = await import('../drill/score-directory.ts')
      const { statusOf, worstStatus } = await import('../drill/status.ts')
      const stored = await scoreDirectory(directory)
      if (json) {
        printJson({ drills: stored.map(({ report }) => report) })
      } else {
        const { renderScorecard } = await import('../report/scorecard.ts')
        const layout = { color: wantsColor(color), width: terminalWidth() }
        for (const { report, directory: place } of stored) {
          const { scenario, engine, seed } = report.drill
          const none = { snapshot: null, start: null, duration: null }
          const repeat = repeatCommand({ scenario, engine, seed, ...none })
          print(renderScorecard(report, { ...layout, directory: place, repeat }))
        }
      }
      context.exitStatus = worstStatus(stored.map(({ report }) => statusOf(report, null)))
    },
  }
}
