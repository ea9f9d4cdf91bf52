/** How proposals read in `operations.yaml`: lines without their indentation, a comment on top of each entry. */
import { formatDuration } from '../../foundation/time.ts'
import type { NamedIntegration } from './integrations.ts'
import { UNMAPPED_ROLE, type Judgement } from './judge.ts'

/** What a new file opens with. */
export const HEAD = `# What the job functions of this queue do outside Odoo, and what is written down about repeating them.
# queue-drill proposed it from names, channels, durations and errors: check each line that says "proposed", then take
# the word out. What you write stays to the letter when \`queue-drill snapshot map\` adds what is new.
#
# Nothing is proposed to be safe. A function without \`safety\` counts as unsafe: nobody retries it in bulk. Write
#   safety: idempotent                        where a second run is documented to be harmless
#   safety: { keyed: { retention: 24h } }     where the partner drops a repetition that carries the same key
# docs/operations.md explains each key.
`

export function integrationEntry(integration: NamedIntegration): string[] {
  const { name, host, timeoutMs, isTimeoutSeen, example } = integration
  const known = host === null ? `called by ${example}` : `host ${plain(host)}`
  const timeout = isTimeoutSeen ? 'time-out seen' : 'time-out guessed'
  return [`# proposed: ${known}, ${timeout}`, `${name}:`, `  timeout: ${formatDuration(timeoutMs)}`]
}

export function functionEntry(judgement: Judgement, integration: string | null): string[] {
  const { name, role, effect, carriesValue, critical, evidence } = judgement
  const isDuplicate = effect === 'once' || effect === 'each'
  return [
    `# ${heading(judgement)}`,
    `${name}:`,
    ...(integration === null ? [] : [`  integration: ${integration}`]),
    `  role: ${role}`,
    `  effect: ${effect}`,
    ...(carriesValue ? ['  businessKey: [records]', '  value: args'] : []),
    ...(isDuplicate ? ['  safety: unsafe'] : []),
    ...(critical && hasSla(role) ? ['  critical: true'] : []),
    ...(integration !== null && evidence.postpones ? ['  failureStyle: postpone'] : []),
  ]
}

function heading({ role, channel, grounds, evidence }: Judgement): string {
  const [exception] = evidence.exceptions
  const seen = [
    `channel ${plain(channel)}`,
    ...(exception === undefined ? [] : [`${plain(exception)} seen`]),
  ]
  return role === UNMAPPED_ROLE
    ? `unmapped: no rule knows it (${seen.join(', ')}); say what it does, and give it a role`
    : `proposed: ${[...seen, grounds].join(', ')}`
}

/** Roles with an SLA of their own; others would need one written down. */
function hasSla(role: string): boolean {
  return ['payment', 'webhook', 'stock', 'invoice'].includes(role)
}

/** Names come from a database: in a comment they may neither end the line nor steer a terminal. */
function plain(text: string): string {
  const line = text.replaceAll(/[^\x20-\x7e]+/g, '?')
  return line.length <= 80 ? line : `${line.slice(0, 79)}~`
}
