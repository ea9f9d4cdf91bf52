/**
 * The terminals of the people: the file that they source, the commands that come first on their PATH, and the control
 * plane behind them. `sleep` there sleeps virtual time, `date` tells it.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type ControlPlane, startControlPlane } from '../../control/control-plane.ts'
import type { Incident } from '../../recovery/contract.ts'
import { installCommands, writeNow } from '../../recovery/program/commands/install.ts'
import { CommandDesk } from '../../recovery/program/commands/desk.ts'
import { answeredCommands, type Shims } from '../../recovery/program/commands/mapped.ts'
import { type Answer, type Order, Orders } from '../../recovery/program/commands/orders.ts'
import { PATH_DEFAULT } from '../../recovery/program/environment.ts'
import { isAlive } from '../../recovery/process/processes.ts'
import { Turns } from '../../recovery/program/turns.ts'
import { renderEnvFile } from './env-file.ts'

export interface ParticipantsOptions {
  readonly databaseUri: string
  /** Private to the drill; removed with it. */
  readonly directory: AsyncDisposable & { readonly path: string }
  /** Of this process: where `date` is found. */
  readonly path: string | undefined
  /** Commands of the team's own, and what is kept from the real thing. */
  readonly shims: Shims
  /** A command was kept from the real thing, for the first time. */
  readonly onUnmapped: (name: string) => void
}

export class Participants implements AsyncDisposable {
  /** To be sourced in each terminal: `. FILE`. */
  readonly envFile: string
  readonly #turns: Turns
  readonly #control: ControlPlane
  readonly #orders: Orders
  readonly #desk: CommandDesk
  readonly #directory: ParticipantsOptions['directory']
  /** What whoever sleeps is told at the end. */
  readonly #over: Promise<Answer>
  #endSleeps: () => void = () => undefined

  private constructor(options: ParticipantsOptions, turns: Turns, control: ControlPlane) {
    const { databaseUri, directory, path = PATH_DEFAULT, shims, onUnmapped } = options
    const commands = installCommands(directory.path, answeredCommands(shims), path)
    this.#desk = new CommandDesk({ turns, control, shims, onUnmapped })
    this.#turns = turns
    this.#control = control
    this.#directory = directory
    this.#over = new Promise((resolve) => {
      this.#endSleeps = () => resolve({ status: 1, stderr: 'sleep: the drill is over\n' })
    })
    this.#orders = new Orders(directory.path, (order) => this.#perform(order))
    this.envFile = join(directory.path, 'env.sh')
    writeFileSync(this.envFile, renderEnvFile({ databaseUri, commands, shims, control }), {
      mode: 0o600,
    })
  }

  static async open(options: ParticipantsOptions): Promise<Participants> {
    const turns = new Turns()
    let control: ControlPlane | null = null
    try {
      control = await startControlPlane(turns)
      return new Participants(options, turns, control)
    } catch (error) {
      await control?.[Symbol.asyncDispose]()
      await options.directory[Symbol.asyncDispose]()
      throw error
    }
  }

  /** The world has come to this moment: whoever slept until then wakes, what is called from now on acts on it. */
  comeTo(incident: Incident): void {
    writeNow(this.#directory.path, incident.now.getTime())
    this.#turns.open(incident)
    while (this.#turns.wakeOne());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#turns.finish()
    // Who sleeps in a terminal would wait there for ever.
    this.#endSleeps()
    await nextTurn()
    await this.#orders[Symbol.asyncDispose]()
    this.#desk[Symbol.dispose]()
    await this.#control[Symbol.asyncDispose]()
    await this.#directory[Symbol.asyncDispose]()
  }

  async #perform(order: Order): Promise<Answer> {
    const answer = this.#desk.perform(order)
    if (order.name !== 'sleep') return answer
    this.#turns.forgetDead(isAlive)
    return Promise.race([answer, this.#over])
  }
}
