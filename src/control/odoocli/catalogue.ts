/** `odoocli catalogue`: what the team wrote down about repeating its jobs. */
import type { CommandModule } from 'yargs'
import { formatDuration } from '../../foundation/time.ts'
import type { AnswerOf } from '../client.ts'
import type { Choose } from './outcome.ts'
import { table } from './table.ts'

type Entry = AnswerOf<'catalogue'>[string]

export function catalogueCommand(choose: Choose): CommandModule {
  return {
    command: 'catalogue',
    describe: 'List what is documented about repeating each job function',
    builder: (yargs) =>
      yargs
        .example('$0 catalogue', 'what is not in it is unsafe')
        .example('$0 catalogue | grep idempotent', 'what may be repeated at any time'),
    handler: () =>
      choose(async (client) => {
        const answer = await client.call('catalogue', {})
        const rows = Object.values(answer)
          .map(rowOf)
          .sort(([left], [right]) => (left! < right! ? -1 : 1))
        const head = ['FUNCTION', 'SAFETY', 'INTEGRATION', 'SLA', 'VALUE']
        return { answer, lines: table(head, rows, [3]) }
      }),
  }
}

function rowOf({ jobFunction, safety, integration, slaMs, carriesValue }: Entry): string[] {
  return [
    jobFunction,
    safety.kind === 'keyed' ? `keyed for ${formatDuration(safety.retentionMs)}` : safety.kind,
    integration ?? '',
    slaMs === null ? '' : formatDuration(slaMs),
    // An older one must not run after a newer one of the same record.
    carriesValue ? 'in the job' : '',
  ]
}
