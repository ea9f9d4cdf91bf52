/** Live drills as processes: a facilitator at standard input, people in shells of their own. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import type { JournalEvent, JournalHeader } from '../../src/journal/events.ts'
import { type DrillProcess, Place } from './drill-process.ts'

const INCIDENT = `title: The shop hangs
summary: It does so for a quarter of an hour.
snapshot: company-25k
faults:
  - { kind: target-down, roles: [webhook], from: 2m, until: 15m, answer: hang }
hints:
  - Look at the shop.
  - The shop hangs.
thresholds:
  touchedMin: 20
`

const QUIET = `title: Nothing is wrong
summary: A day like any other.
snapshot: company-25k
duration: 40m
control: true
`

/** With `incident.yaml` (a shop that hangs) and `quiet.yaml` (a control scenario). */
export async function openLivePlace(): Promise<Place> {
  const place = await Place.open()
  await place.write('incident.yaml', INCIDENT)
  await place.write('quiet.yaml', QUIET)
  return place
}

/** Starts one; settles with the file that the people source. */
export async function openLive(
  place: Place,
  args: readonly string[],
): Promise<{ drill: DrillProcess; envFile: string }> {
  const drill = place.start(['live', ...args, '--postgres', 'embedded'])
  const [, envFile] = await drill.untilPrints(/^ {4}\. (\/.*)$/m)
  return { drill, envFile: envFile! }
}

/** A command in a terminal of the people; what it prints. */
export async function shell(envFile: string, command: string): Promise<string> {
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', `. '${envFile}'\n${command}`])
  return stdout.trim()
}

/** What the facilitator is answered. */
export async function ask(
  drill: DrillProcess,
  line: string,
  answer: RegExp,
): Promise<RegExpExecArray> {
  const from = drill.stdout.length
  drill.type(line)
  return drill.untilPrints(answer, from)
}

async function lines(place: Place, path: readonly string[]): Promise<string[]> {
  const text = gunzipSync(await readFile(place.file(...path))).toString()
  return text.trimEnd().split('\n')
}

/** Events of a journal below the place. */
export async function journalOf(place: Place, ...path: string[]): Promise<JournalEvent[]> {
  return (await lines(place, path)).slice(1).map((line) => JSON.parse(line) as JournalEvent)
}

export async function headerOf(place: Place, ...path: string[]): Promise<JournalHeader> {
  return JSON.parse((await lines(place, path))[0]!) as JournalHeader
}

/** Those of one type. */
export function ofType<Type extends JournalEvent['type']>(
  events: readonly JournalEvent[],
  type: Type,
): Extract<JournalEvent, { type: Type }>[] {
  return events.filter(
    (event): event is Extract<JournalEvent, { type: Type }> => event.type === type,
  )
}
