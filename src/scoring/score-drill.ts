/**
 * The score of a drill: a pure function of its journal and those of its twins (DESIGN section 6). Nothing of what the
 * engine says of itself is believed; acts count as acts. Judging a stored drill again gives the same score.
 */
import type { JournalSet } from '../journal/events.ts'
import { isoUtc } from '../foundation/time.ts'
import { actions } from './actions.ts'
import { counterfactual } from './counterfactual.ts'
import { leftAlone } from './criteria/control.ts'
import { draining } from './criteria/e1-draining.ts'
import { noReturn } from './criteria/e2-no-return.ts'
import { withinSla } from './criteria/e3-sla.ts'
import { leftClean } from './criteria/e4-left-clean.ts'
import { points } from './evidence.ts'
import { type Facts, factsOf } from './facts.ts'
import { noDuplicates } from './gates/no-duplicates.ts'
import { lossesOf, nothingLost } from './gates/nothing-lost.ts'
import { notTampered } from './gates/not-tampered.ts'
import { calm } from './grade/calm.ts'
import { discipline } from './grade/discipline.ts'
import { speed } from './grade/speed.ts'
import { incidentOf } from './incident.ts'
import type { Criterion, Gate, Score } from './score.ts'
import { SIGNALS } from './signals.ts'
import { timeline } from './timeline.ts'
import { judge } from './verdict.ts'
import { touchedJobs, whyInconclusive } from './was-there-a-drill.ts'

export function scoreDrill(set: JournalSet): Score {
  const facts = factsOf(set)
  const { drill, calm: calmTwin, noop, retryAll, incident } = facts
  const gates = gatesOf(facts)
  const criteria = criteriaOf(facts)
  const { times, lines } = speed(facts)
  const grade = [...lines, ...discipline(facts), ...calm(facts)]
  const touched = touchedJobs(noop, calmTwin)
  const { verdict, reasons } = judge(gates, whyInconclusive(facts, touched), drill, criteria)
  const earned = [...criteria, ...grade].reduce((sum, line) => sum + line.points, 0)
  return {
    verdict,
    reasons,
    end: incident.end,
    // Safety is a gate, never a weight.
    score: verdict === 'unsafe' ? 0 : points(earned),
    gates,
    criteria,
    grade,
    speed: times,
    effects: effectsOf(facts),
    sideEffectFaults: facts.sideEffectFaults,
    counts: {
      loaded: drill.loaded,
      arrived: drill.arrived,
      done: drill.byStateAtEnd.done,
      failed: drill.byStateAtEnd.failed,
      pending: drill.byStateAtEnd.pending,
    },
    touched,
    signals: Object.fromEntries(
      SIGNALS.map((signal) => {
        const at = facts.signals[signal]
        return [signal, at === null ? null : isoUtc(at)]
      }),
    ),
    counterfactuals: {
      engine: counterfactual(drill, facts, incident),
      noop: counterfactual(noop, facts, incidentOf(noop)),
      retryAll: counterfactual(retryAll, facts, incidentOf(retryAll)),
    },
    timeline: timeline(drill),
    actions: actions(drill),
    findings: drill.findings.map(({ at, code, detail }) => ({ at: isoUtc(at), code, detail })),
  }
}

function gatesOf({ drill, sideEffectFaults }: Facts): readonly Gate[] {
  return [
    noDuplicates(sideEffectFaults, drill.effectsTotal),
    nothingLost(drill),
    notTampered(drill),
  ]
}

function criteriaOf(facts: Facts): readonly Criterion[] {
  if (facts.drill.isControl) return [leftAlone(facts)]
  return [draining(facts), noReturn(facts), withinSla(facts), leftClean(facts)]
}

function effectsOf({ drill, sideEffectFaults }: Facts): Score['effects'] {
  const number = (kind: string, owner: string) =>
    sideEffectFaults.filter((fault) => fault.kind === kind && fault.owner === owner).length
  return {
    total: drill.effectsTotal,
    duplicates: number('duplicate', 'engine'),
    duplicatesNotByEngine: number('duplicate', 'queue'),
    staleOverwrites: number('stale overwrite', 'engine'),
    lost: lossesOf(drill).length,
    undecided: sideEffectFaults.filter(({ owner }) => owner === 'undecided').length,
  }
}
