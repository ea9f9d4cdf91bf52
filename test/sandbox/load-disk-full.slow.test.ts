/** The disk of PostgreSQL fills up while a snapshot is loaded: one clear error of the harness, and nothing stays. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { chmod, readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { openSandbox } from '../../src/sandbox/databases.ts'
import { startEmbedded } from '../../src/sandbox/embedded/embedded-server.ts'
import { loadSnapshot } from '../../src/snapshot/load.ts'
import { openSnapshot } from '../../src/snapshot/open.ts'
import { rewriteTable } from '../snapshot/rewrite-table.ts'
import { smallSnapshots } from '../snapshot/small-snapshot.ts'

/** A small disk of its own; null where this machine lets nobody mount one. */
function mountDisk(): string | null {
  const path = mkdtempSync(join(tmpdir(), 'queue-drill-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=300m', 'none', path], { stdio: 'ignore' })
    return path
  } catch {
    rmSync(path, { recursive: true })
    return null
  }
}

const disk = mountDisk()
afterAll(() => {
  if (disk === null) return
  execFileSync('umount', [disk])
  rmSync(disk, { recursive: true })
})

/** Room for the database itself and a part of the rows. */
const FREE_BYTES = 12_000_000

const title = disk === null ? ' (skipped: nobody may mount a disk here)' : ''
it.skipIf(disk === null).each([1, 2])(
  `a full disk is told as such, with %i streams${title}`,
  async (streams) => {
    await chmod(disk!, 0o777)
    await using snapshots = await smallSnapshots(12_000)
    const directory = await snapshots.copy()
    await rewriteTable(directory, 'queue_job', { parts: 4 })
    const snapshot = await openSnapshot(directory)
    await using server = await openSandbox(await startEmbedded({ places: [disk!] }), 'test')
    const { bavail, bsize } = statfsSync(disk!)
    await writeFile(join(disk!, 'filler'), Buffer.alloc(bavail * bsize - FREE_BYTES))
    const load = server.template((client, connect) =>
      loadSnapshot(snapshot, client, { connect, streams, unlogged: true }),
    )
    await expect(load).rejects.toMatchObject({
      code: 'harness',
      exitStatus: 3,
      message: expect.stringMatching(/the disk of .*PostgreSQL is full.*No space left/) as string,
    })
    await server[Symbol.asyncDispose]()
    expect(await readdir(disk!)).toEqual(['filler'])
    rmSync(join(disk!, 'filler'))
  },
)
