/**
 * The processes of an engine: what carries its mark in the environment, and what descends from such a process. All of
 * them can be ended, also a child in a session and environment of its own. And whether they rest: the world may go on only while every one of them sleeps on virtual time or waits for one that does.
 *
 * Linux tells in /proc in which call each thread waits. A thread rests if it waits, without a time limit, for another
 * process: for a child, at a pipe, for a signal, in a poll. Where /proc tells nothing (another system, a hidden /proc)
 * whoever sleeps on virtual time speaks for the whole program.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** Environment variable of an engine's processes; its value is random. */
export const MARK_VARIABLE = 'QUEUE_DRILL_ENGINE'

export interface Look {
  readonly pids: ReadonlySet<number>
  readonly memoryMb: number
  /** Names of the processes that are at work, each once, in order; empty = all rest. */
  readonly working: readonly string[]
  /** Changes whenever a resting process did something in between. */
  readonly trace: string
}

const PAGE_BYTES = 4096
/** Looks after which all are looked at again, because a process id may have been given anew. */
const FORGET_EVERY = 100
/** A process that starts another one while it is being killed is met in the next round. */
const ROUNDS_MAX = 20
const HAS_PROC = existsSync('/proc/self/environ')

/** Kernel functions in which a thread waits for another process and for nothing else. Names grew suffixes and prefixes over the years. */
const RESTS = /^(do_wait|(anon_|fifo_)?pipe_(read|write|wait)|sigsuspend|futex_|do_futex|pause)/
/** Where the time limit decides. */
const POLLS = /^(poll_schedule_timeout|do_poll|do_select|ep_poll|do_epoll_wait|do_sys_poll)/

/** Number of the system call → position of its time limit among the arguments, and what stands for none. */
const TIME_LIMITS: Readonly<Record<string, Readonly<Record<string, readonly [number, string]>>>> = {
  x64: {
    '7': [2, '0xffffffff'],
    '23': [4, '0x0'],
    '232': [3, '0xffffffff'],
    '270': [4, '0x0'],
    '271': [2, '0x0'],
    '281': [3, '0xffffffff'],
  },
  arm64: { '22': [3, '0xffffffff'], '72': [4, '0x0'], '73': [2, '0x0'] },
}

export class Processes {
  readonly #setting: string
  /** Seen so far, by their start: a child that cleared its environment stays known. */
  readonly #known = new Map<number, string>()
  /** Process ids that are somebody else's: looking at each of a few hundred takes 10 ms. */
  readonly #foreign = new Set<number>()
  #looks = 0

  constructor(mark: string) {
    this.#setting = `${MARK_VARIABLE}=${mark}`
  }

  /** `sleeping`: process ids that sleep on virtual time. */
  look(sleeping: ReadonlySet<number>): Look {
    const own = HAS_PROC ? this.#own() : []
    const working = new Set<string>()
    const trace: string[] = []
    let memoryPages = 0
    for (const { pid, name } of own) {
      memoryPages += Number(read(`/proc/${pid}/statm`).split(' ')[1] ?? 0)
      if (sleeping.has(pid)) continue
      if (!threadsOf(pid).every(rests)) working.add(name)
      trace.push(`${pid} ${switchesOf(pid)}`)
    }
    return {
      pids: new Set(own.map(({ pid }) => pid)),
      memoryMb: (memoryPages * PAGE_BYTES) / 1024 / 1024,
      working: [...working].sort(),
      trace: trace.join(),
    }
  }

  /** Kills them all. Outside Linux none is to be seen: there the process group must do. */
  end(): void {
    if (!HAS_PROC) return
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const own = this.#own()
      if (own.length === 0) return
      for (const { pid } of own) kill(pid)
    }
  }

  #own(): readonly Process[] {
    if (++this.#looks % FORGET_EVERY === 0) this.#foreign.clear()
    const all = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => !this.#foreign.has(pid))
      .flatMap((pid) => processOf(pid) ?? [])
    const own = all.filter(
      ({ pid, start }) =>
        pid !== process.pid &&
        (this.#known.get(pid) === start || read(`/proc/${pid}/environ`).includes(this.#setting)),
    )
    const found = new Set(own.map(({ pid }) => pid))
    // Children come after their parents often enough; the next look finds the others.
    for (const each of all) {
      if (found.has(each.parent) && !found.has(each.pid)) {
        found.add(each.pid)
        own.push(each)
      }
    }
    for (const { pid } of all) if (!found.has(pid)) this.#foreign.add(pid)
    this.#known.clear()
    for (const { pid, start } of own) this.#known.set(pid, start)
    return own
  }
}

/** True for one that exists and has not ended. */
export function isAlive(pid: number): boolean {
  if (HAS_PROC) return processOf(pid) !== null
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

interface Process {
  readonly pid: number
  readonly name: string
  readonly parent: number
  /** In clock ticks since the boot: with the pid it names a process. */
  readonly start: string
}

/** Null for one that is gone, or a zombie. */
function processOf(pid: number): Process | null {
  // `pid (name) state parent …`; a name may hold spaces and brackets.
  const text = read(`/proc/${pid}/stat`)
  const end = text.lastIndexOf(')')
  if (end < 0) return null
  const fields = text.slice(end + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return null
  const name = text.slice(text.indexOf('(') + 1, end)
  return { pid, name, parent: Number(fields[1]), start: fields[19]! }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}`)
  } catch {
    return []
  }
}

function rests(thread: string): boolean {
  const state = / ([A-Z]) /.exec(read(`${thread}/stat`).replace(/^.*\)/, ''))?.[1]
  if (state === 'Z' || state === 'X' || state === undefined) return true
  if (state !== 'S') return false
  const where = read(`${thread}/wchan`)
  if (RESTS.test(where)) return true
  // Not to be seen: it waits, and that it did nothing meanwhile the next look shows.
  if (where === '' || where === '0') return true
  return POLLS.test(where) && isWithoutLimit(read(`${thread}/syscall`))
}

function isWithoutLimit(systemCall: string): boolean {
  const [number, ...parameters] = systemCall.trim().split(' ')
  const [position, none] = TIME_LIMITS[process.arch]?.[number!] ?? [0, '']
  return parameters[position] === none
}

/** How often its threads were put to sleep or interrupted so far. */
function switchesOf(pid: number): string {
  return threadsOf(pid)
    .map((thread) =>
      [...read(`${thread}/status`).matchAll(/ctxt_switches:\s*(\d+)/g)].map(([, n]) => n).join('+'),
    )
    .join(' ')
}

/** Empty for what is gone, or not ours to read. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
