/** `odoocli incident`: declares an incident, keeps its notes, and ends it. */
import type { CommandModule } from 'yargs'
import { DrillError } from '../../foundation/errors.ts'
import { didYouMean } from '../../foundation/suggest.ts'
import { type Signal, SIGNALS, type TrackedFix } from '../../recovery/contract.ts'
import { SELECTION_FLAGS, type Selection, textFlag, wholeNumberOf } from './flags.ts'
import type { Choose } from './outcome.ts'

export function incidentCommand(choose: Choose): CommandModule {
  return {
    command: 'incident',
    describe: 'Declare an incident, keep its notes, end it',
    builder: (yargs) =>
      yargs
        .command(openCommand(choose))
        .command(noteCommand(choose))
        .command(fixCommand(choose))
        .command(endCommand(choose, 'close', 'Declare it over', 'closed'))
        .command(
          endCommand(choose, 'hand-over', 'Leave the rest to people: no safe end', 'handed over'),
        )
        .demandCommand(1, 'say which: open, note, fix, close or hand-over')
        .example('$0 incident open --signal pending-grows-started-flat', '')
        .example('$0 incident note "paused the shop" --why "it does not answer"', '')
        .example('$0 incident close "the shop answers, the queue drains"', ''),
    handler: () => {},
  }
}

function openCommand(choose: Choose): CommandModule<object, { signal: string[] }> {
  return {
    command: 'open',
    describe: 'Declare an incident',
    builder: (yargs) =>
      yargs
        .option('signal', {
          type: 'string',
          array: true,
          requiresArg: true,
          demandOption: true,
          describe: `What was seen, one or more of: ${SIGNALS.join(', ')}`,
        })
        .example('$0 incident open --signal business-lag --signal cpu-idle-queue-grows', ''),
    handler: ({ signal }) => {
      const signals = signal.flatMap((each) => each.split(',')).map(signalOf)
      choose(async (client) => {
        const answer = await client.call('open', { signals: [...new Set(signals)] })
        return { answer, lines: ['opened'] }
      })
    },
  }
}

function signalOf(text: string): Signal {
  const signal = SIGNALS.find((each) => each === text)
  if (signal !== undefined) return signal
  throw new DrillError(
    'input',
    `incident open: there is no signal "${text}"${didYouMean(text, SIGNALS)}; there are ${SIGNALS.join(', ')}`,
  )
}

function noteCommand(choose: Choose): CommandModule<object, { what: string[]; why: string }> {
  return {
    command: 'note <what..>',
    describe: 'Write down what was decided, and why',
    builder: (yargs) =>
      yargs
        .positional('what', {
          type: 'string',
          array: true,
          demandOption: true,
          describe: 'What was decided',
        })
        .option('why', { ...textFlag('The reason'), demandOption: true })
        .example('$0 incident note "two more workers" --why "the processors idle"', ''),
    handler: ({ what, why }) =>
      choose(async (client) => {
        const answer = await client.call('notes.decision', { what: what.join(' '), why })
        return { answer, lines: ['noted'] }
      }),
  }
}

interface FixArguments extends Selection {
  signature: string | undefined
  jobs: string | undefined
  owner: string
  reason: string
  'isolated-by': string
}

function fixCommand(choose: Choose): CommandModule<object, FixArguments> {
  return {
    command: 'fix',
    describe: 'Name work that outlives the incident',
    builder: (yargs) =>
      yargs
        .options(SELECTION_FLAGS)
        .option('signature', textFlag('What fails in this way'))
        .option('jobs', textFlag('These jobs, by their ids: 1,2,3'))
        .option('owner', { ...textFlag('Who does it'), demandOption: true })
        .option('reason', { ...textFlag('Why it is left'), demandOption: true })
        .option('isolated-by', {
          ...textFlag('What keeps it from running meanwhile'),
          demandOption: true,
        })
        .example(
          '$0 incident fix --channel root.shop --owner web --reason "no credential" --isolated-by eta',
          '',
        ),
    handler: (argv) => {
      const { owner, reason, 'isolated-by': isolatedBy } = argv
      const subject = subjectOf(argv)
      choose(async (client) => {
        const answer = await client.call('notes.trackedFix', {
          subject,
          owner,
          reason,
          isolatedBy,
        })
        return { answer, lines: ['tracked'] }
      })
    },
  }
}

function subjectOf(argv: FixArguments): TrackedFix['subject'] & { jobs?: number[] } {
  const { channel, function: jobFunction, signature, jobs } = argv
  const given = [channel, jobFunction, signature, jobs].filter((each) => each !== undefined)
  if (given.length !== 1) {
    throw new DrillError(
      'input',
      'incident fix: say one of --channel, --function, --signature and --jobs',
    )
  }
  if (channel !== undefined) return { channel }
  if (jobFunction !== undefined) return { jobFunction }
  if (signature !== undefined) return { signature }
  return {
    jobs: jobs!.split(',').map((id) => wholeNumberOf('incident fix: the id of a job', id.trim())),
  }
}

function endCommand(
  choose: Choose,
  verb: 'close' | 'hand-over',
  describe: string,
  done: string,
): CommandModule<object, { summary: string[] }> {
  return {
    command: `${verb} <summary..>`,
    describe,
    builder: (yargs) =>
      yargs
        .positional('summary', {
          type: 'string',
          array: true,
          demandOption: true,
          describe: 'What happened, and how it ends',
        })
        .example(`$0 incident ${verb} "the shop answers again"`, ''),
    handler: ({ summary }) =>
      choose(async (client) => {
        const name = verb === 'close' ? 'close' : 'handOver'
        const answer = await client.call(name, { summary: summary.join(' ') })
        return { answer, lines: [done] }
      }),
  }
}
