/**
 * Gives every uuid another one, the same everywhere: in `uuid`, `graph_uuid`, dependencies and texts. One block of AES is
 * one uuid; a block cipher call costs as much as a hundred blocks, so the columns of a table go through it
 * by the chunk (`uuid-fields.ts`).
 */
import { createCipheriv } from 'node:crypto'
import type { Cipher } from 'node:crypto'
import type { Derivation } from './key.ts'

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

const GROUPS = /(.{8})(.{4})(.{4})(.{4})(.{12})/
const BYTES = 16

export class Uuids {
  readonly #cipher: Cipher

  constructor(keys: Derivation) {
    const key = keys.bytes('uuids', '').subarray(0, 16)
    this.#cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false)
  }

  /** `uuid` matches UUID. */
  mask(uuid: string): string {
    const hex = this.maskBlocks(Buffer.from(uuid.replaceAll('-', ''), 'hex')).toString('hex')
    const masked = hex.replace(GROUPS, '$1-$2-$3-$4-$5')
    return uuid === uuid.toLowerCase() ? masked : masked.toUpperCase()
  }

  /**
   * Sixteen bytes for each uuid. The masked ones have the form of a random uuid, version 4; the six bits that this costs
   * do not let two meet.
   */
  maskBlocks(blocks: Buffer): Buffer {
    const masked = this.#cipher.update(blocks)
    for (let at = 0; at < masked.length; at += BYTES) {
      masked[at + 6] = (masked[at + 6]! & 0x0f) | 0x40
      masked[at + 8] = (masked[at + 8]! & 0x3f) | 0x80
    }
    return masked
  }
}
