import { expect, test } from 'vitest'
import { renderNotes } from '../../src/report/notes.ts'
import { honestDrill } from '../scoring/story.ts'
import { reportOf } from './sample.ts'

const builder = honestDrill({
  also: (drill) => {
    drill.act(30, { act: 'decision', what: 'Keep pushes\nback', why: 'the shop refuses' })
    drill.act(30, {
      act: 'tracked-fix',
      subject: { channel: 'root' },
      owner: 'shop team',
      reason: 'the shop refuses',
      isolatedBy: 'eta, renewed.',
    })
  },
})
const notes = renderNotes(builder.journal(), reportOf(builder))

test('the incident notes tell baseline, decisions with their reason, tracked fixes, verdict', () => {
  expect(notes).toBe(`# Incident notes: A journal by hand

Drill \`by-hand\` on \`none\`, engine \`by-hand\`, seed 1. Times are virtual, UTC.

## Baseline at 09:25 (+25m)

| state | jobs |
| --- | ---: |
| done | 80 |
| pending | 75 |
| failed | 45 |

| channel | pending |
| --- | ---: |
| root | 75 |

## What was done, and why

* 09:25 (+25m) **Incident opened**: business-lag
* 09:30 (+30m) Keep pushes back — the shop refuses
* 10:05 (+1h 5m) **Closed**: all is well

## Tracked fixes

* 09:30 (+30m) \`root\`: the shop refuses. Owner: shop team. Kept isolated by: eta, renewed.

## Verdict of the drill

**pass**, 100 of 100.
* All gates held; met: E1, E2, E3, E4.
`)
})

test('an engine that did nothing leaves notes that say so', () => {
  const silent = honestDrill({ openedAt: null, closedAt: null, afterwards: () => undefined })
  const journal = silent.journal()
  const quiet = { ...journal, events: journal.events.filter(({ type }) => type !== 'act') }
  const text = renderNotes(quiet, reportOf(silent))
  expect(text).toContain('## What was done, and why\n\nNothing.')
  expect(text).toContain('## Tracked fixes\n\nNone.')
})
