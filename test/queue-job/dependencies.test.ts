import { describe, expect, it } from 'vitest'
import {
  childrenToWake,
  formatDependencies,
  parseDependencies,
  waitsForParent,
  type GraphRow,
} from '../../src/queue-job/dependencies.ts'
import type { JobState } from '../../src/queue-job/job.ts'

/** Rows of a small table: `P > C` means that C depends on P. */
function table(
  arrows: readonly string[],
  states: Readonly<Record<string, JobState>>,
  graphs: Readonly<Record<string, string | null>> = {},
) {
  const pairs = arrows.map((arrow) => arrow.split(' > ') as [string, string])
  const rows = new Map<string, GraphRow>()
  for (const [uuid, state] of Object.entries(states)) {
    const dependsOn = pairs.filter(([, child]) => child === uuid).map(([parent]) => parent)
    const reverseDependsOn = pairs.filter(([parent]) => parent === uuid).map(([, child]) => child)
    const dependencies = formatDependencies({ dependsOn, reverseDependsOn })
    rows.set(uuid, { uuid, state, dependencies, graphUuid: uuid in graphs ? graphs[uuid]! : 'G' })
  }
  const lookup = (uuid: string) => rows.get(uuid)
  return {
    woken: (parent: string) => childrenToWake(rows.get(parent)!, lookup).map((row) => row.uuid),
    waits: (uuid: string) => waitsForParent(rows.get(uuid)!, lookup),
  }
}

const WAITING = 'wait_dependencies'

describe('a child', () => {
  it('is woken when its only parent is done', () => {
    expect(table(['A > C'], { A: 'done', C: WAITING }).woken('A')).toEqual(['C'])
  })

  it('is woken by the last of its parents', () => {
    const arrows = ['A > C', 'B > C']
    expect(table(arrows, { A: 'done', B: 'started', C: WAITING }).woken('A')).toEqual([])
    expect(table(arrows, { A: 'done', B: 'done', C: WAITING }).woken('B')).toEqual(['C'])
  })

  it.each(['failed', 'cancelled', 'started', 'pending', WAITING] as const)(
    'goes on waiting while another parent is %s',
    (state) => {
      const rows = table(['A > C', 'B > C'], { A: 'done', B: state, C: WAITING })
      expect(rows.woken('A')).toEqual([])
      expect(rows.waits('C')).toBe(true)
    },
  )

  it('does not wait for a parent that was deleted', () => {
    const rows = table(['A > C', 'deleted > C'], { A: 'done', C: WAITING })
    expect(rows.woken('A')).toEqual(['C'])
    expect(rows.waits('C')).toBe(false)
  })

  it('that does not wait is left alone, and so is one that was deleted', () => {
    expect(table(['A > C', 'A > deleted'], { A: 'done', C: 'cancelled' }).woken('A')).toEqual([])
  })

  it('of another graph, or of a parent without graph uuid, is not woken', () => {
    const states = { A: 'done', C: WAITING } as const
    expect(table(['A > C'], states, { C: 'H' }).woken('A')).toEqual([])
    expect(table(['A > C'], states, { A: null, C: null }).woken('A')).toEqual([])
  })

  it('does not wait for a parent of another graph', () => {
    const rows = table(['A > C', 'B > C'], { A: 'done', B: 'failed', C: WAITING }, { B: 'H' })
    expect(rows.woken('A')).toEqual(['C'])
  })

  it('is woken once, in the order of the parent’s list', () => {
    const states = { A: 'done', C: WAITING, B: WAITING } as const
    expect(table(['A > C', 'A > B', 'A > C'], states).woken('A')).toEqual(['C', 'B'])
  })

  it('without parents does not wait', () => {
    expect(table([], { C: 'failed' }).waits('C')).toBe(false)
  })
})

describe('the column dependencies', () => {
  const lists = { dependsOn: ['a'], reverseDependsOn: ['b', 'c'] }
  const text = '{"depends_on": ["a"], "reverse_depends_on": ["b", "c"]}'
  const none = { dependsOn: [], reverseDependsOn: [] }

  it.each([
    [text, lists],
    [JSON.stringify(text), lists],
    ['{"reverse_depends_on":["b","c"],"depends_on":["a"]}', lists],
    ['{"depends_on": [], "reverse_depends_on": []}', none],
    ['{}', none],
    ['null', none],
    ['', none],
    [null, none],
  ])('%j is read', (value, expected) => {
    expect(parseDependencies(value)).toEqual(expected)
  })

  it('is written as the addon writes it', () => {
    expect(formatDependencies(lists)).toBe(text)
    expect(formatDependencies(none)).toBe('{"depends_on": [], "reverse_depends_on": []}')
  })

  it.each(['{', '[]', '7', '{"depends_on": "a"}', '{"depends_on": [1]}', '"x"'])(
    '%j is an input error',
    (value) => {
      expect(() => parseDependencies(value)).toThrow(
        expect.objectContaining({ code: 'input' }) as Error,
      )
    },
  )
})
