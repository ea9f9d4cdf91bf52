/**
 * Ends an engine whose harness was killed outright, and removes its directory: a small process of its own, which waits
 * at a pipe that closes with the harness, and knows the engine's processes by the mark in their environment.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'

/** $1: the mark, $2: the directory or nothing. `group N`: a process group to end; `done`: all is put away. */
const SCRIPT = `
group=
while read -r word number; do
  case $word in
    group) group=$number ;;
    done) exit 0 ;;
  esac
done
[ -n "$group" ] && kill -9 -- "-$group" 2>/dev/null
for round in 1 2 3 4 5 6 7 8 9 10; do
  found=
  for process in /proc/[0-9]*; do
    grep -qs -- "$1" "$process/environ" && kill -9 "\${process#/proc/}" 2>/dev/null && found=yes
  done
  [ -z "$found" ] && break
done
[ -n "$2" ] && rm -rf -- "$2"
`

export class Keeper implements AsyncDisposable {
  readonly #process: ChildProcess

  /** `mark`: see processes.ts. `directory`: removed as well; null = there is none. */
  constructor(mark: string, directory: string | null) {
    this.#process = spawn('/bin/sh', ['-c', SCRIPT, 'queue-drill-keeper', mark, directory ?? ''], {
      cwd: '/',
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    this.#process.on('error', () => undefined)
    this.#process.stdin!.on('error', () => undefined)
    this.#process.unref()
    ;(this.#process.stdin as Socket).unref()
  }

  /** A process group that the engine leads. */
  knowGroup(pid: number): void {
    this.#process.stdin!.write(`group ${pid}\n`)
  }

  /** All is put away: it has nothing to do. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = once(this.#process, 'exit')
    this.#process.stdin!.end('done\n')
    await ended
  }
}
