/** The OpenAPI 3.1 document of the control plane, made of the schemas that check its requests. */
import { z } from 'zod'
import { CALLS } from './calls.ts'
import { TIME_CALLS } from './time-calls.ts'

/** Where it is served, to anybody. */
export const DOCUMENT_PATH = '/v1/openapi.json'

interface Described {
  readonly method: 'get' | 'post'
  readonly path: string
  readonly summary: string
  readonly request: z.ZodType
  readonly response: z.ZodType
}

const REFUSALS: Readonly<Record<string, string>> = {
  400: 'The request is not what the schema says',
  401: 'No token, or a wrong one',
  409: 'The operation refuses, and says why',
  413: 'The body is too large',
  421: 'The Host header names another host',
}

export function openApi(): object {
  const calls: [string, Described][] = [...Object.entries(TIME_CALLS), ...Object.entries(CALLS)]
  return {
    openapi: '3.1.0',
    info: {
      title: 'queue-drill control plane',
      version: '1',
      description:
        'What an engine can do beside the database. Its address and token are in QUEUE_DRILL_URL and QUEUE_DRILL_TOKEN. Durations are milliseconds where a name ends in Ms, times ISO 8601 in UTC, and virtual.',
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    paths: Object.fromEntries(
      calls.map(([name, { path, method, ...call }]) => [path, { [method]: operation(name, call) }]),
    ),
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: {
        Error: {
          type: 'object',
          properties: { error: { type: 'string' } },
          required: ['error'],
        },
      },
    },
  }
}

function operation(
  name: string,
  { summary, request, response }: Pick<Described, 'summary' | 'request' | 'response'>,
): object {
  const body = schemaOf(request, 'input')
  const takesNothing =
    Object.keys((body['properties'] as object | undefined) ?? { any: 1 }).length === 0
  const required = !request.safeParse({}).success
  return {
    operationId: name,
    summary,
    ...(!takesNothing && {
      requestBody: { required, content: { 'application/json': { schema: body } } },
    }),
    responses: {
      200: {
        description: 'Done',
        content: { 'application/json': { schema: schemaOf(response, 'output') } },
      },
      ...Object.fromEntries(
        Object.entries(REFUSALS).map(([status, description]) => [
          status,
          {
            description,
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
          },
        ]),
      ),
    },
  }
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'throw' })
  return rest
}
