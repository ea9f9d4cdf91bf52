/**
 * Which integration each new job function calls. One that people declared is used where the same host or the same
 * role leads to it; else one is declared for each host, named after what its functions do.
 */
import { usualTimeout } from './evidence.ts'
import type { Judgement } from './judge.ts'
import type { OperationsText } from './operations-text.ts'

export interface NamedIntegration {
  readonly name: string
  readonly host: string | null
  readonly timeoutMs: number
  /** Whether the time-out was seen in messages or durations; else it is the usual one above a long run. */
  readonly isTimeoutSeen: boolean
  /** A function that calls it and by which it is known. */
  readonly example: string
}

export interface NamedIntegrations {
  /** To be written into the file, in the order of their first function. */
  readonly declared: readonly NamedIntegration[]
  /** Job function → integration, of `missing` only. */
  readonly byFunction: ReadonlyMap<string, string>
}

/** `judged`: every function of the workload; `missing`: those that the file does not have. */
export function nameIntegrations(
  judged: readonly Judgement[],
  missing: readonly Judgement[],
  file: OperationsText,
): NamedIntegrations {
  const byHost = knownHosts(judged, file)
  const taken = new Set([...file.integrations, ...byHost.values()])
  const byPartner = new Map<string, string>()
  const byFunction = new Map<string, string>()
  for (const { name, partner, role, evidence } of missing) {
    if (partner === null) continue
    const host = evidence.hosts[0] ?? null
    const found =
      (host === null ? undefined : byHost.get(host)) ??
      (host === null ? (byPartner.get(partner) ?? onlyOneOf(role, file)) : undefined)
    const integration = found ?? freeName(partner, taken)
    taken.add(integration)
    byFunction.set(name, integration)
    if (!byPartner.has(partner)) byPartner.set(partner, integration)
    for (const each of evidence.hosts) if (!byHost.has(each)) byHost.set(each, integration)
  }
  return { declared: declare(missing, byFunction, file), byFunction }
}

/** Hosts of functions that people have described lead to the integration that people named. */
function knownHosts(judged: readonly Judgement[], file: OperationsText): Map<string, string> {
  const byHost = new Map<string, string>()
  for (const { name, evidence } of judged) {
    const integration = file.functions.get(name)?.integration
    if (integration === undefined) continue
    for (const host of evidence.hosts) if (!byHost.has(host)) byHost.set(host, integration)
  }
  return byHost
}

/** The one integration that the file's functions of this role call; undefined where there are several or none. */
function onlyOneOf(role: string, file: OperationsText): string | undefined {
  const entries = [...file.functions.values()].filter((entry) => entry.role === role)
  const names = new Set(entries.flatMap(({ integration }) => integration ?? []))
  return names.size === 1 ? [...names][0] : undefined
}

function freeName(partner: string, taken: ReadonlySet<string>): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? partner : `${partner}-${number}`
    if (!taken.has(name)) return name
  }
}

function declare(
  missing: readonly Judgement[],
  byFunction: ReadonlyMap<string, string>,
  file: OperationsText,
): NamedIntegration[] {
  const names = [...new Set(byFunction.values())].filter((name) => !file.integrations.has(name))
  return names.map((name) => {
    const callers = missing.filter((each) => byFunction.get(each.name) === name)
    const seen = Math.max(0, ...callers.map(({ evidence }) => evidence.timeoutMs ?? 0))
    const longest = Math.max(0, ...callers.map(({ evidence }) => evidence.longRunMs))
    return {
      name,
      host: callers.flatMap(({ evidence }) => evidence.hosts)[0] ?? null,
      timeoutMs: seen > 0 ? seen : usualTimeout(longest),
      isTimeoutSeen: seen > 0,
      example: callers[0]!.name,
    }
  })
}
