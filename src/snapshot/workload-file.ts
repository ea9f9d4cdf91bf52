/** Reads `workload.json` into the model's type, so that nothing behind it meets a missing rate or a falling quantile. */
import { z } from 'zod'
import { DURATION_PROBABILITIES } from '../queue-job/workload.ts'
import type { Workload } from '../queue-job/workload.ts'
import { parseJsonFile } from './problems.ts'

const HOURS_OF_WEEK = 168
const ADVICE = 'Generate or capture the snapshot again, or see docs/snapshots.md for the format.'

const share = z.number().min(0).max(1)
const seconds = z.number().min(0)

const workloadFunction = z.strictObject({
  name: z.string().regex(/^[\w.]+\.\w+$/, 'must be <model>.<method>'),
  channel: z.string().min(1),
  priority: z.int(),
  maxRetries: z.int().min(0),
  retryPattern: z
    .record(
      z.string().regex(/^\d+$/, 'must be a number of tries'),
      z.union([seconds, z.tuple([seconds, seconds])]),
    )
    .nullable(),
  ratePerHour: z.array(z.number().min(0)).length(HOURS_OF_WEEK),
  durationMs: z
    .array(z.number().min(0))
    .length(DURATION_PROBABILITIES.length)
    .refine((list) => list.every((value, index) => index === 0 || value >= list[index - 1]!), {
      error: 'must not fall: these are quantiles',
    }),
  cpuShare: share,
  memoryMb: z.number().min(0),
  failures: z
    .array(z.strictObject({ excName: z.string().min(1), excMessage: z.string(), share }))
    .refine((list) => list.reduce((sum, failure) => sum + failure.share, 0) <= 1, {
      error: 'the shares must not sum to more than 1',
    }),
  burstMean: z.number().min(1),
  model: z.string().min(1),
  recordPool: z.int().min(1).nullable(),
  argument: z.enum(['none', 'value']),
  identityKey: z.boolean(),
  companyIds: z.array(z.int()).min(1),
})

const workloadSchema: z.ZodType<Workload> = z.strictObject({
  format: z.literal('queue-drill-workload/1'),
  jobsPerDay: z.number().positive(),
  functions: z
    .array(workloadFunction)
    .min(1)
    .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, {
      error: 'a job function is listed twice',
    }),
})

/** `path` is named in errors. Throws DrillError `input`. */
export function parseWorkload(path: string, text: string): Workload {
  return parseJsonFile(path, text, workloadSchema, ADVICE)
}
