/** Live lines on stderr while something runs, only where stderr is a terminal. */
import { SingleBar } from 'cli-progress'
import type { CampaignProgress } from '../drill/campaign.ts'

const PHASES: Readonly<Record<CampaignProgress['phase'], string>> = {
  postgres: 'starts PostgreSQL',
  load: 'loads the snapshot',
  simulate: 'runs',
  twins: 'runs without the engine',
  score: 'is scored',
}

export interface Progress {
  show(event: CampaignProgress): void
  /** Clears the line; the next event brings it back. */
  stop(): void
}

export function createProgress(): Progress {
  if (!process.stderr.isTTY) return { show: () => {}, stop: () => {} }
  let bar: SingleBar | null = null
  return {
    show({ scenario, phase, share, virtualAt }) {
      const clock = virtualAt === undefined ? '' : new Date(virtualAt).toISOString().slice(11, 16)
      const payload = { scenario: scenario ?? 'queue-drill', phase: PHASES[phase], clock }
      if (bar === null) {
        bar = new SingleBar({
          format: '{scenario} {phase} {bar} {percentage} % {clock}',
          barsize: 30,
          clearOnComplete: true,
          hideCursor: true,
          stream: process.stderr,
        })
        bar.start(1, share, payload)
      } else {
        bar.update(share, payload)
      }
    },
    stop() {
      bar?.stop()
      bar = null
    },
  }
}

/** On a terminal only; elsewhere nothing is drawn. */
export function progressBar(unit: string): {
  update: (done: number, of: number) => void
  stop: () => void
} {
  if (!process.stderr.isTTY) return { update: () => {}, stop: () => {} }
  const bar = new SingleBar({
    format: `{bar} {percentage}%  {value}/{total} ${unit}`,
    clearOnComplete: true,
    hideCursor: true,
  })
  bar.start(1, 0)
  return {
    update: (done, of) => {
      bar.setTotal(of)
      bar.update(done)
    },
    stop: () => bar.stop(),
  }
}

/** Rows and bytes of a long stream with the time that is left; on a terminal only. */
export function rowsBar(): {
  update: (progress: { rows: number; ofRows: number; bytes: number }) => void
  stop: () => void
} {
  if (!process.stderr.isTTY) return { update: () => {}, stop: () => {} }
  let bar: SingleBar | null = null
  return {
    update: ({ rows, ofRows, bytes }) => {
      const payload = { megabytes: Math.round(bytes / 1e6) }
      if (bar === null) {
        bar = new SingleBar({
          format: '{bar} {percentage}%  {value}/{total} rows, {megabytes} MB, {eta_formatted} left',
          clearOnComplete: true,
          hideCursor: true,
          stream: process.stderr,
        })
        bar.start(Math.max(ofRows, 1), rows, payload)
        return
      }
      bar.setTotal(Math.max(ofRows, 1))
      bar.update(rows, payload)
    },
    stop: () => bar?.stop(),
  }
}
