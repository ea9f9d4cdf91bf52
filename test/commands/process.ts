/** Runs the built command as users do, and reports what they see. */
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

export const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string
  /** Added to the environment of the tests; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly stdin?: string
  /** False closes the reading end of standard output at once, as `| head` may. */
  readonly readsOutput?: boolean
}

/** `queueDrill(['scenarios', 'list'])`. Standard output and error are pipes, not terminals. */
export async function queueDrill(
  args: readonly string[],
  { cwd, env = {}, stdin = '', readsOutput = true }: RunOptions = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined, ...env },
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  child.stdin.end(stdin)
  if (!readsOutput) child.stdout.destroy()
  const [stdout, stderr, status] = await Promise.all([
    readsOutput ? text(child.stdout) : '',
    text(child.stderr),
    ended,
  ])
  return { status, stdout, stderr }
}
