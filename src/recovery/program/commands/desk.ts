/** Where the orders of a program's commands are performed: `sleep` on virtual time, `odoocli`, and what maps to it. */
import type { ControlPlane } from '../../../control/control-plane.ts'
import { ControlClient } from '../../../control/client.ts'
import { runOdoocli } from '../../../control/odoocli/run.ts'
import type { Turns } from '../turns.ts'
import { mappingOf, type Shims } from './mapped.ts'
import type { Answer, Order } from './orders.ts'
import { sleepMs } from './sleep.ts'

/** Of help texts, which go into a log. */
const COLUMNS = 100

export interface CommandDeskOptions {
  readonly turns: Turns
  readonly control: Pick<ControlPlane, 'url' | 'token'>
  readonly shims: Shims
  /** A command was kept from the real thing, for the first time. */
  readonly onUnmapped: (name: string) => void
}

export class CommandDesk implements Disposable {
  readonly #o: CommandDeskOptions
  readonly #client: ControlClient
  readonly #unmapped = new Set<string>()

  constructor(options: CommandDeskOptions) {
    this.#o = options
    this.#client = new ControlClient(options.control)
  }

  async perform({ name, parameters, pid }: Order): Promise<Answer> {
    if (name === 'sleep') return this.#sleep(parameters, pid)
    if (name === 'odoocli') return this.#odoocli(parameters)
    const mapping = mappingOf(this.#o.shims, name, parameters)
    if (mapping.kind === 'none') {
      if (!this.#unmapped.has(name)) this.#o.onUnmapped(name)
      this.#unmapped.add(name)
    }
    if (mapping.kind === 'none' || mapping.run === null) return mapping.answer
    const { status, stdout = '', stderr = '' } = await this.#odoocli(mapping.run)
    return { status, stdout: `${mapping.answer.stdout ?? ''}${stdout}`, stderr }
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]()
  }

  async #odoocli(parameters: readonly string[]): Promise<Answer> {
    const { turns } = this.#o
    turns.begin()
    try {
      return await runOdoocli(parameters, this.#client, { columns: COLUMNS })
    } finally {
      turns.end()
    }
  }

  async #sleep(parameters: readonly string[], pid: number): Promise<Answer> {
    const ms = sleepMs(parameters)
    if (ms === null) {
      const wrong = parameters.map((each) => ` '${each}'`).join('')
      return { status: 1, stderr: `sleep: invalid time interval${wrong || ': missing operand'}\n` }
    }
    await this.#o.turns.sleep({ ms, pid, whole: false, signal: null })
    return { status: 0 }
  }
}
