/** On which machine a drill runs: the scenario's word, the company's own settings, a usual one. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { drillInputs, headerOf, loadInputs } from '../../src/drill/inputs.ts'
import { hostOf } from '../../src/drill/host.ts'
import { DEFAULT_HOST } from '../../src/queue-job/host.ts'
import { parseScenario } from '../../src/scenario/scenario-file.ts'
import { openSnapshot } from '../../src/snapshot/open.ts'
import { editManifest, smallSnapshots } from '../snapshot/small-snapshot.ts'
import type { SnapshotCopies } from '../snapshot/small-snapshot.ts'

const RECORDED = {
  channels: 'root:3,root.sale:1',
  workers: 6,
  limit_time_real: 900,
  limit_time_cpu: 0,
  limit_memory_soft: 2_147_483_648,
} as const

const SCENARIO = `title: t
summary: s
snapshot: x
control: true
`

describe('the host of a drill', () => {
  test('is a usual one where nothing is known', () => {
    expect(hostOf({}, {})).toEqual(DEFAULT_HOST)
  })

  test('is that of the company where the snapshot knows it, on a machine that fits its workers', () => {
    expect(hostOf(RECORDED, {})).toEqual({
      ...DEFAULT_HOST,
      channels: 'root:3,root.sale:1',
      httpWorkers: 6,
      usersBusyWorkers: 1,
      cpuCores: 2,
      memoryMb: 9692,
      limitTimeRealMs: 900_000,
      limitTimeCpuMs: 0,
    })
    const large = hostOf({ ...RECORDED, workers: 60 }, {})
    expect(large.baseMemoryMb + large.httpWorkers * large.workerMemoryMb).toBeLessThan(
      large.memoryMb,
    )
    expect(large.databaseConnections).toBeGreaterThan(large.httpWorkers)
  })

  test.each([
    ['threads instead of workers', { ...RECORDED, workers: 0 }],
    ['workers without the slots that they serve', { workers: 6 }],
  ])('%s say nothing of the machine', (_, recorded) => {
    const { httpWorkers, cpuCores, memoryMb } = hostOf(recorded, {})
    expect({ httpWorkers, cpuCores, memoryMb }).toEqual({
      httpWorkers: 12,
      cpuCores: 4,
      memoryMb: 16_384,
    })
  })

  test('has every value that the scenario states, and its keys in one order', () => {
    const host = hostOf(RECORDED, { cpuCores: 16, channels: 'root:1' })
    expect(host).toMatchObject({ channels: 'root:1', httpWorkers: 6, cpuCores: 16 })
    expect(Object.keys(host)).toEqual(Object.keys(DEFAULT_HOST))
  })
})

describe('a drill on a snapshot that recorded its host', () => {
  let snapshots: SnapshotCopies
  beforeAll(async () => {
    snapshots = await smallSnapshots(1000)
  })
  afterAll(() => snapshots[Symbol.asyncDispose]())

  test('runs on it, and its journal says so', async () => {
    const directory = await snapshots.copy()
    await editManifest(directory, (manifest) => {
      manifest.host = RECORDED
    })
    const loaded = await loadInputs(directory)
    const header = (text: string) =>
      headerOf(drillInputs(loaded, parseScenario(text, 'x.yaml'), 1, 'captured'), 'drill', 'noop')
    expect(header(SCENARIO).host).toMatchObject({ channels: RECORDED.channels, httpWorkers: 6 })
    const stated = header(`${SCENARIO}host: { channels: root:9 }\n`)
    expect(stated.host).toMatchObject({ channels: 'root:9', httpWorkers: 6 })
    expect(stated.scenario.host).toEqual(stated.host)
  })

  test('is refused where nobody could read its channels', async () => {
    const directory = await snapshots.copy()
    await editManifest(directory, (manifest) => {
      manifest.host = { channels: 'root:many' }
    })
    await expect(openSnapshot(directory)).rejects.toMatchObject({
      code: 'input',
      message: expect.stringMatching(
        /manifest\.json: host\.channels: .*capacity "many" is not a whole number/,
      ) as string,
    })
  })
})
