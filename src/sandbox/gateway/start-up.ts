/**
 * The first packets of a connection, before messages have types: requests for encryption, a cancel request, or the
 * start-up packet with user, database and settings. Pure: bytes in, meaning out.
 */

const PROTOCOL_CODES = { cancel: 80877102, ssl: 80877103, gssenc: 80877104 } as const

/** What PostgreSQL itself accepts; a longer first packet is no client of a database. */
const PACKET_LENGTH_MAX = 10_000

export type FirstPacket =
  | { readonly kind: 'incomplete' }
  /** Somebody who does not speak the protocol. */
  | { readonly kind: 'garbage'; readonly reason: string }
  | { readonly kind: 'encryption'; readonly length: number }
  | { readonly kind: 'cancel'; readonly length: number }
  | {
      readonly kind: 'start-up'
      readonly length: number
      /** 196608 = 3.0. */
      readonly version: number
      /** In the order of the packet; names as the client wrote them. */
      readonly parameters: readonly (readonly [string, string])[]
    }

/** Understands the packet at the beginning of `bytes`; `length` says how long it is. */
export function readFirstPacket(bytes: Buffer): FirstPacket {
  if (bytes.length < 4) return { kind: 'incomplete' }
  const length = bytes.readInt32BE(0)
  if (length < 8 || length > PACKET_LENGTH_MAX) {
    return { kind: 'garbage', reason: 'invalid length of startup packet' }
  }
  if (bytes.length < length) return { kind: 'incomplete' }
  const code = bytes.readInt32BE(4)
  if (code === PROTOCOL_CODES.ssl || code === PROTOCOL_CODES.gssenc) {
    return { kind: 'encryption', length }
  }
  if (code === PROTOCOL_CODES.cancel) return { kind: 'cancel', length }
  if (code >> 16 !== 3) return { kind: 'garbage', reason: 'unsupported frontend protocol' }
  const texts = bytes.toString('utf8', 8, length).split('\0')
  // Pairs of zero-terminated texts, then one more zero: n pairs split into 2n + 2 pieces, the last two of them empty.
  if (texts.length < 2 || texts.length % 2 !== 0 || texts.at(-1) !== '' || texts.at(-2) !== '') {
    return { kind: 'garbage', reason: 'invalid startup packet layout' }
  }
  const parameters = Array.from(
    { length: texts.length / 2 - 1 },
    (_, pair) => [texts[pair * 2]!, texts[pair * 2 + 1]!] as const,
  )
  return { kind: 'start-up', length, version: code, parameters }
}

/**
 * The start-up packet with settings that the client cannot override: its own values for them are dropped, and what it
 * put into `options` (`-c search_path=…`) is applied before the settings of the packet. Both count more than the
 * settings of a role or database, and they are what RESET goes back to.
 */
export function startUpPacket(
  version: number,
  parameters: readonly (readonly [string, string])[],
  fixed: Readonly<Record<string, string>>,
): Buffer {
  const names = new Set(Object.keys(fixed).map((name) => name.toLowerCase()))
  const kept = parameters.filter(([name]) => !names.has(name.toLowerCase()))
  const texts = [...kept, ...Object.entries(fixed)].flat()
  const body = Buffer.from([...texts, '', ''].join('\0').slice(0, -1) + '\0', 'utf8')
  const head = Buffer.alloc(8)
  head.writeInt32BE(8 + body.length, 0)
  head.writeInt32BE(version, 4)
  return Buffer.concat([head, body])
}

/** Asks the server to cancel what the session with this BackendKeyData is doing. */
export function cancelPacket(backendKey: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.writeInt32BE(8 + backendKey.length, 0)
  head.writeInt32BE(PROTOCOL_CODES.cancel, 4)
  return Buffer.concat([head, backendKey])
}

/** A FATAL error of ours, which every client shows and after which it closes. */
export function fatalError(sqlstate: string, message: string, hint?: string): Buffer {
  const fields = [
    `SFATAL`,
    `VFATAL`,
    `C${sqlstate}`,
    `Mqueue-drill: ${message}`,
    ...(hint === undefined ? [] : [`H${hint}`]),
  ]
  const body = Buffer.from(`${fields.join('\0')}\0\0`, 'utf8')
  const head = Buffer.alloc(5)
  head.write('E', 0, 'latin1')
  head.writeInt32BE(4 + body.length, 1)
  return Buffer.concat([head, body])
}
