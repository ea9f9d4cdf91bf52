/**
 * Job graphs: who waits for whom (reference 5.5, 5.6). A child is woken at one moment only, when a parent becomes done;
 * nothing looks at it again later, so a missed moment leaves it waiting for ever (F11).
 */
import { DrillError } from '../foundation/errors.ts'
import type { JobRow } from './job.ts'

/** The column `dependencies`: uuids. */
export interface Dependencies {
  /** Parents. */
  readonly dependsOn: readonly string[]
  /** Children. */
  readonly reverseDependsOn: readonly string[]
}

/** What the queries below need of a row. */
export type GraphRow = Pick<JobRow, 'uuid' | 'graphUuid' | 'dependencies' | 'state'>

/** The row with this uuid as the table holds it now, or undefined where it was deleted. */
export type RowLookup<Row extends GraphRow> = (uuid: string) => Row | undefined

const NONE: Dependencies = { dependsOn: [], reverseDependsOn: [] }
/** The text of a single job; nearly all rows have it, so it is not parsed. */
const SINGLE_JOB_TEXT = '{"depends_on": [], "reverse_depends_on": []}'

/** The text that the addon writes. */
export function formatDependencies(dependencies: Dependencies): string {
  const list = (uuids: readonly string[]) => `[${uuids.map((uuid) => `"${uuid}"`).join(', ')}]`
  const { dependsOn, reverseDependsOn } = dependencies
  return `{"depends_on": ${list(dependsOn)}, "reverse_depends_on": ${list(reverseDependsOn)}}`
}

/** NULL and empty = none. Throws DrillError `input` if the text is anything but an object with lists of uuids. */
export function parseDependencies(text: string | null): Dependencies {
  if (text === null || text === '' || text === SINGLE_JOB_TEXT) return NONE
  let value: unknown
  try {
    value = JSON.parse(text)
    if (typeof value === 'string') value = JSON.parse(value)
  } catch (cause) {
    throw unreadable(text, cause)
  }
  if (value === null) return NONE
  if (typeof value !== 'object' || Array.isArray(value)) throw unreadable(text)
  const { depends_on: parents = [], reverse_depends_on: children = [] } = value as {
    depends_on?: unknown
    reverse_depends_on?: unknown
  }
  if (!isUuidList(parents) || !isUuidList(children)) throw unreadable(text)
  return { dependsOn: parents, reverseDependsOn: children }
}

/**
 * Children that become pending (T3) now that `parent` is done, in the order of the parent's list: same graph, in
 * `wait_dependencies`, and all their parents that still exist are done. A failed, cancelled or started parent keeps a
 * child waiting, a deleted one does not; without a graph uuid nothing is woken. `lookup` must show `parent` as done.
 */
export function childrenToWake<Row extends GraphRow>(
  parent: GraphRow,
  lookup: RowLookup<Row>,
): Row[] {
  if (parent.graphUuid === null) return []
  const inGraph = (uuid: string) => {
    const row = lookup(uuid)
    return row?.graphUuid === parent.graphUuid ? row : undefined
  }
  const children = new Set(parseDependencies(parent.dependencies).reverseDependsOn)
  return [...children].map(inGraph).filter(
    (child) =>
      child?.state === 'wait_dependencies' &&
      parseDependencies(child.dependencies).dependsOn.every((uuid) => {
        const other = inGraph(uuid)
        return other === undefined || other.state === 'done'
      }),
  ) as Row[]
}

/** Whether T8, T10 and T13 put the job into `wait_dependencies` instead of `pending`: an existing parent is not done. */
export function waitsForParent<Row extends GraphRow>(
  row: Pick<GraphRow, 'dependencies'>,
  lookup: RowLookup<Row>,
): boolean {
  return parseDependencies(row.dependencies).dependsOn.some((uuid) => {
    const parent = lookup(uuid)
    return parent !== undefined && parent.state !== 'done'
  })
}

function isUuidList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function unreadable(text: string, cause?: unknown): DrillError {
  const message = `dependencies "${text}" is not {"depends_on": [uuid…], "reverse_depends_on": [uuid…]}`
  return new DrillError('input', message, { cause })
}
