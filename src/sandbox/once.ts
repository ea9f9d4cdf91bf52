/** Closing twice, or from two places at once, is one closing. */
export function once(action: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined
  return () => (result ??= action())
}

/**
 * Steps back from what was done so far, newest first, each step also when an earlier one fails. Rejects with the
 * first failure.
 */
export class Undo {
  #steps: (() => PromiseLike<unknown>)[] = []

  /** The result takes the step out again, for what has been undone by itself. */
  add(step: () => PromiseLike<unknown>): () => void {
    this.#steps.push(step)
    return () => {
      this.#steps = this.#steps.filter((each) => each !== step)
    }
  }

  async run(): Promise<void> {
    const failures: unknown[] = []
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}
