/** Turns what a schema finds wrong with a file of a snapshot into one sentence a problem: file, field, what to do. */
import { DrillError } from '../foundation/errors.ts'
import type { ZodType } from 'zod'

/** At most so many problems are told at once; a file of another kind would otherwise fill the screen. */
const TOLD_MAX = 5

/** Parses JSON and checks it against the schema. Throws DrillError `input` that names `file` and each wrong field. */
export function parseJsonFile<T>(
  file: string,
  text: string,
  schema: ZodType<T>,
  advice: string,
): T {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new DrillError('input', `${file} is not JSON. ${advice}`, { cause: error })
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues
    .slice(0, TOLD_MAX)
    .map((issue) => `${fieldOf(issue.path)}: ${issue.message}`)
  const rest = parsed.error.issues.length - problems.length
  if (rest > 0) problems.push(`and ${rest} more`)
  throw new DrillError('input', `${file}: ${problems.join('; ')}. ${advice}`)
}

/** `['tables', 'queue_job', 'files', 0, 'sha256']` → `tables.queue_job.files[0].sha256`. */
function fieldOf(path: readonly PropertyKey[]): string {
  const text = path.reduce<string>((field, key) => {
    if (typeof key === 'number') return `${field}[${key}]`
    return field === '' ? String(key) : `${field}.${String(key)}`
  }, '')
  return text === '' ? '(the whole file)' : text
}
