/** Work that several connections share: each takes the next item as soon as it is free. */
import type { Client } from 'pg'

/**
 * Performs `work` on every item. The first failure aborts what the others are at, by the signal, and is thrown once all
 * of them have stopped.
 */
export async function sideBySide<Item>(
  clients: readonly Client[],
  items: readonly Item[],
  work: (client: Client, item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const queue = items.values()
  const stop = new AbortController()
  const failures: unknown[] = []
  const worker = async (client: Client): Promise<void> => {
    for (const item of queue) {
      if (stop.signal.aborted) return
      try {
        await work(client, item, stop.signal)
      } catch (error) {
        failures.push(error)
        stop.abort()
      }
    }
  }
  await Promise.all(clients.map(worker))
  if (failures.length > 0) throw failures[0]
}
