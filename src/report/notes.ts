/**
 * `notes.md`: the incident notes that the runbook asks for, written from the engine's own acts in the journal: baseline,
 * decisions with their reason, tracked fixes; the verdict at the end is ours.
 */
import { formatDuration } from '../foundation/time.ts'
import type { ActEvent, Journal } from '../journal/events.ts'
import { oneLine } from './one-line.ts'
import type { Report } from './report-json.ts'

type ActOf<Kind extends ActEvent['act']> = Extract<ActEvent, { readonly act: Kind }>

export function renderNotes(journal: Journal, report: Report): string {
  const { header, events } = journal
  const acts = events.filter((event): event is ActEvent => event.type === 'act')
  const clock = (at: number) =>
    `${new Date(at).toISOString().slice(11, 16)} (+${formatDuration(at - header.startedAt)})`
  const sections = [
    `# Incident notes: ${report.drill.title}`,
    `Drill \`${report.drill.scenario}\` on \`${report.drill.snapshot}\`, engine \`${report.drill.engine}\`, seed ` +
      `${report.drill.seed}. Times are virtual, UTC.`,
    ...baselines(ofKind(acts, 'baseline'), clock),
    '## What was done, and why',
    timeline(acts, clock),
    '## Tracked fixes',
    fixes(ofKind(acts, 'tracked-fix'), clock),
    '## Verdict of the drill',
    [
      `**${report.verdict}**, ${report.score} of 100.`,
      ...report.reasons.map((text) => `* ${oneLine(text)}`),
    ].join('\n'),
  ]
  return `${sections.join('\n\n')}\n`
}

function ofKind<Kind extends ActEvent['act']>(
  acts: readonly ActEvent[],
  kind: Kind,
): ActOf<Kind>[] {
  return acts.filter((act): act is ActOf<Kind> => act.act === kind)
}

function baselines(acts: readonly ActOf<'baseline'>[], clock: (at: number) => string): string[] {
  return acts.flatMap(({ at, byState, pendingByChannel }) => [
    `## Baseline at ${clock(at)}`,
    table(['state', 'jobs'], byState),
    table(['channel', 'pending'], pendingByChannel),
  ])
}

function table(heads: readonly [string, string], counts: Readonly<Record<string, number>>): string {
  const rows = Object.entries(counts).sort((left, right) => right[1] - left[1])
  return [
    `| ${heads[0]} | ${heads[1]} |`,
    '| --- | ---: |',
    ...rows.map(([name, count]) => `| ${escape(name)} | ${count} |`),
  ].join('\n')
}

function timeline(acts: readonly ActEvent[], clock: (at: number) => string): string {
  const lines = acts.flatMap((act) => {
    const text = lineOf(act)
    return text === null ? [] : [`* ${clock(act.at)} ${oneLine(text)}`]
  })
  return lines.length === 0 ? 'Nothing.' : lines.join('\n')
}

/** Looks around (doctor, probes, questions) are in the journal; the notes tell acts and decisions. */
function lineOf(act: ActEvent): string | null {
  switch (act.act) {
    case 'open':
      return act.byDeed === true
        ? '**Incident opened** by the first write'
        : `**Incident opened**: ${act.signals.join(', ')}`
    case 'close':
      return `**Closed**: ${act.summary}`
    case 'hand-over':
      return `**Handed over**: ${act.summary}`
    case 'decision':
      return `${act.what} — ${act.why}`
    case 'retry':
      return `Retried ${act.requeued} failed jobs of ${act.channel} (limit ${act.limit ?? 'none'}${act.forced === true ? ', forced' : ''}), refused ${act.refused}`
    case 'quarantine':
      return `Quarantined ${act.postponed} pending jobs of ${act.channel ?? act.jobFunction} for ${formatDuration(act.forMs)}`
    case 'release':
      return `Released ${act.released} jobs of ${act.channel ?? act.jobFunction}`
    case 'scale':
      return `Workers ${act.by > 0 ? '+' : ''}${act.by}, now ${act.httpWorkers}`
    case 'pause':
      return `Paused the automation ${act.automation}`
    case 'resume':
      return `Resumed the automation ${act.automation}`
    default:
      return null
  }
}

function fixes(acts: readonly ActOf<'tracked-fix'>[], clock: (at: number) => string): string {
  if (acts.length === 0) return 'None.'
  return acts
    .map(({ at, subject, owner, reason, isolatedBy }) => {
      const what =
        subject.signature ??
        subject.jobFunction ??
        subject.channel ??
        `jobs ${(subject.jobs ?? []).join(', ')}`
      return oneLine(
        `* ${clock(at)} \`${what}\`: ${sentence(reason)} Owner: ${owner}. Kept isolated by: ${sentence(isolatedBy)}`,
      )
    })
    .join('\n')
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

function escape(text: string): string {
  return text.replaceAll('|', '\\|')
}
