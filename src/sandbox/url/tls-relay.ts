/**
 * The gateway speaks plain PostgreSQL; a given server may insist on TLS. This port on loopback takes plain connections
 * and carries each over a TLS connection to the server, with the certificate checks that the URL asks for. It forwards
 * bytes and no rights: whoever connects still has to log in.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, isIP, type Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { Address } from '../connect.ts'

/** Length 8, then the code that stands in place of a protocol version. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])
const ACCEPTED = 'S'

export interface TlsRelay extends AsyncDisposable {
  readonly address: Address
}

export async function openTlsRelay(target: Address): Promise<TlsRelay> {
  const sockets = new Set<Socket>()
  const server = createServer((plain) => {
    sockets.add(plain)
    plain.once('close', () => sockets.delete(plain))
    void carry(plain, target, sockets)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port, ssl: false },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

/** A connection that fails, on either side, ends on both: that is all a client of PostgreSQL can be told here. */
async function carry(plain: Socket, target: Address, sockets: Set<Socket>): Promise<void> {
  plain.on('error', () => plain.destroy())
  try {
    const secure = await openSecure(target)
    sockets.add(secure)
    secure.once('close', () => sockets.delete(secure))
    await Promise.all([pipeline(plain, secure), pipeline(secure, plain)])
  } catch {
    plain.destroy()
  }
}

async function openSecure(target: Address): Promise<TLSSocket> {
  const raw = connect({ host: target.host, port: target.port, noDelay: true })
  raw.write(SSL_REQUEST)
  const [answer] = (await once(raw, 'data')) as [Buffer]
  if (answer.toString('latin1') !== ACCEPTED) {
    raw.destroy()
    throw new Error('the server does not offer TLS')
  }
  const secure = connectTls({
    ...(typeof target.ssl === 'object' ? target.ssl : {}),
    // Not connected to, since there is a socket: the name that the certificate must bear.
    host: target.host,
    ...(isIP(target.host) === 0 ? { servername: target.host } : {}),
    socket: raw,
  })
  await once(secure, 'secureConnect')
  return secure
}
