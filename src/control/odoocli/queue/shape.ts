/** `odoocli queue shape`: runbook step 1, and with `--baseline` its record in the incident notes. */
import type { CommandModule } from 'yargs'
import type { AnswerOf, ClientRequestOf } from '../../client.ts'
import type { Choose } from '../outcome.ts'
import { counted, table } from '../table.ts'

/** The runbook's figure. */
const CHANNELS_LISTED = 10

type Shape = AnswerOf<'operations.queue.shape'>

interface ShapeArguments {
  all: boolean
  baseline: boolean
}

export function shapeCommand(choose: Choose): CommandModule<object, ShapeArguments> {
  return {
    command: 'shape',
    describe: 'Count the jobs by state and by channel (runbook step 1)',
    builder: (yargs) =>
      yargs
        .option('all', {
          type: 'boolean',
          default: false,
          describe: `Every channel, not the ${CHANNELS_LISTED} with most pending jobs`,
        })
        .option('baseline', {
          type: 'boolean',
          default: false,
          describe: 'Also write the figures into the incident notes',
        })
        .example('$0 queue shape --baseline', 'before anything is touched'),
    handler: ({ all, baseline }) =>
      choose(async (client) => {
        const answer = await client.call('operations.queue.shape', {})
        if (baseline) await client.call('notes.baseline', baselineOf(answer))
        const shown = all ? answer.channels : answer.channels.slice(0, CHANNELS_LISTED)
        const left = answer.channels.length - shown.length
        return {
          answer,
          lines: linesOf({ ...answer, channels: shown }),
          remarks: [
            ...(left > 0 ? [`${counted(left, 'more channel')}: --all`] : []),
            ...(baseline ? ['the baseline is in the incident notes'] : []),
          ],
        }
      }),
  }
}

/** The figures that the runbook saves: the channels in which something waits, the largest ones. */
function baselineOf({ byState, channels }: Shape): ClientRequestOf<'notes.baseline'> {
  const waiting = channels.filter(({ pending }) => pending > 0).slice(0, CHANNELS_LISTED)
  return {
    byState: Object.fromEntries(byState.map(({ state, jobs }) => [state, jobs])),
    pendingByChannel: Object.fromEntries(waiting.map(({ channel, pending }) => [channel, pending])),
  }
}

function linesOf({ byState, channels }: Shape): string[] {
  return [
    ...table(
      ['STATE', 'JOBS'],
      byState.map(({ state, jobs }) => [state, String(jobs)]),
      [1],
    ),
    '',
    ...table(
      ['CHANNEL', 'PENDING', 'DUE', 'STARTED', 'FAILED', 'OLDEST DUE'],
      channels.map(({ channel, pending, due, started, failed, oldestDue }) => [
        channel,
        ...[pending, due, started, failed].map(String),
        oldestDue ?? '',
      ]),
      [1, 2, 3, 4],
    ),
  ]
}
