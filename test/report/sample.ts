/** Reports of the story that the scoring tests tell, for the tests of every format. */
import { buildReport, type Report } from '../../src/report/report-json.ts'
import { scoreDrill } from '../../src/scoring/score-drill.ts'
import type { Score } from '../../src/scoring/score.ts'
import { type JournalBuilder, row } from '../scoring/journal-builder.ts'
import { calmTwin, failedPushes, honestDrill, storySet } from '../scoring/story.ts'

const RUN = {
  postgres: { kind: 'embedded', version: '18.4', reason: 'docker does not answer' },
  wall: { load: 0.41, simulate: 2.5, total: 3.04 },
  output: null,
  digest: 'd'.repeat(64),
}

export function reportOf(drill: JournalBuilder, change: Partial<Score> = {}): Report {
  const set = storySet(drill)
  return buildReport({ ...scoreDrill(set), ...change }, set.drill.header, RUN)
}

export const passed = (): Report => reportOf(honestDrill())

/** Three pushes that had gone through are brought back. */
function unsafeDrill(): JournalBuilder {
  return honestDrill({
    also: (drill) => {
      const ids = failedPushes().slice(0, 3)
      const write = drill.write(
        60,
        ids.map((id) => row(id, { state: ['done', 'pending'] })),
      )
      for (const id of ids) drill.run(61, id, 'done', { cause: `engine:${write}` })
    },
  })
}

export const unsafe = (): Report => reportOf(unsafeDrill())

export function failed(): Report {
  return reportOf(
    honestDrill({
      also: (drill) => void drill.finding(100, 'engine-threw', 'Error: \u001B[31mno'),
    }),
  )
}

export function inconclusive(): Report {
  const quiet = calmTwin()
  const score = scoreDrill({ drill: quiet, calm: quiet, noop: quiet, retryAll: quiet })
  return buildReport(score, quiet.header, RUN)
}
