/** Masking renames, it does not regroup: all companies that can be generated, in series that write JSON differently. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { COMPANIES } from '../../../src/snapshot/generate/companies.ts'
import { generateSnapshot } from '../../../src/snapshot/generate/generate.ts'
import { counts, failureGroup, regrouped } from './groups.ts'
import { maskedCompany } from './rows.ts'
import type { Row } from './rows.ts'

const ROWS = 20_000

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

const CASES = Object.keys(COMPANIES).flatMap((company) =>
  (['12.0', '16.0', '18.0'] as const).map((series) => [company, series] as const),
)

test.each(CASES)(
  '%s of %s groups as before by state, channel, function and signature',
  async (company, series) => {
    const directory = join(root, `${company}-${series}`)
    await generateSnapshot({ company, series, rows: ROWS, directory })
    const { before, after } = await maskedCompany(directory)
    const failed = (rows: readonly Row[]) => rows.filter(({ state }) => state !== 'done')
    expect(counts(failed(before), failureGroup).size).toBeGreaterThan(5)
    expect(regrouped(before, after, failureGroup)).toEqual([])
    const visible = ({ state, channel, model_name: model, method_name: method }: Row) =>
      [state, channel, model, method].join(' / ')
    expect(counts(after, visible)).toEqual(counts(before, visible))
  },
)
