/** A comparison with a baseline on a terminal: what was lost first, then what was gained, then what is different. */
import { styleText } from 'node:util'
import Table from 'cli-table3'
import { count } from '../scoring/evidence.ts'
import type { ComparedDrill, ComparedItem, Comparison, Difference } from './compare.ts'
import { oneLine } from './one-line.ts'
import type { Style } from './verdict-style.ts'

export interface ComparisonTableOptions {
  readonly color: boolean
  /** As given on the command line. */
  readonly path: string
  /** The command that makes this run the baseline. */
  readonly updateCommand: string
  /** It was made the baseline by this very run. */
  readonly updated: boolean
}

const ORDER: readonly Difference[] = ['loss', 'gain', 'change']
const STYLES: Readonly<Record<Difference, Style>> = {
  loss: ['bold', 'red'],
  gain: 'green',
  change: 'yellow',
  same: 'dim',
}
const TITLES: Readonly<Record<string, string>> = {
  drill: 'the drill',
  engine: 'the engine works to the end',
  duplicatesNotByEngine: 'duplicates by the queue itself',
  staleOverwrites: 'stale overwrites',
  lost: 'jobs lost',
  undecided: 'side effects undecided',
  detectedAfter: 'detected after',
  mitigatedAfter: 'mitigated after',
  recoveredAfter: 'recovered after',
  slaShare: 'critical jobs in their SLA',
}

/** One line if nothing is different. */
export function renderComparison(
  comparison: Comparison,
  { color, path, updateCommand, updated }: ComparisonTableOptions,
): string {
  const paint = (style: Style, text: string) =>
    color ? styleText(style, text, { validateStream: false }) : text
  const { drills, losses, gains, changes, notAsked } = comparison
  const rows = drills
    .flatMap((drill) => drill.items.map((item) => ({ drill, item })))
    .filter(({ item }) => item.difference !== 'same')
    .sort(
      (left, right) => ORDER.indexOf(left.item.difference) - ORDER.indexOf(right.item.difference),
    )
  const played = drills.filter(({ state }) => state !== 'missing').length
  const figures =
    rows.length === 0
      ? 'nothing is different'
      : [
          ...(losses > 0 ? [paint(STYLES.loss, count(losses, 'loss', 'losses'))] : []),
          ...(gains > 0 ? [paint(STYLES.gain, count(gains, 'gain'))] : []),
          ...(changes > 0 ? [paint(STYLES.change, count(changes, 'change'))] : []),
        ].join(', ')
  const rest = notAsked === 0 ? '' : `; ${notAsked} more in it not asked for`
  const lines = [`against ${path}: ${figures} in ${count(played, 'drill')}${rest}`]
  if (rows.length > 0) lines.push(tableOf(rows, paint))
  if (updated) lines.push(`${path} is written: ${standing(drills)}`)
  else if (losses > 0) lines.push(`if this is meant: ${updateCommand}`)
  else if (rows.length > 0) lines.push(`make it the baseline: ${updateCommand}`)
  return lines.join('\n')
}

function tableOf(
  rows: readonly { readonly drill: ComparedDrill; readonly item: ComparedItem }[],
  paint: (style: Style, text: string) => string,
): string {
  const table = new Table({
    head: ['', 'scenario', 'seed', 'what', 'baseline', 'now', ''],
    colAligns: ['left', 'left', 'right', 'left', 'right', 'right', 'left'],
    style: { head: [], border: [], compact: true },
  })
  for (const { drill, item } of rows) {
    const { difference, before, now, why } = item
    table.push([
      paint(STYLES[difference], difference),
      drill.scenario,
      String(drill.seed),
      TITLES[item.item] ?? item.item,
      before,
      now,
      oneLine(why),
    ])
  }
  return table.toString()
}

/** What is accepted from now on must be read by somebody: drills that do not pass are named. */
function standing(drills: readonly ComparedDrill[]): string {
  const verdicts = drills.flatMap(({ scenario, seed, state, items }) => {
    const now = items.find(({ item }) => item === (state === 'new' ? 'drill' : 'verdict'))?.now
    return state === 'missing' || now === 'pass' ? [] : [`${scenario} (seed ${seed}) ${now}`]
  })
  return verdicts.length === 0
    ? 'every drill of this run passed'
    : `it holds drills that did not pass: ${verdicts.join(', ')}`
}
