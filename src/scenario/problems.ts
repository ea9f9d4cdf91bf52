/**
 * From what zod finds to sentences for people: what is wrong, what is allowed, and where. One line a problem,
 * `file:line:column: text`, which editors and terminals make clickable.
 */
import type { z } from 'zod'
import { DrillError } from '../foundation/errors.ts'
import { didYouMean } from '../foundation/suggest.ts'
import type { Problem, YamlSource } from './yaml-source.ts'

type Issue = z.core.$ZodIssue
type RawIssue = z.core.$ZodRawIssue

/** Either the value or everything that is wrong with it; `problems` is empty if and only if there is a value. */
export interface Checked<T> {
  readonly value: T | null
  readonly problems: readonly Problem[]
}

/** Checks a YAML source against a schema; problems are in the order of the file. */
export function check<T>(schema: z.ZodType<T>, source: YamlSource): Checked<T> {
  if (source.problems.length > 0) return { value: null, problems: source.problems }
  const result = schema.safeParse(source.value, { error: sentence })
  if (result.success) return { value: result.data, problems: [] }
  const problems = result.error.issues
    .flatMap((issue) => problemsOf(issue, [], source))
    .sort((a, b) => a.position.line - b.position.line || a.position.column - b.position.column)
  return { value: null, problems }
}

/** The value, or an input error that lists every problem with its place. */
export function valueOrThrow<T>(checked: Checked<T>, path: string): T {
  if (checked.value !== null) return checked.value
  throw new DrillError(
    'input',
    checked.problems.map((problem) => problemLine(path, problem)).join('\n'),
  )
}

export function problemLine(path: string, { position, text }: Problem): string {
  return `${path}:${position.line}:${position.column}: ${text}`
}

/** The `error` of strict objects: one line for each unknown key, in the order of the issue's keys. */
export function unknownKeys(allowed: readonly string[]): (issue: RawIssue) => string | undefined {
  return (issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys
          .map(
            (key) =>
              `unknown key "${key}"${didYouMean(key, allowed)}; allowed: ${allowed.join(', ')}`,
          )
          .join('\n')
      : undefined
}

/** `a, b or c`. */
export function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)!}`
}

/** What a person wrote, shortened. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

function problemsOf(issue: Issue, above: readonly PropertyKey[], source: YamlSource): Problem[] {
  const path = [...above, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    const lines = issue.message.split('\n')
    return issue.keys.map((key, index) => ({
      position: source.positionOf([...path, key], 'key'),
      text: `${prefix(path)}${lines[index]}`,
    }))
  }
  if (issue.code === 'invalid_key') {
    const position = source.positionOf(path, 'key')
    return issue.issues.map(({ message }) => ({ position, text: `${prefix(path)}${message}` }))
  }
  if (issue.code === 'invalid_union') {
    // The alternative that was understood furthest is the one that was meant.
    const meant = issue.errors.find((issues) => issues.every(isInside))
    if (meant !== undefined && meant.length > 0) {
      return meant.flatMap((inner) => problemsOf(inner, path, source))
    }
  }
  return [{ position: source.positionOf(path, 'value'), text: `${prefix(path)}${issue.message}` }]
}

/** The problem lies inside the value, so its outer shape was right. */
function isInside(issue: Issue): boolean {
  return issue.path.length > 0 || issue.code === 'unrecognized_keys'
}

/** `faults[1].from: `, nothing at the top. */
function prefix(path: readonly PropertyKey[]): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else text += text === '' ? String(part) : `.${String(part)}`
  }
  return text === '' ? '' : `${text}: `
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a block of keys',
  record: 'a block of keys',
  array: 'a list',
}

/** Sentences for what zod says by itself; schemas that know better have their own. */
function sentence(issue: RawIssue): string | undefined {
  if (issue.input === undefined) {
    return issue.code === 'invalid_value'
      ? `is missing; it must be ${list(issue.values.map(String))}`
      : 'is missing'
  }
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${TYPE_NAMES[issue.expected] ?? issue.expected}, not ${shown(issue.input)}`
    case 'invalid_value': {
      const values = issue.values.map(String)
      const word = didYouMean(issue.input, values)
      return `must be ${list(values)}, not ${shown(issue.input)}${word}`
    }
    case 'too_small':
      return issue.origin === 'array' || issue.origin === 'string'
        ? 'must not be empty'
        : `must be ${issue.inclusive === true ? 'at least' : 'more than'} ${issue.minimum}, not ${shown(issue.input)}`
    case 'too_big':
      return `must be at most ${issue.maximum}, not ${shown(issue.input)}`
    default:
      return undefined
  }
}
