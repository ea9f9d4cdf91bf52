/** `odoocli workers`: HTTP workers, and with them the slots of root. */
import type { CommandModule } from 'yargs'
import { DrillError } from '../../foundation/errors.ts'
import { didYouMean } from '../../foundation/suggest.ts'
import type { AnswerOf } from '../client.ts'
import { textFlag } from './flags.ts'
import type { Choose } from './outcome.ts'
import { pairs } from './table.ts'

/** Odoo has no others. */
const POOL = 'queue'

export function workersCommand(choose: Choose): CommandModule {
  return {
    command: 'workers',
    describe: 'Show the workers, add some, take some away',
    builder: (yargs) =>
      yargs
        .command(scaleCommand(choose))
        .command(showCommand(choose))
        .demandCommand(1, 'say which: scale or show')
        .example('$0 workers scale queue --count +2', 'two more, as the runbook writes it')
        .example('$0 workers show', 'how many there are'),
    handler: () => {},
  }
}

function scaleCommand(choose: Choose): CommandModule<object, { pool: string; count: string }> {
  return {
    command: 'scale <pool>',
    describe: 'Add or remove workers, and as many slots of root',
    builder: (yargs) =>
      yargs
        .positional('pool', {
          type: 'string',
          demandOption: true,
          describe: `Which workers; the only ones are "${POOL}"`,
        })
        .option('count', {
          ...textFlag('+2: two more; -2: two fewer; 6: make it six'),
          demandOption: true,
        })
        .example('$0 workers scale queue --count +2', 'two more')
        .example('$0 workers scale queue --count -2', 'and back')
        .example('$0 workers scale queue --count 6', 'make it six'),
    handler: ({ pool, count }) => {
      if (pool !== POOL) {
        const meant = didYouMean(pool, [POOL])
        throw new DrillError(
          'input',
          `workers scale: there is no pool "${pool}"${meant}; there is only ${POOL}`,
        )
      }
      const wanted = parseCount(count)
      choose(async (client) => {
        if ('by' in wanted) {
          const answer = await client.call('operations.workers.scale', wanted)
          return { answer, lines: linesOf(answer) }
        }
        const before = await client.call('operations.workers.show', {})
        const by = wanted.workers - before.httpWorkers - before.starting
        if (by === 0) {
          const remarks = [`there are ${wanted.workers} workers already: nothing to do`]
          return { answer: before, lines: linesOf(before), remarks }
        }
        const answer = await client.call('operations.workers.scale', { by })
        return { answer, lines: linesOf(answer) }
      })
    },
  }
}

/** So many more or fewer, or so many there shall be. */
type Count = { readonly by: number } | { readonly workers: number }

function parseCount(text: string): Count {
  const [, sign, digits] = /^([+-]?)(\d{1,4})$/.exec(text) ?? []
  const number = Number(digits)
  if (sign === undefined || number === 0) {
    throw new DrillError(
      'input',
      `workers scale: --count is +2 for two more, -2 for two fewer, or 6 to make it six, and not "${text}"`,
    )
  }
  if (sign === '') return { workers: number }
  return { by: sign === '-' ? -number : number }
}

function showCommand(choose: Choose): CommandModule {
  return {
    command: 'show',
    describe: 'Show the workers and the slots of root',
    builder: (yargs) => yargs.example('$0 workers show --json', 'with the process ids'),
    handler: () =>
      choose(async (client) => {
        const answer = await client.call('operations.workers.show', {})
        return { answer, lines: linesOf(answer) }
      }),
  }
}

function linesOf(report: AnswerOf<'operations.workers.show'>): string[] {
  const { httpWorkers, starting, busy, rootCapacity } = report
  return pairs([
    ['workers', String(httpWorkers)],
    ['starting', String(starting)],
    ['busy', String(busy)],
    ['slots of root', String(rootCapacity)],
  ])
}
