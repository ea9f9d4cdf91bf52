/** Waits for a server of ours that is starting, by connecting to it until that works. */
import { setTimeout as delay } from 'node:timers/promises'
import { DatabaseError } from 'pg'
import { DrillError, messageOf } from '../foundation/errors.ts'
import { type Address, connect, isConnectionLoss, type Login } from './connect.ts'

/** A busy machine with a slow disk; a quiet one needs half a second. */
const START_MS = 60_000

/**
 * Null = ready; else why it never will be. `ended` tells of a server that has ended already, null while it runs.
 * A wrong password and the like do not get better by waiting: they are told at once.
 */
export async function untilReady(
  address: Address,
  login: Login,
  ended: () => string | null,
): Promise<string | null> {
  const deadline = Date.now() + START_MS
  for (;;) {
    const end = ended()
    if (end !== null) return `it ended with ${end}`
    try {
      const client = await connect(address, login, (detail) => new DrillError('harness', detail))
      await client.end()
      return null
    } catch (error) {
      if (!isNotYet(error)) return messageOf(error)
      if (Date.now() > deadline) return `not ready after ${START_MS / 1000} s`
    }
    await delay(10)
  }
}

/** 57P03: the server is starting up. */
function isNotYet(error: unknown): boolean {
  return error instanceof DatabaseError ? error.code === '57P03' : isConnectionLoss(error)
}
