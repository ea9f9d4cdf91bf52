/**
 * An engine that is somebody's module, in a process of its own: clean arguments and environment, a database connection
 * of its own, bounds on time and memory. However it ends — it throws, exits, hangs, eats memory — the drill gets an
 * EngineFailure and goes on; disposing it ends the process and whatever it started.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { DrillError, messageOf } from '../../foundation/errors.ts'
import { performCall } from '../../control/calls.ts'
import type { Incident } from '../contract.ts'
import type { DrilledEngine, EngineFinding } from '../drilled-engine.ts'
import { EngineFailure } from '../engine-failure.ts'
import { Keeper } from '../process/keeper.ts'
import { OutputLog } from '../process/output-log.ts'
import { MARK_VARIABLE, Processes } from '../process/processes.ts'
import {
  CHECK_TIMEOUT_MS,
  HEAP_EXHAUSTED,
  MEMORY_MAX_MB,
  OUTPUT_AFTER_EXIT_MS,
  OUT_OF_MEMORY,
  START_TIMEOUT_MS,
} from './limits.ts'
import { type FromEngine, readMessage, type ToEngine } from './protocol.ts'

export interface ExternalEngineOptions {
  /** The drill's database, through the gateway. */
  readonly databaseUri: string
  /** Wall time of one check, ms; default 60 s. */
  readonly timeoutMs?: number
  /** Memory of the whole process, MB, half of it for V8's heap; default 1024. */
  readonly memoryMaxMb?: number
}

/**
 * Starts the module at `path`. Throws DrillError `input` where there is no such file or it exports no engine; a module
 * that throws, exits or hangs while it is loaded is an engine that fails at its first check.
 */
export async function startExternalEngine(
  path: string,
  { databaseUri, timeoutMs = CHECK_TIMEOUT_MS, memoryMaxMb = MEMORY_MAX_MB }: ExternalEngineOptions,
): Promise<DrilledEngine> {
  const module = await existingModule(path)
  const host = new EngineProcess(module, timeoutMs, memoryMaxMb)
  try {
    await host.start(databaseUri, memoryMaxMb)
  } catch (error) {
    await host[Symbol.asyncDispose]()
    throw error instanceof UnfitModule
      ? new DrillError('input', `engine ${path}: ${error.message} (docs/engines.md)`)
      : error
  }
  return host
}

/** The module's absolute path. Throws DrillError `input` if there is no such file. */
export async function existingModule(path: string): Promise<string> {
  const absolute = resolve(path)
  const found = await stat(absolute).catch(() => null)
  if (found === null) throw new DrillError('input', `engine ${path}: there is no such file`)
  if (!found.isFile())
    throw new DrillError('input', `engine ${path}: it is not a file but a folder`)
  return absolute
}

class UnfitModule extends Error {}

interface Waiting {
  /** Null: for the start. */
  readonly check: number | null
  readonly incident: Incident | null
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

class EngineProcess implements DrilledEngine {
  readonly #module: string
  readonly #timeoutMs: number
  readonly #child: ChildProcess
  /** In the environment of the process and of whatever it starts. */
  readonly #mark = randomUUID()
  readonly #processes = new Processes(this.#mark)
  readonly #keeper = new Keeper(this.#mark, null)
  readonly #exited: Promise<void>
  readonly nextCheckAt = null
  readonly exit = undefined
  readonly output = new OutputLog()
  /** Virtual ms. */
  #now = 0
  #name = ''
  #check = 0
  #waiting: Waiting | null = null
  /** Calls that are being performed: the world must not go on before they are. */
  readonly #calls = new Set<Promise<void>>()
  #failure: EngineFailure | null = null

  constructor(module: string, timeoutMs: number, memoryMaxMb: number) {
    this.#module = module
    this.#timeoutMs = timeoutMs
    this.#child = forkHost(module, memoryMaxMb / 2, this.#mark)
    this.#child.on('message', (message) => this.#receive(readMessage(message)))
    this.#child.on('error', (error) => this.#fail('engine-exited', messageOf(error)))
    for (const stream of ['stdout', 'stderr'] as const) {
      const pipe = this.#child[stream]!.setEncoding('utf8')
      pipe.on('data', (text: string) => this.output.add(this.#now, stream, text))
    }
    this.#child.on('exit', () => {
      // What the module started and let go of may still hold its output open.
      setTimeout(() => {
        this.#child.stdout!.destroy()
        this.#child.stderr!.destroy()
      }, OUTPUT_AFTER_EXIT_MS).unref()
    })
    // `close` comes after the last output has been read.
    this.#exited = new Promise((done) => {
      this.#child.on('close', (code, signal) => {
        this.output.end(this.#now)
        this.#fail('engine-exited', this.#wordsOfExit(code, signal))
        done()
      })
    })
  }

  get name(): string {
    return this.#name
  }

  takeFindings(): readonly EngineFinding[] {
    return []
  }

  async start(databaseUri: string, memoryMaxMb: number): Promise<void> {
    this.#send({
      type: 'start',
      module: pathToFileURL(this.#module).href,
      databaseUri,
      harness: process.pid,
      memoryMaxMb,
    })
    try {
      await this.#wait(null, null, START_TIMEOUT_MS)
    } catch (error) {
      // It is the engine under test that does not work: its first check will say so.
      if (!(error instanceof EngineFailure)) throw error
      this.#name = 'engine'
    }
  }

  async check(incident: Incident): Promise<void> {
    if (this.#failure !== null) throw this.#failure
    const check = ++this.#check
    this.#now = incident.now.getTime()
    this.#send({
      type: 'check',
      check,
      now: incident.now.getTime(),
      catalogue: incident.catalogue,
    })
    try {
      await this.#wait(check, incident, this.#timeoutMs)
    } finally {
      while (this.#calls.size > 0) await Promise.all(this.#calls)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill()
    await this.#exited
    this.#processes.end()
    await this.#keeper[Symbol.asyncDispose]()
  }

  #wait(check: number | null, incident: Incident | null, timeoutMs: number): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        const seconds = Math.round(timeoutMs / 1000)
        const what = check === null ? 'to load' : 'for one check'
        this.#fail('engine-timed-out', `it took longer than ${seconds} s ${what}`)
      }, timeoutMs)
      const settle = () => {
        clearTimeout(timer)
        this.#waiting = null
      }
      this.#waiting = {
        check,
        incident,
        resolve: () => {
          settle()
          resolve()
        },
        reject: (error) => {
          settle()
          reject(error)
        },
      }
      // It may have ended while nobody was waiting.
      if (this.#failure !== null) this.#waiting.reject(this.#failure)
    })
  }

  #receive(message: FromEngine | null): void {
    const waiting = this.#waiting
    switch (message?.type) {
      case undefined:
        return
      case 'ready':
        this.#name = message.name
        return waiting?.resolve()
      case 'unfit':
        return waiting?.reject(new UnfitModule(message.message))
      case 'broken':
        return this.#fail('engine-threw', message.message)
      case 'threw':
        if (message.check === waiting?.check) this.#fail('engine-threw', message.message)
        return
      case 'settled':
        if (message.check === waiting?.check) waiting.resolve()
        return
      case 'call': {
        const performed = this.#perform(message)
        this.#calls.add(performed)
        void performed.then(() => this.#calls.delete(performed))
      }
    }
  }

  async #perform({
    call,
    check,
    name,
    request,
  }: Extract<FromEngine, { type: 'call' }>): Promise<void> {
    const incident = this.#waiting?.check === check ? this.#waiting.incident : null
    try {
      if (incident === null) throw new Error(`${name}: the check it belongs to is over`)
      this.#send({ type: 'answer', call, value: await performCall(incident, name, request) })
    } catch (error) {
      this.#send({ type: 'refusal', call, message: messageOf(error) })
    }
  }

  #send(message: ToEngine): void {
    // A process that is gone hears nothing; `close` tells how it ended.
    if (this.#child.connected) this.#child.send(message, () => undefined)
  }

  /** The first failure is the one that counts; the process has no second chance. */
  #fail(code: EngineFailure['code'], message: string): void {
    if (this.#failure === null) this.#failure = new EngineFailure(code, message)
    this.#waiting?.reject(this.#failure)
    this.#kill()
  }

  #wordsOfExit(code: number | null, signal: NodeJS.Signals | null): string {
    const lastWords = [OUT_OF_MEMORY, HEAP_EXHAUSTED]
    if (this.output.lines.some(({ text }) => lastWords.some((words) => text.includes(words)))) {
      return 'its process ran out of memory'
    }
    return signal === null
      ? `its process exited with status ${code}`
      : `its process was ended by ${signal}`
  }

  /** The process and whatever it started: it leads a group of its own. */
  #kill(): void {
    const { pid } = this.#child
    if (pid === undefined) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch (error) {
      // The group is gone already.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

/** `host.js` from the build, `host.ts` through tsx from the sources; a module in TypeScript needs tsx as well. */
function forkHost(module: string, heapMaxMb: number, mark: string): ChildProcess {
  const isSource = import.meta.url.endsWith('.ts')
  const host = fileURLToPath(new URL(`./host.${isSource ? 'ts' : 'js'}`, import.meta.url))
  const needsLoader = isSource || /\.[cm]?ts$/.test(module)
  const loader = needsLoader ? ['--import', import.meta.resolve('tsx')] : []
  return fork(host, [], {
    cwd: dirname(module),
    env: {
      ...cleanEnvironment(),
      [MARK_VARIABLE]: mark,
      // The loader would leave a directory in TMPDIR; what it saves is the time to read one module.
      ...(!isSource && { TSX_DISABLE_CACHE: '1' }),
    },
    execArgv: [`--max-old-space-size=${Math.floor(heapMaxMb)}`, ...loader],
    detached: true,
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
}

/** Nothing of the drill, and one time zone on every machine. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'LANG'].flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return { ...Object.fromEntries(kept), TZ: 'UTC' }
}
