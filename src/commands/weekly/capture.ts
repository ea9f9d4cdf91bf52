/**
 * Takes this week's snapshot: `queue-drill snapshot capture` in a process of its own, so that the harness starts the
 * drills with an empty memory, and with the database's URL in its environment, where no process list shows it.
 */
import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { WeeklyCapture } from '../../drill/weekly/config-file.ts'
import { DrillError, EXIT, type ErrorCode } from '../../foundation/errors.ts'

/** What it says goes to stderr. Throws DrillError with the code of the capture. */
export async function takeSnapshot(
  capture: WeeklyCapture,
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  const url = sourceOf(capture.from)
  await mkdir(dirname(directory), { recursive: true })
  await mkdir(dirname(capture.key), { recursive: true })
  const flag = (name: string, value: string | number | null): string[] =>
    value === null ? [] : [name, String(value)]
  const args = [
    'snapshot',
    'capture',
    ...flag('--to', directory),
    ...flag('--key', capture.key),
    ...flag('--policy', capture.policy),
    ...flag('--odoo-conf', capture.odooConf),
    ...flag('--done-days', capture.doneDays),
  ]
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1]!, ...args], {
    env: { ...process.env, QUEUE_DRILL_FROM: url },
    stdio: ['ignore', 2, 2],
  })
  const stop = () => child.kill('SIGTERM')
  signal.addEventListener('abort', stop)
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  }).finally(() => signal.removeEventListener('abort', stop))
  if (status === EXIT.passed) return
  throw new DrillError(codeOf(status), 'no snapshot was taken (see above); nothing was drilled')
}

function codeOf(status: number | null): ErrorCode {
  if (status === EXIT.input) return 'input'
  return status === EXIT.interrupted ? 'interrupted' : 'harness'
}

function sourceOf(from: string): string {
  if (!from.startsWith('env:')) return from
  const name = from.slice('env:'.length)
  const url = process.env[name]
  if (url !== undefined && url !== '') return url
  throw new DrillError(
    'input',
    `capture.from is ${from}, but the environment variable ${name} is not set: put the database's URL into it`,
  )
}
