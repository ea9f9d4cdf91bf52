/** `engine.log`: what the engine printed, line by line with the virtual time after the start. */
import { formatDuration } from '../foundation/time.ts'
import type { EngineOutput } from './report-json.ts'

/** `startedAt`: virtual ms. `!` marks what came on stderr. */
export function renderOutput({ lines, cut }: EngineOutput, startedAt: number): string {
  const text = lines.map(({ at, stream, text: line }) => {
    const after = formatDuration(Date.parse(at) - startedAt)
    return `+${after.padEnd(8)}${stream === 'stderr' ? '! ' : '  '}${line}\n`
  })
  return text.join('') + (cut ? '(only the beginning is kept)\n' : '')
}
