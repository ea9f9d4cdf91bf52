/**
 * The shell script that runs an embedded server and outlives the harness by a moment. It makes or unpacks the cluster,
 * starts `postgres`, and waits on a pipe whose other end the harness holds: when that end is closed (by the harness, or by
 * the kernel after `kill -9`), it stops the server and removes the directory. It runs in a session of its own, so
 * that Ctrl-C in the terminal reaches the harness alone, which then puts everything away in order.
 */
import type { ChildProcess, ChildProcessWithoutNullStreams } from 'node:child_process'
import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import type { Cluster } from './cluster.ts'
import type { RunAs } from './run-as.ts'
import { identity } from './run-as.ts'

export interface WatchdogOptions {
  /** Exists, empty, owned by the user that runs the server. */
  readonly directory: string
  readonly binaries: string
  readonly user: string
  /** SCRAM verifier of the superuser's password, which itself does not leave the harness. */
  readonly verifier: string
  /** Words without spaces. */
  readonly initdbArguments: readonly string[]
  /** The script says when an archive is whole, or of no use. */
  readonly cluster: Cluster
  readonly serverArguments: readonly string[]
  readonly runAs: RunAs | null
}

export interface Watchdog {
  readonly process: ChildProcess
  /** Null while it runs; then how it ended. */
  ended(): string | null
  /** The last lines that initdb and the server wrote. */
  log(): string
  /** Closes the pipe and waits until server and directory are gone; false when they are not within 15 s. */
  stop(): Promise<boolean>
}

/**
 * Positional: directory, directory of the binaries, superuser, kind of the cluster, words for initdb, then the server's
 * arguments. Descriptor 3 is the pipe: background commands of a shell lose their standard input, and the server must
 * not hold it. 4 is the archive, 6 is where something is said; that a dead harness no longer listens may end a
 * subshell, but not the script. An archive ends with an empty file, so that one cut short is not taken for a whole one.
 * The password is set while the cluster has no server yet, and nobody can log in before it has got its pg_hba.conf.
 * SIGQUIT is PostgreSQL's immediate shutdown: nothing is written that would be removed anyway. It is repeated, because
 * a server that has just been started does not hear it yet. Line 7 of postmaster.pid, which a killed server leaves,
 * names its shared memory. The loop around `rm` waits for the last processes of a killed server; where the user may
 * not remove the directory itself, empty is enough: the harness or the next start removes it.
 */
const SCRIPT = `
umask 077
directory=$1 binaries=$2 user=$3 cluster=$4 words=$5
shift 5
data=$directory/data
exec 3<&0 6>&1 </dev/null >/dev/null
IFS= read -r verifier <&3
say() { (printf '%s\\n' "$1" >&6) 2>/dev/null; }
unpack() { tar -xf - -C "$directory" <&4 3<&- 6>&- && [ -e "$directory/whole" ]; }
pack() { : >"$directory/whole" && tar -cf - -C "$directory" data whole >&4 2>/dev/null 3<&- 6>&-; }
configure() {
  printf '%s all all %s scram-sha-256\\n' local '' host 127.0.0.1/32 >"$data/pg_hba.conf" &&
    printf "alter role %s password '%s'\\n" "$user" "$verifier" |
      "$binaries/postgres" --single -D "$data" "$@" -c exit_on_error=on postgres 3<&- 4<&- 6>&-
}
make() {
  rm -rf "$data"
  "$binaries/initdb" --pgdata="$data" $words 3<&- 4<&- 6>&- || return
  if [ "$cluster" = wanted ] && pack; then say whole; fi
}
if [ "$cluster" = cached ] && { unpack && configure "$@"; } 2>/dev/null; then
  status=0
else
  if [ "$cluster" = cached ]; then say unusable; fi
  make && configure "$@"
  status=$?
fi
rm -f "$directory/whole"
exec 4<&- 6>&-
if [ "$status" -eq 0 ]; then
  "$binaries/postgres" -D "$data" "$@" 3<&- &
  server=$!
  {
    while IFS= read -r _; do :; done
    while kill -QUIT "$server"; do sleep 0.1; done
  } <&3 2>/dev/null &
  watcher=$!
  trap 'kill -QUIT "$server"' HUP INT TERM
  wait "$server"
  status=$?
  while kill -0 "$server" 2>/dev/null; do wait "$server"; status=$?; done
  kill "$watcher" 2>/dev/null
  segment=$(sed -n '7s/^ *[0-9]* *//p' "$data/postmaster.pid" 2>/dev/null)
  [ -n "$segment" ] && ipcrm -m "$segment" 2>/dev/null
fi
tries=0
until rm -rf "$directory" 2>/dev/null || [ -z "$(ls -A "$directory")" ] || [ "$tries" -ge 100 ]; do
  tries=$((tries + 1))
  sleep 0.1
done
exit "$status"
`

const LOG_CHARACTERS = 4_000
const STOP_MS = 15_000

export function startWatchdog(options: WatchdogOptions): Watchdog {
  const { directory, binaries, user, cluster, initdbArguments, serverArguments } = options
  const child = spawn(
    '/bin/sh',
    // prettier-ignore
    ['-c', SCRIPT, 'queue-drill-watchdog', directory, binaries, user, cluster.kind, initdbArguments.join(' '), ...serverArguments],
    {
      cwd: '/',
      detached: true,
      env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin', LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['pipe', 'pipe', 'pipe', 'ignore', cluster.descriptor ?? 'ignore'],
      ...identity(options.runAs),
    },
  ) as ChildProcessWithoutNullStreams
  // One of the two words, in one piece.
  child.stdout.setEncoding('utf8').on('data', (said: string) => {
    if (said === 'whole\n') void cluster.keep()
    else cluster.discard()
  })
  let log = ''
  let ended: string | null = null
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-LOG_CHARACTERS)
  })
  const exit = new Promise<void>((resolve) => {
    const end = (how: string) => {
      ended ??= how
      resolve()
    }
    child.on('error', (error) => end(error.message))
    child.on('exit', (code, signal) => end(signal ?? `exit status ${code}`))
  })
  // A script that ended early reads no more; how it ended is told by `exit`.
  child.stdin.on('error', (error) => (log += `\n${error.message}`))
  child.stdin.write(`${options.verifier}\n`)
  // A harness that forgets the server must still be able to end; the closing pipe then stops the server.
  child.unref()
  for (const stream of [child.stdin, child.stdout, child.stderr])
    (stream as unknown as Socket).unref()
  return {
    process: child,
    ended: () => ended,
    log: () => log.trim(),
    stop: async () => {
      child.stdin.end()
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, STOP_MS)))
      await Promise.race([exit, late])
      clearTimeout(timer)
      return ended !== null
    },
  }
}
