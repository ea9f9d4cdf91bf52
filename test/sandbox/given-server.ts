/** How tests reach a server that they give to the sandbox. */
import { Client } from 'pg'
import type { Backend } from '../../src/sandbox/backend.ts'

export async function administratorOf({ address, login }: Backend): Promise<Client> {
  const client = new Client({ host: address.host, port: address.port, ...login })
  await client.connect()
  return client
}

export function urlOf({ address }: Backend, user: string, password: string): string {
  return `postgresql://${user}:${password}@/postgres?host=${encodeURIComponent(address.host)}&port=${address.port}`
}
