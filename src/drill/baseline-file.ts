/** The file of a baseline: read and checked before anything starts, written whole or not at all. */
import { constants } from 'node:fs'
import { access, mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { DrillError, messageOf } from '../foundation/errors.ts'
import {
  type Baseline,
  BASELINE_FORMAT,
  byScenarioAndSeed,
  isSame,
  renderBaseline,
} from '../report/baseline.ts'
import { block } from '../scenario/fields.ts'
import { check, valueOrThrow } from '../scenario/problems.ts'
import { readYamlSource } from '../scenario/yaml-source.ts'
import { VERDICTS } from '../scoring/score.ts'

const count = z.number().int().min(0)
const seconds = z.number().nullable()

const drillSchema = block({
  scenario: z.string().min(1),
  seed: count,
  engine: z.string(),
  snapshot: z.string(),
  inputs: block({
    scenario: z.string(),
    snapshot: z.string(),
    operations: z.string(),
    extraSql: z.string().nullable(),
    startHourOfWeek: count,
  }),
  verdict: z.enum(VERDICTS),
  end: z.enum(['closed', 'handed over', 'not closed', 'not opened']),
  score: z.number().min(0).max(100),
  checks: z.record(z.string(), z.boolean()),
  figures: block({
    duplicates: count,
    staleOverwrites: count,
    lost: count,
    undecided: count,
    duplicatesNotByEngine: count,
    detectedAfter: seconds,
    mitigatedAfter: seconds,
    recoveredAfter: seconds,
    slaShare: z.number().nullable(),
  }),
  digest: z.string(),
})

const baselineSchema: z.ZodType<Baseline> = block({
  format: z.literal(BASELINE_FORMAT),
  drills: z.array(drillSchema).readonly(),
})

/** Null where there is none. Throws DrillError `input` for a file that is no baseline: line, column, what to do. */
export async function readBaseline(path: string): Promise<Baseline | null> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    throw new DrillError('input', `${path} cannot be read (${code})`, { cause })
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new DrillError(
      'input',
      `${path} is no JSON (${messageOf(cause)}): restore it, or remove it and write it anew with --update`,
      { cause },
    )
  }
  // JSON is YAML, whose reader knows where everything stands; what it says of tabs does not matter here.
  const source = { ...readYamlSource(text), value, problems: [] }
  const baseline = valueOrThrow(check(baselineSchema, source), path)
  const twice = baseline.drills.find((drill, index) =>
    baseline.drills.slice(0, index).some((other) => isSame(other, drill)),
  )
  if (twice === undefined) return baseline
  throw new DrillError(
    'input',
    `${path}: ${twice.scenario} with seed ${twice.seed} stands in it twice: remove one`,
  )
}

/** Throws DrillError `input` where the file could not be written: better now than after the drills. */
export async function checkWritable(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true })
    await access(dirname(path), constants.W_OK)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    throw new DrillError('input', `--against ${path} --update cannot be written (${code})`, {
      cause,
    })
  }
}

/** In the order of a baseline. Throws DrillError `harness`; what was there is then as it was. */
export async function writeBaseline(path: string, { format, drills }: Baseline): Promise<void> {
  const text = renderBaseline({ format, drills: [...drills].sort(byScenarioAndSeed) })
  // A link goes on pointing to where it points.
  const target = await realpath(path).catch(() => path)
  const incomplete = `${target}.${process.pid}.incomplete`
  try {
    await writeFile(incomplete, text)
    await rename(incomplete, target)
  } catch (cause) {
    await rm(incomplete, { force: true })
    const { code } = cause as NodeJS.ErrnoException
    throw new DrillError('harness', `${path} cannot be written (${code}); it is as it was`, {
      cause,
    })
  }
}
