/** What a client of the control plane is told when it is turned away, and with which HTTP status. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  /** 4xx. */
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}
