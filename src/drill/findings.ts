/** What the gateway's traffic tells about an engine: findings with deterministic words, each once a check. */
import type { FindingCode } from '../journal/findings.ts'
import { inspectText } from '../sandbox/gateway/inspect.ts'
import type { Traffic } from '../sandbox/sandbox.ts'

const INSUFFICIENT_PRIVILEGE = '42501'

export function findingsOf(
  traffic: Traffic,
): readonly { readonly code: FindingCode; readonly detail: string }[] {
  const found = new Map<string, { code: FindingCode; detail: string }>()
  for (const { text } of traffic.texts) {
    for (const { code, detail } of inspectText(text))
      found.set(`${code} ${detail}`, { code, detail })
  }
  const denied = traffic.errors[INSUFFICIENT_PRIVILEGE] ?? 0
  if (denied > 0) {
    found.set('denied', { code: 'denied', detail: `${denied} statements without the right to` })
  }
  return [...found.values()]
}
