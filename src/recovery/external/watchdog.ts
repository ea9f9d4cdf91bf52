/**
 * A thread beside the engine's module, which may be in an endless loop: ends the process and whatever it started when
 * the harness is gone, or when it uses more memory than it may (a heap limit does not see buffers). Its code is a text,
 * because a thread cannot load TypeScript where the sources run directly.
 */
import { Worker } from 'node:worker_threads'
import { OUT_OF_MEMORY } from './limits.ts'

export interface WatchdogOptions {
  /** Process id of the harness. */
  readonly harness: number
  readonly memoryMaxMb: number
}

const LOOK_EVERY_MS = 200

/** The process leads a group of its own; writing is synchronous, because nothing comes after it. */
const CODE = `
  const { writeSync } = require('node:fs')
  const { workerData } = require('node:worker_threads')
  const { harness, memoryMax, words, lookEveryMs } = workerData
  const end = () => process.kill(-process.pid, 'SIGKILL')
  setInterval(() => {
    if (process.ppid !== harness) end()
    if (process.memoryUsage.rss() > memoryMax) {
      writeSync(2, words)
      end()
    }
  }, lookEveryMs)
`

export function startWatchdog({ harness, memoryMaxMb }: WatchdogOptions): void {
  const worker = new Worker(CODE, {
    eval: true,
    execArgv: [],
    workerData: {
      harness,
      memoryMax: memoryMaxMb * 1024 * 1024,
      words: `${OUT_OF_MEMORY}\n`,
      lookEveryMs: LOOK_EVERY_MS,
    },
  })
  worker.unref()
}
