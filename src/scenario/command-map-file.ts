/**
 * Reads a file that maps a command of a script to operations, `kubectl.yaml`: rules that are tried in order, each with a
 * pattern over the command's parameters and what it stands for. Everything wrong is said with file, line and column.
 */
import { z } from 'zod'
import { check, unknownKeys, valueOrThrow } from './problems.ts'
import { readYamlSource } from './yaml-source.ts'

export interface CommandRule {
  /** `scale`, `deployment/{name}`, `--replicas={count}`; a last `*` = whatever follows. */
  readonly when: readonly string[]
  /** An `odoocli` command line whose words may hold what the pattern caught; null = nothing is done. */
  readonly run: readonly string[] | null
  /** Printed on stdout, before what `run` prints. */
  readonly print: string
  /** Exit status where nothing is run; 0. */
  readonly exit: number
}

const words = z.union([z.string().transform(split), z.array(z.string())], {
  error: 'must be a text or a list of words',
})

const KEYS = ['when', 'run', 'print', 'exit']

const rules = z
  .array(
    z
      .strictObject(
        {
          when: words,
          run: words
            .refine((list) => list[0] === 'odoocli', { error: 'must begin with odoocli' })
            .optional(),
          print: z.string().default(''),
          exit: z.int().min(0).max(255).default(0),
        },
        { error: unknownKeys(KEYS) },
      )
      .superRefine(({ when, run = [] }, context) => {
        const caught = new Set(when.flatMap(placeholders))
        for (const name of run.flatMap(placeholders)) {
          if (!caught.has(name)) {
            const message = `uses {${name}}, which "when" does not catch`
            context.addIssue({ code: 'custom', path: ['run'], message })
          }
        }
      }),
  )
  .min(1)

export function parseCommandMap(text: string, path: string): readonly CommandRule[] {
  const found = valueOrThrow(check(rules, readYamlSource(text)), path)
  return found.map(({ run = null, ...rule }) => ({ ...rule, run }))
}

function split(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '')
}

function placeholders(word: string): string[] {
  return [...word.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
}
