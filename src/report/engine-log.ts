/** `engine.log`: what the engine printed, line by line with the virtual time after the start. */
import { formatDuration } from '../foundation/time.ts'

interface Printed {
  readonly lines: readonly { readonly at: number; readonly stream: string; readonly text: string }[]
  readonly cut: boolean
}

export function renderOutput({ lines, cut }: Printed, startedAt: number): string {
  const text = lines.map(
    ({ at, stream, text: line }) =>
      `+${formatDuration(at - startedAt).padEnd(8)}${stream === 'stderr' ? '! ' : '  '}${line}\n`,
  )
  return text.join('') + (cut ? '(only the beginning was kept)\n' : '')
}
