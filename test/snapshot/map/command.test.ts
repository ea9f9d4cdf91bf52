/** `queue-drill snapshot map` as users run it, on a copy of a bundled snapshot. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { queueDrill } from '../../commands/process.ts'

const BUNDLED = fileURLToPath(new URL('../../../snapshots/company-25k', import.meta.url))
const SCENARIO = fileURLToPath(new URL('../../../scenarios/dead-webhook.yaml', import.meta.url))

let root: string
let path: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
  await cp(BUNDLED, join(root, 'mine'), { recursive: true })
  path = join(root, 'mine', 'operations.yaml')
  await rm(path)
})
afterAll(() => rm(root, { recursive: true, force: true }))

const map = (...args: string[]) => queueDrill(['snapshot', 'map', ...args], { cwd: root })

describe('queue-drill snapshot map', () => {
  test('writes the file where there is none, and then has nothing to add', async () => {
    const checked = await map('./mine', '--check')
    expect(checked.status).toBe(1)
    expect(checked.stdout).toContain('operations.yaml: lacks 33 job functions')
    const first = await map('./mine')
    expect(first).toMatchObject({ status: 0, stderr: '' })
    expect(first.stdout).toContain('operations.yaml: written with 33 job functions')
    const written = await readFile(path, 'utf8')
    const second = await map('./mine', '--check')
    expect(second).toMatchObject({ status: 0, stderr: '' })
    expect(second.stdout).toMatch(/every job function of the snapshot is in it\n$/)
    expect(await readFile(path, 'utf8')).toBe(written)
    const binds = await queueDrill(['scenarios', 'check', SCENARIO, '--operations', path])
    expect(binds.status).toBe(0)
  })

  test('tells what is new and gone since the previous snapshot; --check fails on what is new', async () => {
    const result = await map('./mine', '--previous', 'company-60k', '--check')
    expect(result.status).toBe(1)
    expect(result.stdout).toContain(
      'new since the previous snapshot:\n  product.template.export_full_catalogue\n  stock.valuation.layer.rebuild_period\n',
    )
  })

  test('with --json it is one document; --dry-run prints the file and writes nothing', async () => {
    await writeFile(path, 'functions: {}\n')
    const json = await map('./mine', '--dry-run', '--json')
    expect(JSON.parse(json.stdout)).toMatchObject({ path, isWritten: false, unmapped: [] })
    const dry = await map('./mine', '--dry-run')
    expect(dry.stdout).toContain('  payment.transaction.capture:\n')
    expect(await readFile(path, 'utf8')).toBe('functions: {}\n')
  })

  test("a mistake in people's own lines is told with its place, and nothing is written", async () => {
    const broken = 'functions:\n  sale.order.push_status:\n    role: webhook\n    efect: set\n'
    await writeFile(path, broken)
    const result = await map('./mine')
    expect(result).toMatchObject({ status: 2, stdout: '' })
    expect(result.stderr).toMatch(/operations\.yaml:4:5: .*unknown key "efect"/)
    expect(await readFile(path, 'utf8')).toBe(broken)
  })

  test('a bundled snapshot is not written to', async () => {
    expect(await map('company-25k')).toMatchObject({ status: 2, stdout: '' })
  })
})
