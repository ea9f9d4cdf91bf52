/**
 * The future of a world: actions ordered by virtual time, and by the order of scheduling within one millisecond.
 * A binary heap over parallel arrays; the order is total, so a world never depends on timing.
 */

export class EventQueue {
  readonly #at: number[] = []
  readonly #order: number[] = []
  readonly #action: (() => void)[] = []
  #scheduled = 0

  get size(): number {
    return this.#at.length
  }

  /** Virtual time of the next action, Infinity when there is none. */
  get nextAt(): number {
    return this.#at[0] ?? Infinity
  }

  schedule(at: number, action: () => void): void {
    let hole = this.#at.length
    const order = this.#scheduled++
    this.#at.push(at)
    this.#order.push(order)
    this.#action.push(action)
    while (hole > 0) {
      const parent = (hole - 1) >> 1
      if (this.#at[parent]! <= at) break
      this.#copy(parent, hole)
      hole = parent
    }
    this.#put(hole, at, order, action)
  }

  /** Removes and returns the next action; the queue must not be empty. */
  take(): () => void {
    const first = this.#action[0]!
    const at = this.#at.pop()!
    const order = this.#order.pop()!
    const action = this.#action.pop()!
    const size = this.#at.length
    if (size === 0) return first
    let hole = 0
    for (;;) {
      let child = 2 * hole + 1
      if (child >= size) break
      if (child + 1 < size && this.#before(child + 1, child)) child++
      if (at < this.#at[child]! || (at === this.#at[child]! && order < this.#order[child]!)) break
      this.#copy(child, hole)
      hole = child
    }
    this.#put(hole, at, order, action)
    return first
  }

  #before(left: number, right: number): boolean {
    const difference = this.#at[left]! - this.#at[right]!
    return difference < 0 || (difference === 0 && this.#order[left]! < this.#order[right]!)
  }

  #copy(from: number, to: number): void {
    this.#put(to, this.#at[from]!, this.#order[from]!, this.#action[from]!)
  }

  #put(index: number, at: number, order: number, action: () => void): void {
    this.#at[index] = at
    this.#order[index] = order
    this.#action[index] = action
  }
}
