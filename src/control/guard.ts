/**
 * Who may speak to the control plane: whoever knows the token of the drill, under a name that no page in a browser
 * could have been led to (DNS rebinding needs a name of its own).
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { Refusal } from './refusal.ts'

/** How a container calls the machine that it runs on. */
const CONTAINER_NAMES = ['host.docker.internal', 'host.containers.internal']

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost'])

/** Only this machine reaches the address. */
function isLoopback(address: string): boolean {
  return LOOPBACK.has(address)
}

/** `host:port` as it stands in a URL. */
export function authority(address: string, port: number): string {
  return `${isIP(address) === 6 ? `[${address}]` : address}:${port}`
}

export class Guard {
  readonly #digest: Buffer
  readonly #address: string
  readonly #hosts: ReadonlySet<string>

  constructor(token: string, address: string, port: number) {
    this.#digest = digestOf(`Bearer ${token}`)
    this.#address = address
    this.#hosts = new Set([address, ...LOOPBACK].map((each) => authority(each, port)))
  }

  /** Throws a Refusal 421. */
  checkHost({ headers }: IncomingMessage): void {
    const host = (headers.host ?? '').toLowerCase()
    if (this.#hosts.has(host) || (!isLoopback(this.#address) && isOfThisMachine(host))) return
    throw new Refusal(421, 'this is not the host of the drill: use QUEUE_DRILL_URL as it stands')
  }

  /** Throws a Refusal 401. Digests are of one length, so that the comparison takes the same time for any guess. */
  checkToken({ headers }: IncomingMessage): void {
    if (timingSafeEqual(digestOf(headers.authorization ?? ''), this.#digest)) return
    throw new Refusal(401, 'say "Authorization: Bearer" and the token in QUEUE_DRILL_TOKEN')
  }
}

/** For a plane that other machines reach: an address, which no name server can have bent, or a name of our own. */
function isOfThisMachine(host: string): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
  return isIP(name) !== 0 || [hostname().toLowerCase(), ...CONTAINER_NAMES].includes(name)
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
