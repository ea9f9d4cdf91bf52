/** What `queue-drill.yaml` may say. Every key has its default here and nowhere else; paths count from the file. */
import { z } from 'zod'
import { block } from '../../scenario/fields.ts'
import { shown } from '../../scenario/problems.ts'

const path = z.string().min(1)
const seed = z.int().min(0)

const capture = block({
  from: z
    .string()
    .regex(/^(env:[A-Za-z_]\w*|postgres(ql)?:\/\/.+)$/, {
      error: ({ input }) =>
        `must be env:NAME, the environment variable that holds the URL, or postgresql://…, not ${shown(input)}`,
    })
    .default('env:QUEUE_DRILL_FROM')
    .describe('The database: env:NAME (the URL in an environment variable), or the URL itself'),
  to: path.default('.queue-drill/snapshots').describe('Directory that holds the snapshots'),
  key: path
    .default('.queue-drill/mask.key')
    .describe('Key of the masking, made at the first capture; keep it out of version control'),
  policy: path.optional().describe('Masking policy that adds or relaxes rules'),
  odooConf: path.optional().describe("Odoo's configuration file: workers, limits, channels"),
  doneDays: z
    .int()
    .min(0)
    .optional()
    .describe('Done and cancelled jobs of so many days only; default: all'),
  keep: z.int().min(1).default(4).describe('Snapshots that stay; older ones are deleted'),
  operations: path
    .default('operations.yaml')
    .describe(
      "The team's operations file: what is new is added to it, and it goes into each snapshot",
    ),
})

export const weeklySchema = block({
  snapshot: path
    .optional()
    .describe('A snapshot that is there: name of a bundled one, or directory'),
  capture: capture.optional().describe('Take a new snapshot each time, instead of `snapshot`'),
  requireMapped: z
    .boolean()
    .default(false)
    .describe('Stop before the drills when a job function is missing or unmapped'),
  engine: z.string().min(1).default('runbook').describe('runbook, noop, retry-all, or a module'),
  scenarios: z
    .array(z.string().min(1))
    .default([])
    .describe('Names of bundled scenarios, files, directories or globs; none = all bundled'),
  seeds: z.array(seed).default([1]).describe('Fixed seeds: the same drills every week'),
  weekSeed: z
    .boolean()
    .default(true)
    .describe('One more seed that changes every week: year and ISO week, such as 202648'),
  postgres: z
    .string()
    .regex(/^(auto|embedded|container|postgres(ql)?:\/\/.+)$/, {
      error: ({ input }) =>
        `must be auto, embedded, container, or the URL of a server, not ${shown(input)}`,
    })
    .default('auto')
    .describe('Where the throw-away PostgreSQL runs'),
  out: path.default('.queue-drill/weekly').describe('Directory of the run directories'),
  history: path
    .default('.queue-drill/history.ndjson')
    .describe('One line a drill is appended to this file'),
  failUnder: z
    .number()
    .min(0)
    .max(100)
    .optional()
    .describe('A drill that passes with fewer points fails'),
}).superRefine(({ snapshot, capture: taken, seeds, weekSeed }, context) => {
  const problem = (key: string, message: string) =>
    context.addIssue({ code: 'custom', path: [key], message })
  if (snapshot === undefined && taken === undefined) {
    problem('snapshot', 'is missing: name a snapshot, or say under `capture` where to take one')
  }
  if (snapshot !== undefined && taken !== undefined) {
    problem('capture', 'stands beside `snapshot`: keep one of the two')
  }
  if (seeds.length === 0 && !weekSeed) problem('seeds', 'is empty, and `weekSeed` is false')
})

export type WeeklyInput = z.output<typeof weeklySchema>

/** The rules as JSON Schema, draft 7: what editors understand. */
export function weeklyJsonSchema(): object {
  return z.toJSONSchema(weeklySchema, { target: 'draft-7', io: 'input' })
}
