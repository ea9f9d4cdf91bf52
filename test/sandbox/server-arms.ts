/**
 * The places where the sandbox can run, for tests that hold in each of them: one body, several arms. Each arm knows
 * how to look for what a sandbox might leave there.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { askDocker, DEFAULT_IMAGE, hasImage } from '../../src/sandbox/container/docker.ts'
import type { Binaries } from '../../src/sandbox/embedded/binaries.ts'
import { placesForDirectories } from '../../src/sandbox/embedded/directory.ts'
import { startEmbedded } from '../../src/sandbox/embedded/embedded-server.ts'
import { ownerMark } from '../../src/foundation/owner.ts'
import { administratorOf, urlOf } from './given-server.ts'
import { directoriesOf } from './marks.ts'

export interface Arm extends AsyncDisposable {
  /** For `openServer`. */
  readonly choice: string
  /**
   * Names of what a process with this mark, or one that begins so (`null` = this process), left: directories,
   * containers, databases, roles.
   */
  leftOvers(mark: string | null): Promise<string[]>
  /** Kills the server of that process's sandbox; on a given server, the sessions of all. */
  killServer(mark: string | null): Promise<void>
  /** A given server notices only after its current statement that a client has vanished. */
  untilSessionsGone(): Promise<void>
}

export interface ArmDefinition {
  readonly name: string
  /** Why it cannot run here; null = it can. */
  readonly missing: string | null
  open(): Promise<Arm>
}

const MACHINE_15 = '/usr/lib/postgresql/15/bin'

/** An installed PostgreSQL 15, to compare with the package's 18; null where there is none. */
export const machine15: Binaries | null = existsSync(`${MACHINE_15}/postgres`)
  ? { directory: MACHINE_15, version: '15', origin: 'machine' }
  : null

const docker = await askDocker()
const dockerMissing = !docker.answers
  ? docker.why
  : (await hasImage(docker.client, DEFAULT_IMAGE))
    ? null
    : `no image ${DEFAULT_IMAGE}`

export const ARMS: readonly ArmDefinition[] = [
  { name: 'embedded', missing: null, open: async () => embeddedArm() },
  { name: 'container', missing: dockerMissing, open: async () => containerArm() },
  { name: 'url, superuser', missing: null, open: () => urlArm(undefined, true) },
  { name: 'url, createdb and createrole', missing: null, open: () => urlArm(undefined, false) },
  {
    name: 'url, createdb and createrole, version 15',
    missing: machine15 === null ? 'no PostgreSQL 15 installed' : null,
    open: () => urlArm(machine15 ?? undefined, false),
  },
]

/** `container (skipped: no Docker socket on this machine)`. */
export function armTitle({ name, missing }: ArmDefinition): string {
  return missing === null ? name : `${name} (skipped: ${missing})`
}

function embeddedArm(): Arm {
  return {
    choice: 'embedded',
    leftOvers: async (mark) => directoriesOf(mark ?? undefined),
    killServer: async (mark) => {
      for (const place of placesForDirectories()) {
        const names = directoriesOf(mark ?? undefined)
        for (const name of names.filter((each) => existsSync(join(place, each)))) {
          const file = readFileSync(join(place, name, 'data/postmaster.pid'), 'utf8')
          process.kill(Number(file.split('\n')[0]), 'SIGKILL')
        }
      }
    },
    untilSessionsGone: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  }
}

function containerArm(): Arm {
  if (!docker.answers) throw new Error(docker.why)
  const { dockerode } = docker.client.container
  const label = 'queue-drill.owner'
  const containersOf = async (mark: string | null): Promise<string[]> => {
    const found = await dockerode.listContainers({ all: true, filters: { label: [label] } })
    return found
      .filter(({ Labels }) => Labels[label]!.startsWith(mark ?? ownerMark()))
      .map(({ Id }) => Id)
  }
  return {
    choice: 'container',
    leftOvers: containersOf,
    killServer: async (mark) => {
      for (const id of await containersOf(mark)) await dockerode.getContainer(id).kill()
    },
    untilSessionsGone: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  }
}

/** A given server: an embedded one that the sandbox under test knows nothing about. */
async function urlArm(binaries: Binaries | undefined, superuser: boolean): Promise<Arm> {
  const host = await startEmbedded(binaries === undefined ? {} : { binaries })
  const administrator = await administratorOf(host)
  if (!superuser) {
    await administrator.query(`create role builder login password 'builder' createdb createrole`)
  }
  const login = superuser ? host.login : { user: 'builder', password: 'builder' }
  return {
    choice: urlOf(host, login.user, login.password ?? ''),
    leftOvers: async () => {
      const { rows } = await administrator.query<{ name: string }>(
        `select datname as name from pg_database where datname like 'queue\\_drill\\_%'
         union all select rolname from pg_roles where rolname like 'queue\\_drill\\_%' order by 1`,
      )
      return rows.map(({ name }) => name)
    },
    killServer: async () => {
      await administrator.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'queue-drill'`,
      )
    },
    untilSessionsGone: async () => {
      await administrator.query(
        `do $$ begin
           for tries in 1 .. 1000 loop
             perform pg_stat_clear_snapshot();
             exit when not exists (
               select from pg_stat_activity where application_name = 'queue-drill');
             perform pg_sleep(0.01);
           end loop;
         end $$`,
      )
    },
    [Symbol.asyncDispose]: async () => {
      await administrator.end()
      await host[Symbol.asyncDispose]()
    },
  }
}
