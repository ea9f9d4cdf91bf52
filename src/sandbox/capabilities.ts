/**
 * What this machine can do, as data: for `queue-drill doctor`, and for whoever wonders why `auto` chose as it did.
 * Nothing is started and nothing is written, apart from the cached copy of the binaries where one is needed.
 */
import { execFile } from 'node:child_process'
import { statfsSync } from 'node:fs'
import { promisify } from 'node:util'
import { messageOf } from '../foundation/errors.ts'
import { askDocker, DEFAULT_IMAGE, hasImage } from './container/docker.ts'
import { findBinaries } from './embedded/binaries.ts'
import { findArchive, initdbArguments } from './embedded/cluster.ts'
import { isRoomyMemory, placesForDirectories } from './embedded/directory.ts'
import { chooseRunAs } from './embedded/run-as.ts'

/** Something that is there, or why not. `detail` is a clause for people. */
export interface Finding {
  readonly available: boolean
  readonly detail: string
}

export interface Capabilities {
  readonly embedded: Finding & {
    readonly version: string | null
    /** Directory of `initdb` and `postgres`. */
    readonly path: string | null
    /** The user that runs the server: null = the harness's own. */
    readonly runsAs: string | null
    /** Archive from which the next server begins; null = the next start makes one, where there is a place for it. */
    readonly cluster: string | null
  }
  readonly docker: Finding & { readonly version: string | null }
  readonly image: Finding & { readonly name: string }
  /** Not needed by drills; for people and for shell runbooks. */
  readonly psql: Finding & { readonly version: string | null }
  /** Where server directories can be made, the preferred place first. */
  readonly places: readonly {
    readonly path: string
    readonly memory: boolean
    readonly freeBytes: number
  }[]
  /** What `--postgres auto` would take; null = neither. */
  readonly auto: 'container' | 'embedded' | null
}

export async function findCapabilities(image = DEFAULT_IMAGE): Promise<Capabilities> {
  const [embedded, containers, psql] = await Promise.all([
    embeddedFinding(),
    containerFindings(image),
    psqlFinding(),
  ])
  const places = placesForDirectories().map((path) => {
    const status = statfsSync(path)
    return { path, memory: isRoomyMemory(path), freeBytes: status.bavail * status.bsize }
  })
  return {
    embedded,
    ...containers,
    psql,
    places,
    auto: containers.image.available ? 'container' : embedded.available ? 'embedded' : null,
  }
}

async function embeddedFinding(): Promise<Capabilities['embedded']> {
  try {
    const runAs = chooseRunAs()
    const binaries = await findBinaries(runAs)
    const { directory, version, origin } = binaries
    const cluster = findArchive(binaries, initdbArguments(binaries))
    const from = {
      package: 'of the npm package',
      copy: 'of the npm package, copied to where its user can run them',
      machine: 'installed on this machine',
    }[origin]
    const by = runAs === null ? '' : `, run as user ${runAs.name}`
    const kept = cluster === null ? '' : `, begins from ${cluster}`
    return {
      available: true,
      detail: `PostgreSQL ${version}, binaries ${from}${by}${kept}`,
      version,
      path: directory,
      runsAs: runAs?.name ?? null,
      cluster,
    }
  } catch (error) {
    const detail = messageOf(error)
    return { available: false, detail, version: null, path: null, runsAs: null, cluster: null }
  }
}

async function containerFindings(image: string): Promise<Pick<Capabilities, 'docker' | 'image'>> {
  const answer = await askDocker()
  if (!answer.answers) {
    return {
      docker: { available: false, detail: answer.why, version: null },
      image: { available: false, detail: 'no Docker to ask', name: image },
    }
  }
  const there = await hasImage(answer.client, image)
  return {
    docker: {
      available: true,
      detail: `Docker ${answer.version} answers`,
      version: answer.version,
    },
    image: {
      available: there,
      detail: there ? 'on this machine' : `not on this machine: docker pull ${image}`,
      name: image,
    },
  }
}

async function psqlFinding(): Promise<Capabilities['psql']> {
  try {
    const { stdout } = await promisify(execFile)('psql', ['--version'], { timeout: 10_000 })
    return { available: true, detail: stdout.trim(), version: /\d+\.\d+/.exec(stdout)?.[0] ?? null }
  } catch (error) {
    return { available: false, detail: `psql does not run (${messageOf(error)})`, version: null }
  }
}
