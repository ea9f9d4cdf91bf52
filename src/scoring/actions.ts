/** What the engine did, in order and in words: its acts, its writes, and what was found about it. */
import { formatDuration, isoUtc, parsePgTimestamp } from '../foundation/time.ts'
import type { ActEvent, WriteEvent } from '../journal/events.ts'
import { count } from './evidence.ts'
import type { Replay } from './replay/replay.ts'
import type { Action } from './score.ts'

export function actions({ acts, writes, findings }: Replay): readonly Action[] {
  const all = [
    ...acts.map((act) => ({ at: act.at, order: act.check, kind: act.act, text: actText(act) })),
    ...writes.map((write) => ({
      at: write.at,
      order: write.check,
      kind: 'write',
      text: writeText(write),
    })),
    ...findings.map(({ at, check, code, detail }) => ({
      at,
      order: check,
      kind: 'finding',
      text: `${code}: ${detail}`,
    })),
  ]
  // A stable sort: within one check acts come first, as the audit is taken when the check is over.
  return all
    .sort((left, right) => left.at - right.at || left.order - right.order)
    .map(({ at, kind, text }) => ({ at: isoUtc(at), kind, text }))
}

function actText(act: ActEvent): string {
  switch (act.act) {
    case 'open':
      return act.byDeed === true
        ? 'acted without opening an incident: its first write counts as the opening'
        : `opened the incident: ${act.signals.join(', ')}`
    case 'close':
      return `closed the incident: ${act.summary}`
    case 'hand-over':
      return `handed the incident over: ${act.summary}`
    case 'baseline':
      return `noted the baseline: ${figures(act.byState)}; pending ${figures(act.pendingByChannel)}`
    case 'decision':
      return `${act.what}, because ${act.why}`
    case 'tracked-fix':
      return `tracked fix for ${subjectText(act.subject)}, owner ${act.owner}: ${act.reason}; isolated by ${act.isolatedBy}`
    case 'doctor':
      return act.healthy ? 'doctor: healthy' : 'doctor: not healthy'
    case 'scale':
      return `workers ${act.by > 0 ? '+' : ''}${act.by}, now ${act.httpWorkers} wanted`
    case 'retry':
      return `queue retry of ${act.channel}, older than ${formatDuration(act.olderThanMs)}, ${act.limit === null ? 'no limit' : `at most ${act.limit}`}${act.forced === true ? ', forced' : ''}: ${act.requeued} brought back, ${act.refused} refused`
    case 'quarantine':
      return `quarantined ${act.channel ?? act.jobFunction} for ${formatDuration(act.forMs)}: ${count(act.postponed, 'job')} postponed`
    case 'release':
      return `released ${act.channel ?? act.jobFunction}: ${count(act.released, 'job')}`
    case 'probe':
      return `asked ${act.integration} whether it works: ${act.answer}`
    case 'lookup':
      return `asked the partner about job ${act.id}: ${act.answer}`
    case 'pause':
    case 'resume':
      return `${act.act}d automation ${act.automation}`
  }
}

function figures(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts)
  return entries.length === 0
    ? 'none'
    : entries.map(([name, number]) => `${name} ${number}`).join(', ')
}

function subjectText(subject: Extract<ActEvent, { act: 'tracked-fix' }>['subject']): string {
  if (subject.jobs !== undefined) {
    const listed = subject.jobs.slice(0, 5).join(', ')
    return `${count(subject.jobs.length, 'job')} (${listed}${subject.jobs.length > 5 ? ', …' : ''})`
  }
  if (subject.jobFunction !== undefined) return subject.jobFunction
  if (subject.channel !== undefined) return `channel ${subject.channel}`
  return subject.signature ?? 'nothing'
}

function writeText({ write, op, via, rows, at }: WriteEvent): string {
  const by = via === 'operation' ? ' (operation)' : ''
  const head = `write ${write}${by}: ${op} of ${count(rows.length, 'row')}`
  if (op !== 'update') return head
  return `${head}${changesText(rows, at)}`
}

/** `: state failed → pending, eta +30m`: the columns that matter to an operator, of the first row. */
function changesText(rows: WriteEvent['rows'], at: number): string {
  const changed = rows[0]?.changed
  if (changed === undefined) return ''
  const parts: string[] = []
  if (changed.state !== undefined) parts.push(`state ${changed.state.join(' → ')}`)
  if (changed.channel !== undefined) parts.push(`channel ${changed.channel.join(' → ')}`)
  if (changed.eta !== undefined) parts.push(`eta ${etaText(changed.eta[1], at)}`)
  if (changed.priority !== undefined) parts.push(`priority ${changed.priority.join(' → ')}`)
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`
}

function etaText(eta: string | null, at: number): string {
  if (eta === null) return 'removed'
  const ahead = parsePgTimestamp(eta) - at
  return ahead <= 0 ? 'now' : `+${formatDuration(ahead)}`
}
