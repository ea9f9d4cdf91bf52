#!/usr/bin/env node
/**
 * The command: declares what there is, and is the only place that ends the process. An operating error becomes one
 * message and its exit status; anything else is our mistake, shown with its stack (exit 3).
 */
import yargs, { type Argv } from 'yargs'
import { hideBin } from 'yargs/helpers'
import { EXIT_STATUSES, STANDARD_INPUT, type CommandContext } from './commands/context.ts'
import { doctorCommand } from './commands/doctor.ts'
import { enginesCommand } from './commands/engines.ts'
import { initCommand } from './commands/init.ts'
import { runCommand } from './commands/run.ts'
import { scenariosCommand } from './commands/scenarios.ts'
import { scoreCommand } from './commands/score.ts'
import { snapshotCommand } from './commands/snapshot.ts'
import { version } from './commands/version.ts'
import { weeklyCommand } from './commands/weekly.ts'
import { DrillError, EXIT } from './foundation/errors.ts'
import { type CommandLineState, explainUsage, givenOnceExcept } from './foundation/usage.ts'
import { closeEverything, closeEverythingNow } from './sandbox/cleanup.ts'

/** A server that neither answers nor ends must not hold up who wants to leave. */
const PUT_AWAY_MS_MAX = 30_000

// yargs loses a lone dash.
const args = hideBin(process.argv).map((arg) => (arg === '-' ? STANDARD_INPUT : arg))
process.exit(await main(args))

async function main(args: readonly string[]): Promise<number> {
  const context: CommandContext = { signal: handleSignals(), exitStatus: EXIT.passed }
  handleStreams()
  handleEnds()
  let status: number
  try {
    await parser(args, context).parseAsync()
    status = context.exitStatus
  } catch (error) {
    status = report(error)
  }
  status = await putAway(status)
  await flushed(process.stdout)
  return context.signal.aborted ? EXIT.interrupted : status
}

function parser(args: readonly string[], context: CommandContext): Argv {
  const root = yargs(args)
  return (
    root
      .scriptName('queue-drill')
      .usage('$0 <command>\n\nA fire drill for Odoo job queues.')
      .command(runCommand(context))
      .command(scenariosCommand(context))
      .command(snapshotCommand(context))
      .command(enginesCommand())
      .command(scoreCommand(context))
      .command(weeklyCommand(context))
      .command(initCommand())
      .command(doctorCommand(context))
      .demandCommand(1, 'say what to do; `queue-drill --help` lists the commands')
      .strict()
      // A name after a repeatable flag is a scenario, not one more value; a flag given twice is refused below.
      .parserConfiguration({ 'greedy-arrays': false })
      .check(givenOnceExcept(['env', 'every', 'reporter', 'scenario', 'files']))
      .option('color', {
        type: 'boolean',
        describe: 'Colours; --no-color for none (default: on a terminal, unless NO_COLOR is set)',
      })
      .version(version())
      .alias({ help: 'h', version: 'V' })
      .detectLocale(false)
      .wrap(Math.min(100, process.stdout.isTTY ? process.stdout.columns : 100))
      .example('$0 run', 'all bundled drills')
      .example('$0 run dead-webhook --seed 7', 'one of them')
      .example('$0 doctor', 'what this machine can do')
      .epilogue(EXIT_STATUSES)
      .exitProcess(false)
      .fail((message, error) => {
        // A YError is a wrong flag too; other errors come from the commands themselves.
        const ours = error !== undefined && error.name !== 'YError'
        if (ours) throw error
        const state = root as unknown as CommandLineState
        throw new DrillError('input', explainUsage(error?.message ?? message, args, state))
      })
  )
}

/** The first Ctrl-C asks the command to clean up and end, the second ends at once. */
function handleSignals(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(EXIT.interrupted)
      process.stderr.write('queue-drill: interrupted, cleaning up; once more to stop at once\n')
      controller.abort(new DrillError('interrupted', 'interrupted'))
    })
  }
  return controller.signal
}

function handleStreams(): void {
  // Whoever read the output has gone (`| head`): the drill goes on to its verdict, in files and exit status.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
}

/** Whatever the end of the process, no server, container or directory of ours stays. */
function handleEnds(): void {
  process.on('exit', closeEverythingNow)
  // Node's own status for a crash is 1, which says here that a drill failed.
  let ending = false
  process.on('uncaughtException', async (error) => {
    // One that comes while the first is being handled must not begin it all over again.
    if (ending) process.exit(EXIT.harness)
    ending = true
    process.exit(await putAway(report(error)))
  })
}

/**
 * Closes what a command left open after an error. Returns the exit status, which a failure here makes 3. What takes
 * too long is left to `closeEverythingNow` and to the next start.
 */
async function putAway(status: number): Promise<number> {
  const late = new DrillError(
    'harness',
    `PostgreSQL did not let go within ${PUT_AWAY_MS_MAX / 1000} s: what is left of it is cleared by the next start in the same mode`,
  )
  try {
    await Promise.race([
      closeEverything(),
      new Promise((_, reject) => setTimeout(reject, PUT_AWAY_MS_MAX, late).unref()),
    ])
    return status
  } catch (error) {
    const failed = report(error)
    return status === EXIT.interrupted ? status : failed
  }
}

/** Prints the error; returns the exit status. */
function report(thrown: unknown): number {
  const error = firstError(thrown)
  if (error instanceof DrillError) {
    // Whoever interrupted has read about it already.
    if (error.code === 'interrupted') return error.exitStatus
    process.stderr.write(`queue-drill: ${error.message}\n`)
    return error.exitStatus
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`queue-drill: this is a mistake in queue-drill itself\n${text}\n`)
  return EXIT.harness
}

/**
 * An error while putting away (`await using`) comes wrapped around the one that began it. Where both are operating errors
 * the first tells what happened; our own mistakes are never hidden behind another error.
 */
function firstError(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== 'SuppressedError') return error
  const { suppressed, error: later } = error as Error & { suppressed: unknown; error: unknown }
  const [first, last] = [firstError(suppressed), firstError(later)]
  return first instanceof DrillError && !(last instanceof DrillError) ? last : first
}

/** Waits until a pipe has taken what was written; ending the process earlier would cut it off. */
async function flushed(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => {
    stream.write('', () => resolve())
  })
}
