/**
 * Dumps that only PostgreSQL itself reads (custom, directory and tar format): `pg_restore` turns what is wanted of them
 * into the text of a plain dump, streamed. The program ends with us: it loses its reader when we do.
 */
import { execFile, spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { DrillError, messageOf } from '../../foundation/errors.ts'
import { IMPORTED_TABLES } from './table-rows.ts'

export interface ArchiveOptions {
  /** Default: whatever schema holds the tables. */
  readonly schema?: string | undefined
  /** The first that is there is used; default: that on the PATH, then those that Debian installs. */
  readonly programs?: readonly string[]
}

/** What the archive says of itself. */
export interface Archive {
  /** As printed: `2026-11-24 23:51:00 UTC`. */
  readonly createdAt: string | null
  /** Text of the wanted tables, as of a plain dump. */
  readonly chunks: AsyncGenerator<Buffer>
}

/** Throws DrillError `input` where there is no pg_restore, or where it cannot read the archive. */
export async function openArchive(
  path: string,
  { schema, programs = ['pg_restore', ...installedPrograms()] }: ArchiveOptions = {},
): Promise<Archive> {
  for (const program of programs) {
    const list = await contentsOf(program, path)
    if (list === null) continue
    if (!/ TABLE DATA \S+ queue_job /.test(list)) {
      throw new DrillError(
        'input',
        `${path} holds no rows of queue_job: dump the database of an Odoo with the addon queue_job, with its data.`,
      )
    }
    return {
      createdAt: /^;\s*Archive created at (.+)$/m.exec(list)?.[1]?.trim() ?? null,
      chunks: restored(program, path, schema),
    }
  }
  throw new DrillError(
    'input',
    `${path} is an archive of pg_dump, and there is no pg_restore here to read it. Install PostgreSQL's client ` +
      'programs (postgresql-client), or turn it into text where they are: ' +
      `pg_restore ${IMPORTED_TABLES.map((table) => `--table ${table}`).join(' ')} --file queue.sql ARCHIVE`,
  )
}

/** Newest version first. */
function installedPrograms(): string[] {
  const root = '/usr/lib/postgresql'
  if (!existsSync(root)) return []
  return readdirSync(root)
    .sort((left, right) => Number.parseFloat(right) - Number.parseFloat(left))
    .map((version) => join(root, version, 'bin', 'pg_restore'))
}

/** null = the program is not there. */
async function contentsOf(program: string, path: string): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)(program, ['--list', path], {
      maxBuffer: 256 * 1024 * 1024,
    })
    return stdout
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw unreadable(path, program, (error as { stderr?: string }).stderr ?? messageOf(error))
  }
}

async function* restored(
  program: string,
  path: string,
  schema: string | undefined,
): AsyncGenerator<Buffer> {
  const tables = IMPORTED_TABLES.flatMap((table) => ['--table', table])
  const schemas = schema === undefined ? [] : ['--schema', schema]
  const child = spawn(
    program,
    ['--no-owner', '--no-privileges', ...schemas, ...tables, '--file', '-', path],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let complaint = ''
  child.stderr.on('data', (piece: Buffer) => {
    complaint = (complaint + piece.toString()).slice(0, 2000)
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  // It may fail before anybody waits for its end.
  ended.catch(() => undefined)
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer
    if ((await ended) !== 0) throw unreadable(path, program, complaint)
  } finally {
    if (child.exitCode === null) child.kill('SIGKILL')
    await ended.catch(() => null)
  }
}

function unreadable(path: string, program: string, complaint: string): DrillError {
  const newer = /unsupported version/.test(complaint)
    ? `The dump is of a newer pg_dump than ${program}: install its version of PostgreSQL's client programs.`
    : 'Make the dump again.'
  return new DrillError(
    'input',
    `pg_restore cannot read ${path}: ${complaint.trim().split('\n')[0] ?? ''}. ${newer}`,
  )
}
