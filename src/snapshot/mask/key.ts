/**
 * The key under which values are masked: 32 random bytes that never enter a snapshot. Everything is derived from it by
 * HMAC-SHA256 under names of purposes, so no part of the masking tells anything about another.
 */
import { createCipheriv, createHmac, createSecretKey, randomBytes } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { DrillError, messageOf } from '../../foundation/errors.ts'

const KEY_BYTES = 32
/** Rights of group and others. */
const SHARED_MODE = 0o077

export interface MaskKey {
  readonly bytes: Buffer
  /** Eight hexadecimal digits that name the key and do not tell it: for the manifest. */
  readonly id: string
}

/** A key for one capture: nothing will ever mask the same way again. */
export function randomKey(): MaskKey {
  return keyOf(randomBytes(KEY_BYTES))
}

/**
 * The key in a file of 64 hexadecimal digits; a file that is not there is made, readable by its owner alone. Throws
 * DrillError `input` if it holds something else or others may read it.
 */
export async function readOrCreateKey(path: string): Promise<MaskKey> {
  const key = randomKey()
  try {
    await writeFile(path, `${key.bytes.toString('hex')}\n`, { flag: 'wx', mode: 0o600 })
    return key
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      const advice = 'Name a file in a directory that you may write to.'
      throw new DrillError(
        'input',
        `${path}: the masking key cannot be written (${messageOf(error)}). ${advice}`,
        { cause: error },
      )
    }
  }
  return readKey(path)
}

async function readKey(path: string): Promise<MaskKey> {
  let text: string
  try {
    if (((await stat(path)).mode & SHARED_MODE) !== 0) {
      throw new DrillError(
        'input',
        `${path}: others may read this masking key, and who has it can undo the masking. ` +
          `Run chmod 600 ${path}, or delete it for a new one.`,
      )
    }
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof DrillError) throw error
    throw new DrillError(
      'input',
      `${path}: the masking key cannot be read (${messageOf(error)}). Name a file that you may read.`,
      { cause: error },
    )
  }
  if (!/^[0-9a-f]{64}\s*$/.test(text)) {
    throw new DrillError(
      'input',
      `${path}: not a masking key, which is 64 hexadecimal digits. Name another file, or delete it for a new one.`,
    )
  }
  return keyOf(Buffer.from(text.trim(), 'hex'))
}

/** `bytes` are 32. */
export function keyOf(bytes: Buffer): MaskKey {
  const id = createHmac('sha256', bytes).update('queue-drill mask key id').digest('hex').slice(0, 8)
  return { bytes, id }
}

/** What the parts of the masker draw from the key. */
export interface Derivation {
  /** Bytes that depend on purpose and value; default 32 of them. */
  bytes(purpose: string, value: string, length?: number): Buffer
  /** As many 32-bit numbers as wanted, for tables. */
  numbers(purpose: string, count: number): Uint32Array
}

export function derivation({ bytes }: MaskKey): Derivation {
  const key = createSecretKey(bytes)
  const derive = (purpose: string, value: string): Buffer =>
    createHmac('sha256', key).update(`${purpose}\u0000${value}`, 'utf8').digest()
  return {
    bytes: (purpose, value, length = 32) => {
      // The value, which may have megabytes, goes through the hash once.
      const blocks = [derive(purpose, value)]
      const seed = length > 32 ? blocks[0]!.toString('hex') : ''
      while (blocks.length * 32 < length) blocks.push(derive(`${purpose} ${blocks.length}`, seed))
      return blocks.length === 1 ? blocks[0]! : Buffer.concat(blocks)
    },
    numbers: (purpose, count) => {
      const seed = derive('table', purpose)
      const cipher = createCipheriv('aes-128-ctr', seed.subarray(0, 16), seed.subarray(16))
      const stream = cipher.update(Buffer.alloc(count * 4))
      const numbers = new Uint32Array(count)
      // Little-endian whatever the machine: the same key masks the same way everywhere.
      for (let index = 0; index < count; index++) numbers[index] = stream.readUInt32LE(index * 4)
      return numbers
    },
  }
}
