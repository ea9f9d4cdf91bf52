/**
 * Readable stand-ins for people and hosts: names of faker's list, chosen by HMAC, with a part that keeps them apart.
 * Hosts end in `.example`, a domain that can exist nowhere, so nothing is ever sent to or asked of one by mistake.
 */
import { faker } from '@faker-js/faker/locale/en'
import { isReservedHost } from '../leaks/masked-form.ts'
import type { Derivation } from './key.ts'
import { lettersFrom } from './words.ts'

const CACHED_MAX = 20_000
/** Letters behind a host's name: 300 million hosts to a name. */
const HOST_LETTERS = 6

const FIRST_NAMES = plain(faker.definitions.person.first_name.generic ?? [])
const LAST_NAMES = plain(faker.definitions.person.last_name.generic ?? [])

export class Names {
  readonly #keys: Derivation
  readonly #cache = new Map<string, string>()

  constructor(keys: Derivation) {
    this.#keys = keys
  }

  /** `jan.dejong@acme.nl` → `maria.hill.3fa9c1d2@runte-kqzvwb.example`: one host, one domain. */
  email(address: string): string {
    return this.#cached(`e ${address}`, () => {
      const at = address.lastIndexOf('@')
      const bytes = this.#keys.bytes('e-mail', address.toLowerCase())
      const first = FIRST_NAMES[bytes.readUInt16LE(0) % FIRST_NAMES.length]!
      const last = LAST_NAMES[bytes.readUInt16LE(2) % LAST_NAMES.length]!
      return `${first}.${last}.${bytes.toString('hex', 4, 8)}@${this.host(address.slice(at + 1))}`
    })
  }

  /** Name or address of a machine; this machine and reserved names stay. */
  host(host: string): string {
    if (host === '' || isReservedHost(host)) return host
    return this.#cached(`h ${host}`, () => {
      const bytes = this.#keys.bytes('host', host.toLowerCase())
      const name = LAST_NAMES[bytes.readUInt16LE(0) % LAST_NAMES.length]!
      return `${name}-${lettersFrom(bytes.subarray(2), HOST_LETTERS)}.example`
    })
  }

  /** From the addresses that are set aside and routed nowhere: 240.0.0.0/4. */
  address(address: string): string {
    const first = Number.parseInt(address, 10)
    if (isReservedHost(address) || first >= 240) return address
    const bytes = this.#keys.bytes('address', address)
    return `${240 + (bytes[0]! % 16)}.${bytes[1]!}.${bytes[2]!}.${bytes[3]!}`
  }

  #cached(key: string, make: () => string): string {
    let masked = this.#cache.get(key)
    if (masked === undefined) {
      masked = make()
      if (this.#cache.size >= CACHED_MAX) this.#cache.clear()
      this.#cache.set(key, masked)
    }
    return masked
  }
}

/** Letters only, in lower case, each once, in an order of our own. */
function plain(names: readonly string[]): string[] {
  const clean = names.map((name) => name.toLowerCase().replaceAll(/[^a-z]/g, ''))
  return [...new Set(clean)].filter((name) => name !== '').sort()
}
