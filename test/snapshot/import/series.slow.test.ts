/** The dump of an Odoo of any series comes out of `snapshot import` and a load as it went in. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AddonLine } from '../../../src/queue-job/profile.ts'
import { SERIES } from '../../../src/queue-job/series.ts'
import type { Series } from '../../../src/queue-job/series.ts'
import { tablesOf } from '../../../src/snapshot/format.ts'
import { generateSnapshot } from '../../../src/snapshot/generate/generate.ts'
import { loadSnapshot } from '../../../src/snapshot/load.ts'
import { openSnapshot } from '../../../src/snapshot/open.ts'
import { queueDrill } from '../../commands/process.ts'
import { columnsOf, missingDump, openProduction, rowsOf, skipped } from './production.ts'
import type { Production } from './production.ts'

const PROFILES: Readonly<Record<Series, AddonLine>> = {
  '12.0': '12.0',
  '13.0': '12.0',
  '14.0': '2024',
  '15.0': '2024',
  '16.0': '2025',
  '17.0': '2024',
  '18.0': '2025',
  '19.0': '2026',
}

describe.skipIf(missingDump !== null)(`pg_dump ${skipped(missingDump)}`, () => {
  let root: string
  let production: Production
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
    production = await openProduction()
  })
  afterAll(async () => {
    await production?.[Symbol.asyncDispose]()
    await rm(root, { recursive: true, force: true })
  })

  test.each(SERIES)(
    'of Odoo %s: imported and loaded, the tables are those of the dump',
    async (series) => {
      const { client } = production
      const name = `odoo_${series.replace('.', '_')}`
      const path = (what: string) => join(root, `${name}-${what}`)
      const profile = PROFILES[series]
      const directory = path('generated')
      await generateSnapshot({ company: 'retail', rows: 1500, series, directory, profile })
      await client.query(`create schema ${name}; set search_path = ${name}`)
      await loadSnapshot(await openSnapshot(directory), client)
      // What tells the series; a dump of the queue alone has to be told.
      await client.query(
        `create table ir_module_module (name varchar, state varchar, latest_version varchar);
       insert into ir_module_module values ('queue_job', 'installed', '${series}.1.3.0')`,
      )
      await production.dump('--schema', name, '--format', 'custom', '--file', path('dump'))
      const imported = await queueDrill(
        ['snapshot', 'import', path('dump'), '--to', path('imported'), '--no-mask'],
        { cwd: root },
      )
      expect(imported).toMatchObject({ status: 0 })
      const snapshot = await openSnapshot(path('imported'))
      const { manifest } = snapshot
      expect(manifest).toMatchObject({ odoo_series: series, addon_version: `${series}.1.3.0` })
      expect(manifest.addon_profile).toBe(profile)
      await client.query(`create schema ${name}_again; set search_path = ${name}_again`)
      await loadSnapshot(snapshot, client)
      for (const { name: table } of tablesOf(manifest)) {
        const again = `${name}_again.${table}`
        expect(await columnsOf(client, again)).toEqual(await columnsOf(client, `${name}.${table}`))
        const rows = await rowsOf(client, again)
        expect(rows.length).toBeGreaterThan(0)
        expect(rows).toEqual(await rowsOf(client, `${name}.${table}`))
      }
      expect(Object.keys(manifest.tables)).toHaveLength(profile < '2025' ? 3 : 4)
    },
  )
})
