/**
 * Which series of Odoo and which line of the addon a queue belongs to, from what its database shows, with the reason in
 * words: a wrong guess must be seen. A version that Odoo has noted decides; else the columns do, as far as they can.
 */
import { DrillError } from '../../foundation/errors.ts'
import type { AddonLine } from '../../queue-job/profile.ts'
import { SERIES, schemaOf } from '../../queue-job/series.ts'
import type { Series } from '../../queue-job/series.ts'

import type { Source } from './source.ts'

export interface Detected {
  readonly series: Series
  readonly profile: AddonLine
  /** One sentence. */
  readonly reason: string
}

/** What somebody has said, which is not questioned. */
export interface Told {
  readonly series?: Series | undefined
  readonly profile?: AddonLine | undefined
}

type Choice<T> = readonly [T, string]

export function detect(source: Source, told: Told): Detected {
  const [series, seriesReason] =
    told.series === undefined ? seriesOf(source) : ([told.series, 'as --series says'] as const)
  const [profile, profileReason] =
    told.profile === undefined
      ? profileOf(source, series)
      : ([told.profile, 'as --profile says'] as const)
  return {
    series,
    profile,
    reason: `Odoo ${series}: ${seriesReason}; addon ${profile}: ${profileReason}`,
  }
}

function seriesOf(source: Source): Choice<Series> {
  for (const [module, version] of [
    ['queue_job', source.addonVersion],
    ['base', source.baseVersion],
  ] as const) {
    if (version === null) continue
    const series = SERIES.find((each) => version.startsWith(`${each}.`))
    if (series !== undefined) return [series, `module ${module} is installed as ${version}`]
    throw new DrillError(
      'input',
      `module ${module} is installed as ${version}, and queue-drill knows Odoo ${SERIES.join(', ')}: ` +
        'name the nearest with --series',
    )
  }
  return seriesOfColumns(source)
}

/** 12.0 and 14.0 to 16.0 have the same columns, and so have 18.0 and 19.0. */
function seriesOfColumns({ tables }: Source): Choice<Series> {
  const typeOf = new Map(tables.get('queue_job')!.map(({ name, type }) => [name, type]))
  const unreadable = 'ir_module_module cannot be read'
  if (typeOf.get('records') === 'jsonb') {
    return ['18.0', `records is jsonb, as from 18.0 on (19.0 looks the same; ${unreadable})`]
  }
  if (!typeOf.has('records') && typeOf.has('record_ids')) {
    return ['13.0', `record_ids stands where later series have records (${unreadable})`]
  }
  if (!typeOf.has('message_main_attachment_id')) {
    return ['17.0', `there is no message_main_attachment_id, as from 17.0 on (${unreadable})`]
  }
  return ['16.0', `a guess, 12.0 and 14.0 to 16.0 look the same (${unreadable}); --series tells`]
}

/** Reference, top, and 1.3, 1.4, 6.2: lock rows came in March 2025, `allow_commit` about January 2026. */
function profileOf(source: Source, series: Series): Choice<AddonLine> {
  const cron = cronText(source.requeueCron)
  if (series === '12.0') return ['12.0', `the only line of 12.0, ${cron}`]
  if (series === '13.0') {
    return ['12.0', `13.0 stands between 12.0 and 14.0, its runner is that of 12.0, ${cron}`]
  }
  const told = profileOfVersion(source.addonVersion, series)
  if (told !== null) return [told, `module queue_job is ${source.addonVersion}, ${cron}`]
  if (!source.tables.has('queue_job_lock')) return ['2024', `no table queue_job_lock, ${cron}`]
  const commits = source.tables
    .get('queue_job_function')!
    .some(({ name }) => name === 'allow_commit')
  if (commits) return ['2026', `queue_job_lock and queue_job_function.allow_commit, ${cron}`]
  if (series === '19.0') return ['2026', `19.0 began with the line of 2026, ${cron}`]
  return ['2025', `queue_job_lock, but no queue_job_function.allow_commit, ${cron}`]
}

/**
 * Only of 18.0 it is known with which version of the module its lines began (reference, version lines); null = not told.
 * It counts before the tables: a dump may lack some.
 */
function profileOfVersion(version: string | null, series: Series): AddonLine | null {
  if (series !== '18.0' || version?.startsWith('18.0.') !== true) return null
  if (isAtLeast(version, '18.0.2.2.0')) return '2026'
  return isAtLeast(version, '18.0.1.3.0') ? '2025' : '2024'
}

function isAtLeast(version: string, least: string): boolean {
  const parts = version.split('.').map(Number)
  for (const [index, wanted] of least.split('.').map(Number).entries()) {
    const difference = (parts[index] ?? 0) - wanted
    if (difference !== 0) return difference > 0
  }
  return true
}

function cronText(active: boolean | null | undefined): string {
  if (active === undefined) return 'the cron "Jobs Garbage Collector" cannot be read'
  if (active === null) return 'no cron "Jobs Garbage Collector"'
  return `the cron "Jobs Garbage Collector" is ${active ? 'active' : 'switched off'}`
}

/** What the schema of a series expects of a table. */
export function columnsOfSeries(series: Series): ReturnType<typeof schemaOf>['tables'] {
  return schemaOf(series, { lock: true }).tables
}
