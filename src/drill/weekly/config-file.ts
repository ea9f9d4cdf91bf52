/** Reads `queue-drill.yaml`: the configuration frozen, with every default filled in and every path absolute. */
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { check, valueOrThrow } from '../../scenario/problems.ts'
import { freeze } from '../../scenario/scenario-file.ts'
import { readYamlSource } from '../../scenario/yaml-source.ts'
import { weeklySchema, type WeeklyInput } from './config-schema.ts'

export interface WeeklyCapture {
  /** `env:NAME`, or a URL. */
  readonly from: string
  readonly to: string
  readonly key: string
  readonly policy: string | null
  readonly odooConf: string | null
  readonly doneDays: number | null
  readonly keep: number
  readonly operations: string
}

/** Names of bundled things stay names; what leads to a file from where the configuration stands is a path. */
export interface WeeklyConfig {
  readonly snapshot: string | null
  /** Null if and only if `snapshot` is not. */
  readonly capture: WeeklyCapture | null
  readonly requireMapped: boolean
  readonly engine: string
  readonly scenarios: readonly string[]
  readonly seeds: readonly number[]
  readonly weekSeed: boolean
  readonly postgres: string
  readonly out: string
  readonly history: string
  readonly failUnder: number | null
}

/** Throws DrillError `input` with one line a problem: file, line, column. */
export function parseWeekly(text: string, path: string): WeeklyConfig {
  const input = valueOrThrow(check(weeklySchema, readYamlSource(text)), path)
  return freeze(located(input, dirname(resolve(path))))
}

function located(input: WeeklyInput, directory: string): WeeklyConfig {
  const at = (path: string): string => resolve(directory, path)
  return {
    ...input,
    snapshot: input.snapshot === undefined ? null : nameOrPath(input.snapshot, directory),
    capture:
      input.capture === undefined
        ? null
        : {
            from: input.capture.from,
            to: at(input.capture.to),
            key: at(input.capture.key),
            policy: input.capture.policy === undefined ? null : at(input.capture.policy),
            odooConf: input.capture.odooConf === undefined ? null : at(input.capture.odooConf),
            doneDays: input.capture.doneDays ?? null,
            keep: input.capture.keep,
            operations: at(input.capture.operations),
          },
    engine: nameOrPath(input.engine, directory),
    scenarios: input.scenarios.map((each) => nameOrPath(each, directory)),
    seeds: [...new Set(input.seeds)],
    out: at(input.out),
    history: at(input.history),
    failUnder: input.failUnder ?? null,
  }
}

/** A name with a slash, a dot or a star in it is a path or a pattern, and so is what is there. */
export function nameOrPath(text: string, directory: string): string {
  const path = resolve(directory, text)
  return /[/\\.*]/.test(text) || existsSync(path) ? path : text
}
