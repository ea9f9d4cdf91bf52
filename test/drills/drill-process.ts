/**
 * Drills as processes of the built command, each in a directory of its own, for tests that look at what it prints, at
 * how it ends, and at what it leaves: files, processes, servers.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, readdirSync, readlinkSync, statSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Report } from '../../src/report/report-json.ts'
import { CLI, type Ended } from '../commands/process.ts'
import { directoriesOf, markOf } from '../sandbox/marks.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** A working directory with a temporary directory in it, both gone afterwards. */
export class Place implements AsyncDisposable {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  static async open(): Promise<Place> {
    const place = new Place(await mkdtemp(join(tmpdir(), 'queue-drill-test-')))
    // The user that runs the server must get through.
    await chmod(place.path, 0o755)
    await mkdir(place.temporary, { mode: 0o755 })
    return place
  }

  get temporary(): string {
    return join(this.path, 'tmp')
  }

  file(...names: string[]): string {
    return join(this.path, ...names)
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(this.file(name), text)
  }

  /** `queue-drill …` in this directory; its standard input is empty, but for what `type` sends. */
  start(args: readonly string[], environment: Environment = {}): DrillProcess {
    return new DrillProcess(this, args, environment)
  }

  /** The same to its end. */
  async run(args: readonly string[], environment: Environment = {}): Promise<Ended> {
    return this.start(args, environment).ended
  }

  /** `report.json` of a drill below `out`. */
  async report(out: string, scenario: string): Promise<Report> {
    return JSON.parse(await readFile(this.file(out, scenario, 'report.json'), 'utf8')) as Report
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
  }
}

export class DrillProcess {
  readonly ended: Promise<Ended>
  readonly #place: Place
  readonly #child: ChildProcess
  readonly #text = { stdout: '', stderr: '' }

  constructor(place: Place, args: readonly string[], environment: Environment) {
    this.#place = place
    this.#child = spawn(process.execPath, [CLI, ...args], {
      cwd: place.path,
      stdio: [args[0] === 'live' ? 'pipe' : 'ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', TMPDIR: place.temporary, ...environment },
    })
    for (const stream of ['stdout', 'stderr'] as const) {
      this.#child[stream]!.setEncoding('utf8').on('data', (text: string) => {
        this.#text[stream] += text
      })
    }
    this.ended = new Promise((resolve, reject) => {
      this.#child.on('error', reject)
      this.#child.on('close', (status) => resolve({ status, ...this.#text }))
    })
  }

  /** How the names begin of whatever it makes. */
  get mark(): string {
    return markOf(this.#child.pid!)
  }

  get stderr(): string {
    return this.#text.stderr
  }

  get stdout(): string {
    return this.#text.stdout
  }

  /** A line for a live drill. */
  type(line: string): void {
    this.#child.stdin!.write(`${line}\n`)
  }

  closeInput(): void {
    this.#child.stdin!.end()
  }

  /** The rest of what it prints from here on, once that holds `pattern`. */
  async untilPrints(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    let found: RegExpExecArray | null = null
    const look = () => (found = pattern.exec(this.#text.stdout.slice(from))) !== null
    await this.#until(look, `it prints ${pattern}`)
    return found!
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Until the engine's first statements have been noted: the drill is in the middle of its checks. */
  async underWay(): Promise<void> {
    const isUnderWay = () =>
      readdirSync(this.#place.path, { recursive: true, encoding: 'utf8' }).some(
        (name) =>
          /\.incomplete\b.*statements\.ndjson$/.test(name) &&
          (statSync(this.#place.file(name), { throwIfNoEntry: false })?.size ?? 0) > 0,
      )
    await this.#until(isUnderWay, 'the drill is under way')
  }

  async untilSays(text: string): Promise<void> {
    await this.#until(() => this.#text.stderr.includes(text), `it says "${text}"`)
  }

  async #until(happened: () => boolean, what: string): Promise<void> {
    while (!happened()) {
      if (this.#child.exitCode !== null) {
        throw new Error(`ended with ${this.#child.exitCode} before ${what}: ${this.#text.stderr}`)
      }
      await delay(5)
    }
  }

  /** Its processes, its temporary files, and the directories of its servers. */
  async traces(): Promise<string[]> {
    const { stdout } = await promisify(execFile)('ps', ['-eo', 'args='], { maxBuffer: 2 ** 24 })
    const name = `queue-drill-${this.mark}`
    return [
      ...stdout.split('\n').filter((line) => line.includes(name)),
      ...processesIn(this.#place.path),
      ...readdirSync(this.#place.temporary),
      ...directoriesOf(this.mark),
    ]
  }
}

/** Processes that work in a directory (Linux): the command itself, and engines of its own. */
function processesIn(directory: string): string[] {
  if (!existsSync('/proc/self/cwd')) return []
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`).startsWith(directory)
    } catch {
      // It has ended meanwhile, or belongs to somebody else.
      return false
    }
  })
}
