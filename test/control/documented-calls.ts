/** The rows of the table of calls in docs/control-plane.md, as the schemas have them. */
import { z } from 'zod'
import { CALLS } from '../../src/control/calls.ts'
import { TIME_CALLS } from '../../src/control/time-calls.ts'

interface Shape {
  readonly properties?: Readonly<Record<string, unknown>>
  readonly required?: readonly string[]
  readonly anyOf?: readonly Shape[]
}

/** `a, b?`: what may be left out carries a question mark; alternatives are joined by "or". */
function takes(schema: Shape): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map(takes).join(' or ')
  const names = Object.keys(schema.properties ?? {})
  const required = new Set(schema.required)
  return names.map((name) => (required.has(name) ? name : `${name}?`)).join(', ')
}

export function callRows(): string[] {
  return Object.values({ ...TIME_CALLS, ...CALLS }).map(({ method, path, request, summary }) => {
    const body = takes(z.toJSONSchema(request, { io: 'input' }))
    return `| \`${method.toUpperCase()} ${path}\` | ${body === '' ? '' : `\`${body}\``} | ${summary} |`
  })
}
