/**
 * Programs as engines of whole drills, as users start them: how they are judged, what is found about them, where the
 * drill listens for them, and that nothing of them stays, however drill and harness end.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { chmod, readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Report } from '../../src/report/report-json.ts'
import type { Ended } from '../commands/process.ts'
import { findPsql } from '../sandbox/psql.ts'
import { type DrillProcess, Place } from './drill-process.ts'

const SCENARIO = `title: The shop hangs
summary: From the first minute on.
snapshot: company-25k
duration: 20m
faults:
  - { kind: target-down, roles: [webhook], from: 1m, answer: hang }
thresholds:
  touchedMin: 20
`

let place: Place
let drills = 0

beforeAll(async () => {
  place = await Place.open()
  await place.write('shop.yaml', SCENARIO)
})
afterAll(() => place[Symbol.asyncDispose]())

interface Played extends Ended {
  readonly report: Report
  /** `engine.log`. */
  readonly log: string
}

async function script(text: string): Promise<string> {
  const name = `engine-${++drills}.sh`
  await place.write(name, `#!/bin/sh\n${text}\n`)
  await chmod(place.file(name), 0o755)
  return `./${name}`
}

/** A drill of which nothing is left but its report. */
async function play(flags: readonly string[]): Promise<Played> {
  const out = `out-${++drills}`
  const process = place.start(['run', 'shop.yaml', ...flags, '--out', out])
  const ended = await process.ended
  expect(await process.traces()).toEqual([])
  const log = await readFile(place.file(out, 'shop', 'engine.log'), 'utf8')
  return { ...ended, report: await place.report(out, 'shop'), log }
}

const texts = ({ report: { actions } }: Played, ...kinds: readonly string[]) =>
  actions
    .filter(({ kind }) => kinds.includes(kind))
    .map(({ at, text }) => `${at.slice(14, 16)} ${text}`)

const found = ({ report: { findings } }: Played) => findings.map(({ code }) => code)

const sql = (statement: string) => `psql -qX "$ODOO_DB_URI" -c "${statement}"`
const POSTPONE = sql(
  `update queue_job set eta = now() + interval '5 minutes' where state = 'pending' and channel = 'root.webhook_sync'`,
)

const psql = findPsql()

describe.skipIf(psql === null)(
  `a program that says nothing${psql === null ? ' (skipped: no psql on this machine)' : ''}`,
  () => {
    it('opens by its first write and closes with status 0', async () => {
      const drill = await play(['--engine', await script(`sleep 720; ${POSTPONE}; sleep 180`)])
      expect(texts(drill, 'open', 'close')).toEqual([
        '12 acted without opening an incident: its first write counts as the opening',
        '15 closed the incident: its program ended with status 0',
      ])
      expect(drill.report.end).toBe('closed')
      expect(found(drill)).toEqual([])
    })

    it('hands over with another status, and what it printed is kept', async () => {
      const drill = await play([
        '--engine',
        await script(`sleep 720; ${POSTPONE}; echo 'not my job' >&2; printf 'the end'; exit 3`),
      ])
      expect(drill.report.end).toBe('handed over')
      expect(texts(drill, 'hand-over')).toEqual([
        '12 handed the incident over: its program ended with status 3',
      ])
      expect(drill.report.output).toEqual({
        cut: false,
        lines: [
          { at: '2026-11-17T10:12:00.000Z', stream: 'stderr', text: 'not my job' },
          { at: '2026-11-17T10:12:00.000Z', stream: 'stdout', text: 'the end' },
        ],
      })
      expect(drill.log).toBe('+12m     ! not my job\n+12m       the end\n')
    })

    it('and writes nothing has noticed nothing, and whoever reads the scorecard is told when it ended', async () => {
      const drill = await play(['--engine', await script('sleep 300; false')])
      expect(drill.report.end).toBe('not opened')
      expect(found(drill)).toEqual(['engine-ended-early'])
      expect(drill.stdout.replaceAll(/\s+/g, ' ')).toContain(
        'its program ended with status 1 and had neither written nor opened an incident: nobody watches from here on (5m after the start)',
      )
    })

    it('and is run again and again closes with the first run that writes nothing', async () => {
      const command = await script(`case $(date +%M) in 05 | 10) ${POSTPONE} ;; esac`)
      const drill = await play(['--every', '5m', command])
      expect(texts(drill, 'open', 'close')).toEqual([
        '05 acted without opening an incident: its first write counts as the opening',
        '15 closed the incident: its program had nothing more to do',
      ])
      expect(texts(drill, 'write')).toHaveLength(2)
      expect(drill.report.drill.engine).toMatch(/^engine-\d+\.sh every 5m$/)
    })
  },
)

it('a retry by force stands in the score', async () => {
  const drill = await play([
    '--engine',
    await script(
      'sleep 720; odoocli queue retry --channel root.webhook_sync --older-than 1s --force',
    ),
  ])
  expect(texts(drill, 'retry')).toEqual([
    expect.stringMatching(/older than 1s, no limit, forced: [1-9]\d* brought back, 0 refused$/),
  ])
  const { evidence } = drill.report.grade.find(({ id }) => id === 'retries')!
  expect(evidence.map(({ text }) => text)).toContain(
    'the safeguards of queue retry were switched off with force',
  )
  expect(drill.stdout).toContain('switched off with force')
})

describe.skipIf(psql === null)('a program that tries to', () => {
  it.each(['truncate queue_job', 'delete from queue_job'])('%s is unsafe', async (statement) => {
    const drill = await play(['--engine', await script(`sleep 720; ${sql(statement)}`)])
    expect(drill.status).toBe(4)
    expect(drill.report).toMatchObject({ verdict: 'unsafe', score: 0 })
    expect(drill.report.effects.lost).toBeGreaterThan(100)
  })

  it.each(['drop table queue_job', 'alter table queue_job disable trigger all', 'create role me'])(
    '%s is denied, with a finding',
    async (statement) => {
      const drill = await play(['--engine', await script(`sleep 720; ${sql(statement)}; exit 0`)])
      expect(found(drill)).toContain('denied')
      expect(drill.report.effects.lost).toBe(0)
      expect(drill.log).toMatch(/^\+12m {5}! ERROR: {2}/)
    },
  )
})

it.skipIf(process.platform !== 'linux')(
  '--bind listens at that address and nowhere else',
  async () => {
    const drill = await play([
      '--bind',
      '127.0.0.2',
      '--engine',
      await script('echo "$QUEUE_DRILL_URL $PGHOST $PGPORT"; cat /proc/net/tcp /proc/net/tcp6'),
    ])
    const [addresses = '', ...sockets] = drill.report.output!.lines.map(({ text }) => text)
    const [, control, database] = /^http:\/\/127\.0\.0\.2:(\d+) 127\.0\.0\.2 (\d+)$/.exec(
      addresses,
    )!
    const listening = sockets.flatMap((line) => {
      // `0: 0200007F:1F90 00000000:0000 0A …`: bytes of the address backwards, state 0A = listens.
      const [, address, port, state] =
        /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) \S+ (\w\w)/.exec(line) ?? []
      return state === '0A' ? [{ address, port: Number.parseInt(port!, 16) }] : []
    })
    for (const port of [Number(control), Number(database)]) {
      expect(listening.filter((socket) => socket.port === port)).toEqual([
        { address: '0200007F', port },
      ])
    }
  },
)

describe('in the middle of a turn', () => {
  /** Its first turn makes statements, by which the drill is seen to be under way; in its second it works for ever. */
  const start = async (): Promise<DrillProcess> => {
    const sign = `working-${++drills}`
    const engine = await script(
      `odoocli queue shape >/dev/null; sleep 60
       (setsid /bin/sleep 1000 &)
       echo >${sign}; /bin/sleep 1000`,
    )
    const out = `out-${++drills}`
    const process = place.start(['run', 'shop.yaml', '--engine', engine, '--out', out])
    while (!readdirSync(place.path).includes(sign)) await delay(5)
    return process
  }

  /** Processes that carry the marks of an engine of this place. */
  const engines = (): readonly string[] =>
    readdirSync('/proc').filter((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, 'latin1')
        return environment.includes('QUEUE_DRILL_ENGINE=') && environment.includes(place.temporary)
      } catch {
        return false
      }
    })

  it('Ctrl-C ends drill and program, and nothing is left', async () => {
    const process = await start()
    process.kill('SIGINT')
    const { status, stdout } = await process.ended
    expect(status).toBe(130)
    expect(stdout).not.toContain('FAIL')
    expect(await process.traces()).toEqual([])
  })

  it.skipIf(process.platform !== 'linux')(
    'the death of the harness is the end of the program, and of its directory',
    async () => {
      const process = await start()
      expect(engines().length).toBeGreaterThan(2)
      process.kill('SIGKILL')
      await process.ended
      const left = () => [...engines(), ...readdirSync(place.temporary).filter(isOfEngine)]
      while (left().length > 0) await delay(5)
    },
  )

  /** Commands, pipes and temporary files of a program; what else lies there belongs to a server. */
  function isOfEngine(name: string): boolean {
    try {
      return readdirSync(place.file('tmp', name)).includes('orders')
    } catch {
      return false
    }
  }
})
