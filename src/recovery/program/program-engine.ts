/**
 * An engine that is a program of its own: a shell script, a service, anything that can be started. It is drilled
 * unchanged: it finds the drill's database in its environment, and `odoocli`, `sleep` and `date` first on its PATH. A check
 * is its turn: it works until every process of it sleeps on virtual time, and the next check comes when the first of
 * them wakes. However it ends, the drill gets a finding or a failure and goes on, and nothing of it stays.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as after } from 'node:timers/promises'
import { type ControlPlane, startControlPlane } from '../../control/control-plane.ts'
import { messageOf } from '../../foundation/errors.ts'
import type { Incident } from '../contract.ts'
import type { DrilledEngine, EngineFinding, ProgramExit } from '../drilled-engine.ts'
import { EngineFailure } from '../engine-failure.ts'
import { Keeper } from '../process/keeper.ts'
import { OutputLog } from '../process/output-log.ts'
import { isAlive, type Look, Processes } from '../process/processes.ts'
import { answeredCommands, NO_SHIMS, type Shims } from './commands/mapped.ts'
import { CommandDesk } from './commands/desk.ts'
import { installCommands, writeNow } from './commands/install.ts'
import { Orders } from './commands/orders.ts'
import { PATH_DEFAULT, programEnvironment } from './environment.ts'
import * as limits from './limits.ts'
import { Turns } from './turns.ts'

export interface Program {
  /** How the report calls it. */
  readonly name: string
  /** An absolute path, or a command line for `/bin/sh -c`. */
  readonly start: { readonly file: string } | { readonly commandLine: string }
  /** Started anew so often, in virtual ms; null = once. */
  readonly everyMs: number | null
}

export interface ProgramOptions {
  readonly databaseUri: string
  /** Whether a statement of the program is being answered. */
  readonly databaseBusy: () => boolean
  /** Private to this drill; removed with the engine. */
  readonly directory: AsyncDisposable & { readonly path: string }
  /** Where the control plane listens; default 127.0.0.1. */
  readonly address?: string | undefined
  /** Variables of the user's own. */
  readonly environment?: Readonly<Record<string, string>> | undefined
  /** Commands that stand for operations; default none. */
  readonly shims?: Shims | undefined
  /** Wall time of a turn, and of all together, ms. */
  readonly turnTimeoutMs?: number
  readonly totalTimeoutMs?: number
}

export async function startProgram(
  program: Program,
  options: ProgramOptions,
): Promise<DrilledEngine> {
  const turns = new Turns()
  let control: ControlPlane | null = null
  try {
    control = await startControlPlane(turns, options.address)
    return new ProgramEngine(program, options, turns, control)
  } catch (error) {
    await control?.[Symbol.asyncDispose]()
    await options.directory[Symbol.asyncDispose]()
    throw error
  }
}

class ProgramEngine implements DrilledEngine {
  readonly name: string
  readonly output = new OutputLog()
  readonly #program: Program
  readonly #o: ProgramOptions
  readonly #turns: Turns
  readonly #control: ControlPlane
  readonly #orders: Orders
  readonly #keeper: Keeper
  readonly #desk: CommandDesk
  /** In the environment of the program and of whatever it starts. */
  readonly #mark = randomUUID()
  readonly #processes = new Processes(this.#mark)
  readonly #environment: NodeJS.ProcessEnv
  readonly #findings: EngineFinding[] = []
  #child: ChildProcess | null = null
  #exited: Promise<void> = Promise.resolve()
  /** All that it printed has been read. */
  #closed: Promise<void> = Promise.resolve()
  #end: { readonly code: number | null; readonly signal: string | null } | null = null
  #failure: EngineFailure | null = null
  #exit: ProgramExit | null = null
  #nextStartAt: number | null = null
  #wallUsedMs = 0
  #printedBytes = 0
  #cutTold = false
  /** Wall time. */
  #lookedAt = 0

  constructor(program: Program, options: ProgramOptions, turns: Turns, control: ControlPlane) {
    this.name = program.name
    this.#program = program
    this.#o = options
    this.#turns = turns
    this.#control = control
    const { databaseUri } = options
    const directory = options.directory.path
    const shims = options.shims ?? NO_SHIMS
    const path = process.env['PATH'] ?? PATH_DEFAULT
    const commands = installCommands(directory, answeredCommands(shims), path)
    this.#desk = new CommandDesk({
      turns,
      control,
      shims,
      onUnmapped: (name) => this.#findUnmapped(name),
    })
    this.#orders = new Orders(directory, (order) => this.#desk.perform(order))
    this.#keeper = new Keeper(this.#mark, directory)
    this.#environment = programEnvironment(
      {
        databaseUri,
        control,
        commands,
        shims: shims.directory,
        temporary: join(directory, 'tmp'),
        mark: this.#mark,
        extra: options.environment ?? {},
      },
      process.env,
    )
  }

  get nextCheckAt(): number {
    return Math.min(this.#turns.nextAt, this.#nextStartAt ?? Infinity)
  }

  get exit(): ProgramExit | null {
    return this.#exit
  }

  takeFindings(): readonly EngineFinding[] {
    return this.#findings.splice(0)
  }

  async check(incident: Incident): Promise<void> {
    if (this.#failure !== null) throw this.#failure
    const began = performance.now()
    const now = incident.now.getTime()
    writeNow(this.#o.directory.path, now)
    this.#exit = null
    this.#turns.open(incident)
    try {
      if (now >= (this.#nextStartAt ?? now)) this.#start(now)
      do await this.#untilAllRest(began)
      while (this.#end === null && this.#turns.wakeOne())
      if (this.#end !== null) await this.#ended()
    } finally {
      // What was printed in this turn is read in this turn.
      await after(0)
      this.#turns.close()
      this.#wallUsedMs += performance.now() - began
    }
    if (this.#failure !== null) throw this.#failure
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#turns.finish()
    this.#kill()
    await this.#exited
    await this.#orders[Symbol.asyncDispose]()
    this.#desk[Symbol.dispose]()
    await this.#control[Symbol.asyncDispose]()
    await this.#o.directory[Symbol.asyncDispose]()
    await this.#keeper[Symbol.asyncDispose]()
  }

  #start(now: number): void {
    const { start, everyMs } = this.#program
    if (everyMs !== null) this.#nextStartAt = now + everyMs
    // Like a cron job with a lock: while the last one is still there none begins.
    if (this.#child !== null) return
    const [file, parameters] =
      'file' in start ? [start.file, []] : ['/bin/sh', ['-c', start.commandLine]]
    this.#end = null
    const child = spawn(file, parameters, {
      env: this.#environment,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    if (child.pid !== undefined) this.#keeper.knowGroup(child.pid)
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => this.#print(stream, text))
    }
    this.#exited = new Promise((done) => {
      child.on('error', (error) => {
        this.#fail('engine-exited', `it cannot be started: ${messageOf(error)}`)
        done()
      })
      child.on('exit', (code, signal) => {
        this.#end = { code, signal }
        done()
      })
    })
    this.#closed = new Promise((done) => child.on('close', () => done()))
  }

  #print(stream: 'stdout' | 'stderr', text: string): void {
    this.output.add(this.#turns.now, stream, text)
    this.#printedBytes += text.length
    if (this.#printedBytes > limits.OUTPUT_MAX_BYTES) {
      const megabytes = limits.OUTPUT_MAX_BYTES / 1024 / 1024
      this.#fail('engine-took-too-much', `it printed more than ${megabytes} MB`)
    }
  }

  /** Settles when the program has ended, or every process of it sleeps or waits for one that does. */
  async #untilAllRest(began: number): Promise<void> {
    let before: Look | null = null
    for (let round = 0; this.#end === null; round++) {
      if (this.#failure !== null) throw this.#failure
      this.#checkTime(began, before)
      const mayRest =
        this.#turns.calls === 0 && this.#turns.anybodySleeps && !this.#o.databaseBusy()
      if (mayRest && this.#turns.wholeSleeps) return
      // The first look may see a process in the moment before it goes on: the second must see the same.
      const look =
        mayRest || performance.now() - this.#lookedAt > limits.LOOK_EVERY_MS ? this.#look() : null
      if (mayRest && look !== null && this.#rests(look)) {
        if (before !== null && this.#rests(before) && before.trace === look.trace) return
      }
      before = look ?? before
      await after(Math.min(1 + round, 10))
    }
  }

  #rests({ working }: Look): boolean {
    return working.length === 0 && this.#turns.anybodySleeps
  }

  #look(): Look {
    this.#lookedAt = performance.now()
    this.#turns.forgetDead(isAlive)
    const look = this.#processes.look(this.#turns.sleepingPids)
    if (look.pids.size > limits.PROCESSES_MAX) {
      this.#fail(
        'engine-took-too-much',
        `it ran more than ${limits.PROCESSES_MAX} processes at once`,
      )
    }
    if (look.memoryMb > limits.MEMORY_MAX_MB) {
      this.#fail('engine-took-too-much', `it used more than ${limits.MEMORY_MAX_MB} MB of memory`)
    }
    return look
  }

  #checkTime(began: number, last: Look | null): void {
    const { turnTimeoutMs = limits.TURN_TIMEOUT_MS, totalTimeoutMs = limits.TOTAL_TIMEOUT_MS } =
      this.#o
    const usedMs = performance.now() - began
    const seconds = (ms: number) => `${Math.round(ms / 1000)} s`
    if (usedMs > turnTimeoutMs) {
      const working = (last ?? this.#look()).working
      const who = working.length > 0 ? `; at work: ${working.join(', ')}` : ''
      this.#fail(
        'engine-timed-out',
        `it worked for more than ${seconds(turnTimeoutMs)} without sleeping${who}`,
      )
    } else if (this.#wallUsedMs + usedMs > totalTimeoutMs) {
      this.#fail('engine-timed-out', `its turns took more than ${seconds(totalTimeoutMs)} together`)
    }
    if (this.#failure !== null) throw this.#failure
  }

  /** The program's own process has ended: how, and what it left behind. */
  async #ended(): Promise<void> {
    const { code, signal } = this.#end!
    const until = performance.now() + limits.CHILDREN_GRACE_MS
    let left = this.#processes.look(new Set())
    while (left.pids.size > 0 && performance.now() < until) {
      await after(10)
      left = this.#processes.look(new Set())
    }
    if (left.pids.size > 0) {
      this.#findings.push({
        code: 'engine-left-children',
        detail:
          'processes that it had started were still there when it ended; they were ended, too',
      })
    }
    this.#kill()
    await Promise.race([this.#closed, after(limits.OUTPUT_AFTER_EXIT_MS)])
    this.#turns.forgetAll()
    this.#child = null
    this.output.end(this.#turns.now)
    if (this.output.cut && !this.#cutTold) {
      this.#cutTold = true
      this.#findings.push({ code: 'engine-output-cut', detail: 'only the beginning of it is kept' })
    }
    if (this.#failure !== null) return
    if (signal !== null) this.#fail('engine-exited', `its program was ended by ${signal}`)
    else this.#exit = { status: code ?? 0, last: this.#program.everyMs === null }
    if (this.#nextStartAt === null) this.#nextStartAt = Infinity
  }

  #findUnmapped(name: string): void {
    const detail = `it called ${name}, which the drill kept from the real thing`
    this.#findings.push({ code: 'command-not-mapped', detail })
  }

  /** The first failure is the one that counts; the program has no second chance. */
  #fail(code: EngineFailure['code'], message: string): void {
    this.#failure ??= new EngineFailure(code, message)
    this.#kill()
  }

  /** The program and whatever it started: it leads a group of its own, and all carry its mark. */
  #kill(): void {
    const pid = this.#child?.pid
    if (pid !== undefined) {
      try {
        process.kill(-pid, 'SIGKILL')
      } catch (error) {
        // The group is gone already.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    }
    this.#processes.end()
  }
}
