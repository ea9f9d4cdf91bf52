/**
 * Gives every uuid another one, the same everywhere: in `uuid`, `graph_uuid`, dependencies and texts. One block of AES is
 * one uuid; a block cipher call costs as much as a hundred blocks, so whole columns go through it at once.
 */
import { createCipheriv } from 'node:crypto'
import type { Cipher } from 'node:crypto'
import type { Derivation } from './key.ts'

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

const HEX_DIGITS = 32

export class Uuids {
  readonly #cipher: Cipher

  constructor(keys: Derivation) {
    const key = keys.bytes('uuids', '').subarray(0, 16)
    this.#cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false)
  }

  /** `uuid` matches UUID. */
  mask(uuid: string): string {
    return this.maskAll([uuid])[0]!
  }

  /** Each of them matches UUID. */
  maskAll(uuids: readonly string[]): string[] {
    const plain = Buffer.from(uuids.join('').replaceAll('-', ''), 'hex')
    const hex = this.#cipher.update(plain).toString('hex')
    return uuids.map((uuid, index) => {
      const masked = dashed(hex, index * HEX_DIGITS)
      return uuid === uuid.toLowerCase() ? masked : masked.toUpperCase()
    })
  }
}

/** In the form of a random uuid: version 4. The six bits that this costs do not let two meet. */
function dashed(hex: string, at: number): string {
  const variant = '89ab'[Number.parseInt(hex[at + 16]!, 16) & 3]!
  return `${hex.slice(at, at + 8)}-${hex.slice(at + 8, at + 12)}-4${hex.slice(at + 13, at + 16)}-${variant}${hex.slice(at + 17, at + 20)}-${hex.slice(at + 20, at + 32)}`
}
