/**
 * The harness's end of the commands on a program's PATH: reads orders from the named pipe, lets them be performed, and
 * writes the answers. An order whose process is gone is answered to nobody.
 */
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { once } from 'node:events'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { messageOf } from '../../../foundation/errors.ts'
import { ORDERS } from './shell.ts'

/** What a command prints, and its exit status. */
export interface Answer {
  readonly status: number
  readonly stdout?: string
  readonly stderr?: string
}

export interface Order {
  /** Name of the command. */
  readonly name: string
  readonly parameters: readonly string[]
  /** Of the process that waits for the answer. */
  readonly pid: number
}

/** Performs an order; what it throws is told on the command's stderr. */
export type PerformOrder = (order: Order) => Promise<Answer>

export class Orders implements AsyncDisposable {
  readonly #directory: string
  readonly #perform: PerformOrder
  readonly #pipe: Socket
  #rest = ''

  /** Makes the pipe in `directory`, which must be private. */
  constructor(directory: string, perform: PerformOrder) {
    this.#directory = directory
    this.#perform = perform
    const path = join(directory, ORDERS)
    execFileSync('mkfifo', ['-m', '600', path])
    // Open for both ends: it never ends, however many commands come and go.
    const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
    this.#pipe = new Socket({ fd: descriptor, readable: true, writable: false })
    this.#pipe.setEncoding('utf8').on('data', (text: string) => this.#read(text))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#pipe.destroyed) return
    const closed = once(this.#pipe, 'close')
    this.#pipe.destroy()
    await closed
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop()!
    // A program can write into its own pipe, too: what is no order is none.
    for (const line of lines) if (/^\d{1,10}(\.[\w.]{1,40})?$/.test(line)) void this.#answer(line)
  }

  /** `key`: the process id, for Python with the number of its thread and order behind it. */
  async #answer(key: string): Promise<void> {
    const order = this.#orderOf(key)
    if (order === null) return
    let answer: Answer
    try {
      answer = await this.#perform(order)
    } catch (error) {
      answer = { status: 1, stderr: `${order.name}: ${messageOf(error)}\n` }
    }
    this.#write(key, answer)
  }

  #orderOf(key: string): Order | null {
    try {
      const text = readFileSync(join(this.#directory, `order.${key}`), 'utf8')
      const [name, ...parameters] = text.split('\0').slice(0, -1)
      return name === undefined ? null : { name, parameters, pid: Number.parseInt(key, 10) }
    } catch {
      return null
    }
  }

  #write(key: string, { status, stdout = '', stderr = '' }: Answer): void {
    const path = (kind: string) => join(this.#directory, `${kind}.${key}`)
    try {
      if (!existsSync(path('answer'))) return
      if (stdout !== '') writeFileSync(path('stdout'), stdout, { mode: 0o600 })
      if (stderr !== '') writeFileSync(path('stderr'), stderr, { mode: 0o600 })
      const pipe = openSync(path('answer'), constants.O_WRONLY | constants.O_NONBLOCK)
      try {
        writeSync(pipe, `${status}\n`)
      } finally {
        closeSync(pipe)
      }
    } catch (error) {
      // ENXIO: nobody waits any more; ENOENT: the directory is gone with the drill.
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENXIO' && code !== 'ENOENT' && code !== 'EPIPE') throw error
    }
  }
}
