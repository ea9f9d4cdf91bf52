/** `odoocli queue retry`: runbook step 3. The dangerous forms are refused, here or by the operation, with the reason. */
import type { CommandModule } from 'yargs'
import { DrillError } from '../../../foundation/errors.ts'
import type { AnswerOf } from '../../client.ts'
import { durationOf, textFlag, wholeNumberOf } from '../flags.ts'
import type { Choose } from '../outcome.ts'
import { counted, table } from '../table.ts'

type Report = AnswerOf<'operations.queue.retry'>

interface RetryArguments {
  channel: string
  'older-than': string
  limit: string | undefined
  force: boolean
}

export function retryCommand(choose: Choose): CommandModule<object, RetryArguments> {
  return {
    command: 'retry',
    describe: 'Bring back failed jobs that are documented safe (runbook step 3)',
    builder: (yargs) =>
      yargs
        .option('channel', { ...textFlag('Of this channel'), demandOption: true })
        .option('older-than', {
          ...textFlag('Only what started so long ago: 20m'),
          demandOption: true,
        })
        .option('limit', textFlag('At most so many, the oldest first'))
        .option('force', {
          type: 'boolean',
          default: false,
          describe: 'Also what is not documented safe, and without a limit; shows in the score',
        })
        .example('$0 queue retry --channel root.stock_sync --older-than 20m --limit 200', '')
        .epilogue('Status 1: nothing came back because everything was refused.'),
    handler: ({ channel, 'older-than': olderThan, limit, force }) => {
      if (limit === undefined && !force) {
        throw new DrillError(
          'input',
          'queue retry: say --limit: without one everything that failed would run at once',
        )
      }
      const request = {
        channel,
        olderThanMs: durationOf('older-than', olderThan),
        limit: limit === undefined ? null : wholeNumberOf('queue retry: --limit', limit),
        ...(force && { force }),
      }
      choose(async (client) => {
        const answer = await client.call('operations.queue.retry', request)
        const nothingLeft = answer.requeued.length === 0 && answer.refused.length > 0
        return {
          answer,
          lines: linesOf(channel, answer),
          remarks: force
            ? ['forced: what is not documented safe runs again, too; it shows in the score']
            : [],
          status: nothingLeft ? 1 : 0,
        }
      })
    },
  }
}

/** Ids named for each reason; all of them are in `--json`. */
const IDS_LISTED = 10

function linesOf(channel: string, { requeued, refused }: Report): string[] {
  const ids = requeued.length === 0 ? '' : `: ${listed(requeued)}`
  const lines = [`requeued ${counted(requeued.length, 'job')} of ${channel}${ids}`]
  if (refused.length === 0) return lines
  const byReason = new Map<string, number[]>()
  for (const { id, reason } of refused) {
    byReason.set(reason, [...(byReason.get(reason) ?? []), id])
  }
  const rows = [...byReason]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([reason, each]) => [String(each.length), reason, listed(each)])
  return [
    ...lines,
    `refused ${counted(refused.length, 'job')}`,
    ...table(['COUNT', 'REASON', 'JOBS'], rows, [0]),
  ]
}

function listed(ids: readonly number[]): string {
  const more = ids.length > IDS_LISTED ? ` and ${ids.length - IDS_LISTED} more` : ''
  return `${ids.slice(0, IDS_LISTED).join(' ')}${more}`
}
