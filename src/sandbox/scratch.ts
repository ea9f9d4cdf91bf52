/**
 * A plain database of ours for work that no drill sees: an import turns somebody's dump into rows there before they are
 * masked. It is made, marked and dropped like everything else of a sandbox, so that also a killed harness leaves none.
 */
import type { Client } from 'pg'
import type { Login } from './connect.ts'
import type { Maker } from './maker.ts'
import { randomLetters, randomPassword, sandboxName } from './names.ts'
import type { Undo } from './once.ts'

/** What a scratch database needs of its sandbox. */
export interface ScratchHost {
  readonly sandboxId: string
  readonly maker: Maker
  /** Undone when the sandbox closes, or before. */
  readonly steps: { readonly undo: Undo; readonly dispose: () => Promise<void> }
  readonly connect: (login: Login) => Promise<Client>
  /** A step of clearing away, left out where the server goes as a whole. */
  readonly leaving: (step: () => Promise<void>) => Promise<void>
}

/** Gives `use` the owner's connection to an empty database, which is dropped when it has settled. */
export async function useScratch<T>(
  { sandboxId, maker, steps: { undo, dispose }, connect, leaving }: ScratchHost,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const rest = randomLetters(6)
  const database = sandboxName(sandboxId, rest)
  const login = {
    user: sandboxName(sandboxId, `${rest}_owner`),
    password: randomPassword(),
    database,
  }
  try {
    undo.add(() => leaving(() => maker.dropRoles([login.user])))
    await maker.createRoles(sandboxId, [{ name: login.user, password: login.password }], '')
    undo.add(() => leaving(() => maker.dropDatabase(database)))
    await maker.createDatabase(sandboxId, database, { owner: login.user, template: null })
    const client = await connect(login)
    undo.add(() => client.end())
    return await use(client)
  } finally {
    await dispose()
  }
}
