/**
 * What is open right now, so that a process that has to stop can put everything away: `closeEverything` on Ctrl-C or
 * a crash, `closeEverythingNow` as the last resort while the process exits and nothing asynchronous runs any more.
 * A process that is killed outright leaves it to the watchdog and to the next start.
 */

/** Something that must not outlive the process. */
export interface OpenResource extends AsyncDisposable {
  /** Synchronous and brief; must not throw. What it cannot do is left to the next start. */
  closeNow(): void
}

const open = new Set<OpenResource>()

/** Notes a resource; the result forgets it again, once it is closed. */
export function noteOpen(resource: OpenResource): () => void {
  open.add(resource)
  return () => open.delete(resource)
}

/**
 * Closes all that is open, newest first, and waits. One failure does not keep the others open; failures come back
 * together in an AggregateError.
 */
export async function closeEverything(): Promise<void> {
  const failures: unknown[] = []
  for (const resource of [...open].reverse()) {
    try {
      await resource[Symbol.asyncDispose]()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) {
    throw new AggregateError(failures, 'not everything of the sandbox could be cleared away')
  }
}

/** For `process.on('exit')`. */
export function closeEverythingNow(): void {
  for (const resource of [...open].reverse()) resource.closeNow()
}
