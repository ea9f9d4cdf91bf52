/**
 * The directory of a run: written under `….incomplete` and renamed when whole. Of a run that was cut off what its
 * finished drills wrote stays under that name; where none was finished, nothing does (of a killed run: from the next on).
 */
import { createWriteStream, type WriteStream } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { finished } from 'node:stream/promises'
import { DrillError, messageOf } from '../foundation/errors.ts'
import { writeJournal } from '../journal/file.ts'
import type { JournalSet } from '../journal/events.ts'
import type { RunFacts } from '../report/report-json.ts'
import { ownerMark, ownerState, type OwnerState } from '../foundation/owner.ts'
import type { Traffic } from '../sandbox/sandbox.ts'

const INCOMPLETE = '.incomplete'
/** In an incomplete directory: the mark of the process that writes it. */
const OWNER = 'owner'
/** The last file but one of a drill: with it, it is finished. */
export const REPORT_FILE = 'report.json'
const DEFAULT_RUNS = join('.queue-drill', 'runs')

export class RunDirectory {
  /** Where it will stand in the end. */
  readonly path: string
  readonly #working: string
  readonly #isDefault: boolean

  private constructor(path: string, isDefault: boolean) {
    this.path = path
    this.#working = path + INCOMPLETE
    this.#isDefault = isDefault
  }

  /** `out` null: `.queue-drill/runs/<time>-<name>` below the working directory. An existing `out` is an input error. */
  static async create(out: string | null, name: string, startedAt: Date): Promise<RunDirectory> {
    const time = startedAt.toISOString().replaceAll(/[-:]/g, '').replace('T', '-').slice(0, 15)
    const path = resolve(out ?? join(DEFAULT_RUNS, `${time}-${name}`))
    const isDefault = out === null
    try {
      // Elsewhere a directory may be shared with other machines, whose marks nobody here can read.
      await clearUnfinished(dirname(path), isDefault ? ['dead', 'earlier-boot'] : ['dead'])
      const directory = new RunDirectory(await freePath(path, !isDefault), isDefault)
      await mkdir(directory.#working, { recursive: true })
      await writeFile(join(directory.#working, OWNER), ownerMark())
      return directory
    } catch (cause) {
      if (cause instanceof DrillError) throw cause
      throw new DrillError(
        'input',
        `${path} cannot be written (${messageOf(cause)}): name another directory with --out`,
        { cause },
      )
    }
  }

  drill(name: string): string {
    return join(this.#working, name)
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(join(this.#working, name), text)
  }

  /** Of a run that decided nothing nothing is left. */
  async remove(): Promise<void> {
    await rm(this.#working, { recursive: true, force: true })
  }

  /** Renames it to its final name, and points `latest` at it. */
  async complete(): Promise<void> {
    await rm(join(this.#working, OWNER))
    await rename(this.#working, this.path)
    if (!this.#isDefault) return
    const latest = join(dirname(this.path), 'latest')
    await rm(latest, { force: true })
    await symlink(basename(this.path), latest)
  }
}

/** Removes what killed runs left, unless a drill of theirs was finished: that is somebody's result. */
async function clearUnfinished(runs: string, states: readonly OwnerState[]): Promise<void> {
  for (const name of (await exists(runs)) ? await readdir(runs) : []) {
    if (!name.endsWith(INCOMPLETE)) continue
    const path = join(runs, name)
    const mark = await readFile(join(path, OWNER), 'utf8').catch(() => null)
    if (mark === null || !states.includes(ownerState(mark))) continue
    const entries = await readdir(path, { recursive: true })
    if (entries.some((entry) => basename(entry) === REPORT_FILE)) continue
    await rm(path, { recursive: true, force: true })
  }
}

async function freePath(path: string, isExplicit: boolean): Promise<string> {
  if (isExplicit) {
    if (await exists(path)) {
      throw new DrillError('input', `--out ${path} exists already: name a new directory`)
    }
    await rm(path + INCOMPLETE, { recursive: true, force: true })
    return path
  }
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? path : `${path}-${number}`
    if (!(await exists(candidate)) && !(await exists(candidate + INCOMPLETE))) return candidate
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}

/** Where the journals of a drill stand in its directory. */
export const JOURNAL_FILES: Readonly<Record<keyof JournalSet, string>> = {
  drill: 'journal.ndjson.gz',
  calm: join('twins', 'calm.ndjson.gz'),
  noop: join('twins', 'noop.ndjson.gz'),
  retryAll: join('twins', 'retry-all.ndjson.gz'),
}

/** `run.json`: what was measured, and by which digests the journals are known. */
export interface RunFile extends RunFacts {
  readonly twins: Readonly<Record<Exclude<keyof JournalSet, 'drill'>, string>>
}

/** Returns their digests. */
export async function writeJournals(
  directory: string,
  set: JournalSet,
): Promise<Pick<RunFile, 'digest' | 'twins'>> {
  await mkdir(join(directory, 'twins'), { recursive: true })
  const write = (name: keyof JournalSet) =>
    writeJournal(join(directory, JOURNAL_FILES[name]), set[name])
  const [digest, calm, noop, retryAll] = await Promise.all([
    write('drill'),
    write('calm'),
    write('noop'),
    write('retryAll'),
  ])
  return { digest, twins: { calm, noop, retryAll } }
}

/** `statements.ndjson`: what the engine asked, outside the digest. */
export class StatementLog implements AsyncDisposable {
  readonly #stream: WriteStream

  constructor(directory: string) {
    this.#stream = createWriteStream(join(directory, 'statements.ndjson'))
  }

  add(check: number, at: number, traffic: Traffic): void {
    for (const statement of traffic.texts) {
      const line = { check, at: new Date(at).toISOString(), ...statement }
      this.#stream.write(`${JSON.stringify(line)}\n`)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stream.end()
    await finished(this.#stream)
  }
}
