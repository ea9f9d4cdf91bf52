/** Programs on virtual time: `sleep`, `date`, background work, Python, the control plane. */
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HOUR, MINUTE } from '../../../src/foundation/time.ts'
import { sleepMs } from '../../../src/recovery/program/commands/sleep.ts'
import { openQueueServer, type Queue, type QueueServer, START } from '../queue-database.ts'
import { runProgram } from './program-run.ts'

let server: QueueServer
let queue: Queue

beforeAll(async () => {
  server = await openQueueServer()
  queue = await server.queue()
})
afterAll(async () => {
  await queue[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const iso = (at: number) => new Date(at).toISOString()
const texts = (lines: readonly string[]) => lines.map((line) => line.replace(/^\S+ \S+ /, ''))

describe('a shell script', () => {
  it('sleeps on virtual time and ends with its status', async () => {
    const run = await runProgram(
      queue,
      'echo a; sleep 600; echo b; sleep 2.5m 30s; echo c >&2; exit 3',
    )
    expect(run.turns).toEqual([0, 10, 13])
    expect(run.lines).toEqual(['0 stdout a', '10 stdout b', '13 stderr c'])
    expect(run.exit).toEqual({ status: 3, last: true })
    expect(run.error).toBeNull()
    expect(run.findings).toEqual([])
  })

  it('goes on only when what it started in the background sleeps, too', async () => {
    const run = await runProgram(
      queue,
      `(for i in 1 2; do sleep 60; psql "$ODOO_DB_URI" -Atc "select 'inner ' || $i"; done) &
       sleep 90; psql "$ODOO_DB_URI" -Atc "select 'outer'"; wait; echo end`,
    )
    expect(run.lines).toEqual([
      '1 stdout inner 1',
      '1.5 stdout outer',
      '2 stdout inner 2',
      '2 stdout end',
    ])
  })

  it('wakes those whose time comes at once one after the other, in the order in which they lay down', async () => {
    const run = await runProgram(
      queue,
      `for i in 1 2 3; do (sleep 60; echo "$i in"; psql "$ODOO_DB_URI" -Atc 'select 1' >/dev/null; echo "$i out") & sleep 1; done
       for i in 1 2 3; do sleep 19; done; wait`,
    )
    expect(texts(run.lines)).toEqual(['1 in', '1 out', '2 in', '2 out', '3 in', '3 out'])
  })

  it.each([
    ['a pipeline', 'for i in 1 2; do echo $i; sleep 60; done | cat'],
    [
      'a pipe into a loop',
      '(sleep 60; echo 1; sleep 60; echo 2) | while read -r x; do echo $x; done',
    ],
    ['a substitution', 'x=$(sleep 120; echo 2); echo $x'],
    ['timeout', 'timeout 50 sh -c "sleep 120"; echo 2'],
    ['nice and env', 'nice env sleep 120; echo 2'],
    ['xargs', 'echo 120 | xargs sleep; echo 2'],
    [
      'a session of psql that stays open',
      `mkfifo in; psql "$ODOO_DB_URI" -At <in >out & exec 4>in; echo 'select 2;' >&4; sleep 120; exec 4>&-; wait; cat out; rm in out`,
    ],
    [
      'Node as a parent',
      `${process.execPath} -e 'require("child_process").spawn("sh", ["-c", "sleep 120; echo 2"], { stdio: "inherit" })'`,
    ],
  ])('sleeps inside of %s', async (_, source) => {
    const run = await runProgram(queue, `cd "$TMPDIR"; ${source}`)
    expect(run.error).toBeNull()
    expect(run.turns.at(-1)).toBe(2)
    expect(run.lines.at(-1)).toMatch(/stdout 2$/)
  })

  it('is told what is wrong with a sleep', async () => {
    const run = await runProgram(queue, 'sleep soon; echo $?; sleep; echo $?')
    expect(texts(run.lines).sort()).toEqual(
      [
        '1',
        '1',
        "sleep: invalid time interval 'soon'",
        'sleep: invalid time interval: missing operand',
      ].sort(),
    )
  })

  it('that is started anew at every point of a grid sees each as cron would', async () => {
    const run = await runProgram(
      queue,
      'date +%H:%M; [ "$(date +%M)" = 10 ] && sleep 400; exit 0',
      {
        everyMs: 5 * MINUTE,
        forMs: HOUR / 2,
      },
    )
    const minute = (START / MINUTE) % 60
    expect(minute).toBe(0)
    expect(run.turns).toEqual([0, 5, 10, 15, 10 + 400 / 60, 20, 25])
    expect(run.lines.map((line) => line.replace(/ .*:/, ' '))).toEqual([
      '0 00',
      '5 05',
      '10 10',
      '20 20',
      '25 25',
    ])
    expect(run.exit).toEqual({ status: 0, last: false })
  })
})

describe('date', () => {
  const asked = async (...lines: readonly string[]) =>
    texts((await runProgram(queue, `sleep 600\n${lines.join('\n')}`)).lines)
  const at = START + 10 * MINUTE
  const real = (...parameters: readonly string[]) =>
    execFileSync('/bin/date', parameters, { encoding: 'utf8', env: { TZ: 'UTC' } }).trim()

  it('tells the virtual time in every form', async () => {
    expect(
      await asked('date +%s', 'date -u +%FT%T.%3NZ', 'date -Iseconds', 'TZ=Asia/Kolkata date +%R'),
    ).toEqual([
      String(at / 1000),
      iso(at),
      real('-d', `@${at / 1000}`, '-Iseconds'),
      execFileSync('/bin/date', ['-d', `@${at / 1000}`, '+%R'], {
        encoding: 'utf8',
        env: { TZ: 'Asia/Kolkata' },
      }).trim(),
    ])
  })

  it.each([
    ['10 minutes ago', -10 * MINUTE],
    ['-10 minutes', -10 * MINUTE],
    ['+2 hours', 2 * HOUR],
    ['now', 0],
    ['1 day ago', -24 * HOUR],
    ['yesterday', -24 * HOUR],
    ['next day', 24 * HOUR],
    ['2 hours ago 5 minutes', -2 * HOUR + 5 * MINUTE],
  ])('converts "%s" from the virtual moment', async (text, offset) => {
    expect(await asked(`date -d '${text}' +%s`, `date -u --date='${text}' +%FT%TZ`)).toEqual([
      String((at + offset) / 1000),
      iso(at + offset).replace('.000', ''),
    ])
  })

  it('puts a time of day on the virtual day, and leaves a moment of its own alone', async () => {
    const day = iso(at).slice(0, 10)
    expect(
      await asked(
        "date -d '14:00' '+%F %R'",
        "date -d 'tomorrow 06:30' '+%F %R'",
        "date -d '2020-02-29 12:00' +%F",
        'date -d @0 +%F',
        "date -ud 'Jan 5 2021' +%F",
        "date -s '10:00'; echo $?",
      ),
    ).toEqual([
      `${day} 14:00`,
      `${iso(at + 24 * HOUR).slice(0, 10)} 06:30`,
      '2020-02-29',
      '1970-01-01',
      '2021-01-05',
      expect.stringMatching(/^(1|date: the clock)/),
      expect.stringMatching(/^(1|date: the clock)/),
    ])
  })
})

describe('sleep reads', () => {
  it.each([
    [['1'], 1000],
    [['0.5'], 500],
    [['.5m'], 30_000],
    [['1h', '30m'], 5_400_000],
    [['2d'], 172_800_000],
    [['0'], 0],
    [['-1'], null],
    [['1x'], null],
    [[], null],
    [['1', 'soon'], null],
  ])('%j as %s ms', (parameters, ms) => {
    expect(sleepMs(parameters)).toBe(ms)
  })

  it('infinity as longer than any drill', () => {
    expect(sleepMs(['infinity'])).toBeGreaterThan(300 * 24 * HOUR)
  })
})

const python = ((): string | null => {
  try {
    return execFileSync('sh', ['-c', 'command -v python3'], { encoding: 'utf8' }).trim()
  } catch {
    return null
  }
})()

describe.skipIf(python === null)('a Python program', () => {
  const script = (...lines: readonly string[]) => `#!${python}\n${lines.join('\n')}\n`

  it('sleeps and sees virtual time, in threads as well', async () => {
    const run = await runProgram(
      queue,
      script(
        'import datetime, time, threading',
        'from datetime import date',
        'print(time.time(), datetime.datetime.now(datetime.timezone.utc).isoformat())',
        'def beat():',
        '    for _ in range(2):',
        '        time.sleep(60)',
        "        print('beat', time.time_ns())",
        'thread = threading.Thread(target=beat)',
        'thread.start()',
        'time.sleep(90)',
        "print(datetime.datetime.utcnow().isoformat(), date.today(), time.strftime('%H:%M'))",
        'thread.join()',
        'print(isinstance(datetime.datetime(2020, 1, 1), datetime.datetime), datetime.date(2020, 1, 2) - datetime.date(2020, 1, 1))',
        'class Own(datetime.datetime): pass',
        'print(isinstance(datetime.datetime(2020, 1, 1), Own), Own(2020, 1, 1).year)',
      ),
    )
    expect(run.error).toBeNull()
    expect(run.turns).toEqual([0, 1, 1.5, 2])
    expect(texts(run.lines)).toEqual([
      `${START / 1000}.0 ${iso(START).replace('.000Z', '+00:00')}`,
      `beat ${START + MINUTE}000000`,
      `${iso(START + 1.5 * MINUTE).replace('.000Z', '')} ${iso(START).slice(0, 10)} ${iso(START + MINUTE).slice(11, 16)}`,
      `beat ${START + 2 * MINUTE}000000`,
      'True 1 day, 0:00:00',
      'False 2020',
    ])
  })

  it('that starts a sleeping child and waits for its output is at rest', async () => {
    const run = await runProgram(
      queue,
      script(
        'import subprocess',
        "print(subprocess.run(['sh', '-c', 'sleep 120; echo 2'], capture_output=True, text=True).stdout.strip())",
      ),
    )
    expect(run.turns).toEqual([0, 2])
    expect(texts(run.lines)).toEqual(['2'])
  })
})

describe('a program of any language', () => {
  const node = (...lines: readonly string[]) =>
    `#!${process.execPath}\n${[
      "const url = process.env.QUEUE_DRILL_URL, headers = { authorization: 'Bearer ' + process.env.QUEUE_DRILL_TOKEN }",
      "const post = async (path, body) => (await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })).json()",
      'async function main() {',
      ...lines,
      '}',
      'main()',
    ].join('\n')}\n`

  it('sleeps through the control plane, and says for which process', async () => {
    const run = await runProgram(
      queue,
      node(
        "console.log((await post('/v1/sleep', { seconds: 300, pid: process.pid })).now)",
        "await post('/v1/incident/open', { signals: ['business-lag'] })",
        "console.log((await post('/v1/sleep', { seconds: 0.5, pid: process.pid })).now)",
      ),
    )
    expect(run.error).toBeNull()
    expect(texts(run.lines)).toEqual([iso(START + 5 * MINUTE), iso(START + 5 * MINUTE + 500)])
    expect(run.script.acts).toEqual(['open business-lag'])
  })

  it('steps in the name of all its processes', async () => {
    const run = await runProgram(
      queue,
      node(
        "const child = require('child_process').spawn('/bin/sleep', ['1000'])",
        "console.log((await post('/v1/step', { seconds: 600 })).now)",
        'child.kill()',
      ),
    )
    expect(run.error).toBeNull()
    expect(texts(run.lines)).toEqual([iso(START + 10 * MINUTE)])
  })
})
