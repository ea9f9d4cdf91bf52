/** Loads a snapshot into a template of the server, from which each drill gets its clones. */
import { performance } from 'node:perf_hooks'
import type { Server, Template } from '../sandbox/sandbox.ts'
import { loadSnapshot } from '../snapshot/load.ts'
import type { CampaignProgress } from './campaign.ts'
import { type ExtraSql, runExtraSql } from './extra-sql.ts'
import type { DrillInputs } from './inputs.ts'

export interface LoadedTemplate {
  readonly template: Template
  /** Wall time of the load. */
  readonly seconds: number
}

export async function loadTemplate(
  server: Server,
  { snapshot, scenario }: DrillInputs,
  extraSql: ExtraSql | null,
  onProgress: (progress: CampaignProgress) => void,
): Promise<LoadedTemplate> {
  const started = performance.now()
  const show = (share: number) => onProgress({ scenario: scenario.name, phase: 'load', share })
  show(0)
  const template = await server.template(async (client, connect) => {
    // Like the server, the tables are thrown away: a crash ends the drill anyway.
    await loadSnapshot(snapshot, client, { connect, unlogged: true })
    if (extraSql !== null) await runExtraSql(client, extraSql)
  })
  show(1)
  return { template, seconds: (performance.now() - started) / 1000 }
}
