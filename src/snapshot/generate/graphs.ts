/**
 * Job graphs: several parents, one child that waits for them all. Made whole, because their rows name each other. Some
 * are long done, some wait in good order, and some wait for ever, because a parent failed (reference 5.6).
 */
import { random } from '../../foundation/random.ts'
import type { Random } from '../../foundation/random.ts'
import { DAY, HOUR, MINUTE } from '../../foundation/time.ts'
import type { Company } from './company.ts'
import { MICROSECONDS, uuidFrom } from './draft.ts'
import type { JobDraft } from './draft.ts'
import { functionNamed } from './job-function.ts'
import type { JobFunction } from './job-function.ts'
import { doneJob, failedJob } from './lives.ts'

const PARENTS = 3

/** `done` — all finished; `stuck` — one parent failed; `waiting` — the parents wait for tonight. */
type GraphEnd = 'done' | 'stuck' | 'waiting'

export function graphDrafts(
  { functions, cast }: Pick<Company, 'functions' | 'cast'>,
  seed: string,
  capturedAt: number,
): JobDraft[] {
  const parent = functionNamed(functions, cast.graph.parent)
  const child = functionNamed(functions, cast.graph.child)
  const draw = random(seed, 'graphs')
  const ago = (ms: number): number => (capturedAt - ms) * MICROSECONDS
  const ends: readonly (readonly [GraphEnd, number])[] = [
    ...Array.from({ length: 5 }, () => ['done', draw.int(2, 40) * DAY + draw.int(0, DAY)] as const),
    ['stuck', 37 * DAY + 5 * HOUR],
    ['stuck', 11 * DAY + 3 * HOUR],
    ['waiting', 3 * HOUR + 11 * MINUTE],
    ['waiting', 26 * MINUTE],
  ]
  return ends.flatMap(([end, age]) => graph(parent, child, end, ago(age), capturedAt, draw))
}

function graph(
  parent: JobFunction,
  child: JobFunction,
  end: GraphEnd,
  createdUs: number,
  capturedAt: number,
  draw: Random,
): JobDraft[] {
  const endUs = capturedAt * MICROSECONDS
  const uuid = uuidFrom(draw)
  const childUuid = uuidFrom(draw)
  const parentUuids = Array.from({ length: PARENTS }, () => uuidFrom(draw))
  const parents = parentUuids.map((parentUuid, index): JobDraft => {
    const atUs = createdUs + index * 900
    return {
      ...parentLife(parent, end, index, atUs, endUs, draw),
      uuid: parentUuid,
      graph: { uuid, dependsOn: [], reverseDependsOn: [childUuid] },
    }
  })
  const lastDoneUs = Math.max(...parents.map(({ doneUs }) => doneUs ?? 0))
  const waiting = { fn: child, state: 'wait_dependencies', createdUs, retry: 0 } as const
  const last =
    end === 'done' ? { ...doneJob(child, lastDoneUs + 20_000, endUs, draw), createdUs } : waiting
  return [
    ...parents,
    {
      ...last,
      createdUs: createdUs + PARENTS * 900,
      uuid: childUuid,
      graph: { uuid, dependsOn: parentUuids, reverseDependsOn: [] },
    },
  ]
}

function parentLife(
  fn: JobFunction,
  end: GraphEnd,
  index: number,
  atUs: number,
  endUs: number,
  draw: Random,
): JobDraft {
  if (end === 'waiting') {
    const tonightUs = endUs + 11 * HOUR * MICROSECONDS
    return { fn, state: 'pending', createdUs: atUs, retry: 0, etaUs: tonightUs }
  }
  return end === 'stuck' && index === 0
    ? failedJob(fn, fn.failures[1]!, atUs, draw)
    : doneJob(fn, atUs, endUs, draw)
}
