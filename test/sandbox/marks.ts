/** What a harness made is known by its mark, which stands in the names. */
import { readdirSync } from 'node:fs'
import { placesForDirectories } from '../../src/sandbox/embedded/directory.ts'
import { ownerMark } from '../../src/foundation/owner.ts'

/** The beginning of the mark of any process, which its start time would end. */
export function markOf(pid: number): string {
  const [boot, namespace] = ownerMark().split('-')
  return `${boot}-${namespace}-${pid.toString(36)}-`
}

/** Names of the server directories of a process; default: of this one. */
export function directoriesOf(mark = ownerMark()): string[] {
  return placesForDirectories().flatMap((place) =>
    readdirSync(place).filter((name) => name.startsWith(`queue-drill-${mark}`)),
  )
}
