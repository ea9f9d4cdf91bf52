/** Where the masking key comes from, and who may read it. */
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { randomKey, readOrCreateKey } from '../../../src/snapshot/mask/masker.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'queue-drill-test-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

test('a key that is not there is made for its owner alone and found again', async () => {
  const path = join(root, 'new.key')
  const made = await readOrCreateKey(path)
  expect((await stat(path)).mode & 0o777).toBe(0o600)
  expect(await readOrCreateKey(path)).toEqual(made)
  expect(made.bytes).toHaveLength(32)
  expect(made.id).toMatch(/^[0-9a-f]{8}$/)
  expect((await readFile(path, 'utf8')).includes(made.id)).toBe(false)
})

test('keys of one capture are never the same', () => {
  expect(randomKey().bytes.equals(randomKey().bytes)).toBe(false)
})

test('a key that others may read, another file and no directory are refused with what to do', async () => {
  const open = join(root, 'open.key')
  await readOrCreateKey(open)
  await chmod(open, 0o644)
  await expect(readOrCreateKey(open)).rejects.toThrow(/others may read this masking key.*chmod 600/)
  const wrong = join(root, 'wrong.key')
  await writeFile(wrong, 'secret', { mode: 0o600 })
  await expect(readOrCreateKey(wrong)).rejects.toThrow(
    /not a masking key, which is 64 hexadecimal digits/,
  )
  await expect(readOrCreateKey(join(root, 'no', 'key'))).rejects.toThrow(
    /cannot be written \(ENOENT/,
  )
  await expect(readOrCreateKey(root)).rejects.toThrow(/others may read|cannot be read/)
})
