/** Programs that misbehave: each ends in a finding or a failure within a bound of wall time, and nothing of it stays. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MINUTE } from '../../../src/foundation/time.ts'
import { openQueueServer, type Queue, type QueueServer } from '../queue-database.ts'
import { job } from '../queue-database.ts'
import { type ProgramRun, runProgram } from './program-run.ts'

let server: QueueServer
let queue: Queue

beforeAll(async () => {
  server = await openQueueServer()
  queue = await server.queue()
  await queue.add(job(1, 'sale.order.push'))
})
afterAll(async () => {
  await queue[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

/** Of the engine's processes there is none, and of its files neither. */
function expectNothingLeft({ directory }: ProgramRun): void {
  expect(existsSync(directory)).toBe(false)
  expect(processesWith(directory)).toEqual([])
}

/** Those whose environment or parameters name the directory. */
function processesWith(directory: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) =>
      ['environ', 'cmdline'].some((file) => {
        try {
          return readFileSync(`/proc/${pid}/${file}`, 'latin1').includes(directory)
        } catch {
          return false
        }
      }),
    )
}

function commandLines(): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
      } catch {
        return ''
      }
    })
}

const SHORT = { turnTimeoutMs: 1500 }

describe('a program that', () => {
  it.each([
    ['never sleeps', 'while :; do :; done', /without sleeping; at work: engine$/],
    ['hangs', 'tail -f /dev/null', /without sleeping; at work: tail$/],
    ['sleeps for real', '/bin/sleep 1000', /without sleeping; at work: sleep$/],
    [
      'waits for ever in the background',
      '(tail -f /dev/null) & sleep 60; wait',
      /without sleeping; at work: tail$/,
    ],
    [
      'prints for ever, slowly enough',
      'while :; do echo x; /bin/sleep 0.05; done',
      /without sleeping/,
    ],
    ['sleeps no time at all', 'while :; do sleep 0; done', /without sleeping/],
    ['reads its input for ever', 'mkfifo "$TMPDIR/p"; read -r x <"$TMPDIR/p"', /without sleeping/],
    ['stops itself', 'kill -STOP $$', /without sleeping; at work: engine$/],
    ['ignores signals', "trap '' TERM INT HUP QUIT; while :; do :; done", /without sleeping/],
    [
      'hides its child in a session and environment of its own',
      'env -i setsid /bin/sleep 1000 & while :; do :; done',
      /without sleeping/,
    ],
  ])('%s is timed out', async (_, source, message) => {
    const run = await runProgram(queue, source, SHORT)
    expect(run.error).toMatchObject({
      name: 'EngineFailure',
      code: 'engine-timed-out',
      message: expect.stringMatching(message),
    })
    expectNothingLeft(run)
  })

  it('sleeps a moment at a time is ended when its turns took too long together', async () => {
    const run = await runProgram(queue, 'while :; do sleep 0.01; done', { totalTimeoutMs: 1500 })
    expect(run.error).toMatchObject({
      code: 'engine-timed-out',
      message: 'its turns took more than 2 s together',
    })
    expect(run.turns.length).toBeGreaterThan(1)
    expectNothingLeft(run)
  })

  it.each(['KILL', 'SEGV', 'TERM'])('is ended by its own SIG%s has failed', async (signal) => {
    const run = await runProgram(queue, `sleep 60; kill -${signal} $$`)
    expect(run.error).toMatchObject({
      code: 'engine-exited',
      message: `its program was ended by SIG${signal}`,
    })
    expect(run.turns).toEqual([0, 1])
    expectNothingLeft(run)
  })

  it('cannot be started has failed', async () => {
    const run = await runProgram(queue, '#!/no/such/interpreter\n')
    expect(run.error).toMatchObject({
      code: 'engine-exited',
      message: expect.stringContaining('it cannot be started'),
    })
    expectNothingLeft(run)
  })

  it('kills all it can see goes on where it can', async () => {
    const run = await runProgram(
      queue,
      'sleep 60 & pid=$!; kill -9 $pid; wait; echo woken; sleep 30; echo end',
    )
    expect(run.error).toBeNull()
    expect(run.lines).toEqual(['0 stdout woken', '0.5 stdout end'])
    expectNothingLeft(run)
  })

  it('closes its streams still has its turns', async () => {
    const run = await runProgram(queue, 'exec 0<&- 1>&- 2>&-; sleep 60; sleep 60; exit 4')
    expect(run.turns).toEqual([0, 1, 2])
    expect(run.exit).toEqual({ status: 4, last: true })
    expectNothingLeft(run)
  })

  it.each([
    ['a child', '(while :; do /bin/sleep 1; done) & echo $!'],
    ['a child in a session of its own', 'setsid /bin/sleep 1000 & echo $!'],
    ['a daemon', '(setsid sh -c "(/bin/sleep 1000 &)" &); /bin/sleep 0.1'],
    ['a child that sleeps on virtual time', 'sleep 1000 &'],
    ['a child that holds its output', 'sh -c "trap : TERM; while :; do /bin/sleep 1; done" &'],
  ])('leaves %s is told so, and nothing stays', async (_, source) => {
    const run = await runProgram(queue, source)
    expect(run.error).toBeNull()
    expect(run.exit).toEqual({ status: 0, last: true })
    expect(run.findings.map(({ code }) => code)).toEqual(['engine-left-children'])
    expectNothingLeft(run)
  })

  it('hides a child in a session and environment of its own is still known by it', async () => {
    const run = await runProgram(queue, 'env -i setsid /bin/sleep 123456 & sleep 60', SHORT)
    expect(run.error).toMatchObject({ code: 'engine-timed-out' })
    expect(commandLines()).not.toContain('/bin/sleep\x00123456\x00')
  })

  it('whose helper ends a moment later leaves nobody', async () => {
    const run = await runProgram(queue, '(/bin/sleep 0.1; echo late) & echo first')
    expect(run.findings).toEqual([])
    expect(run.lines).toEqual(['0 stdout first', '0 stdout late'])
  })

  it('is a fork bomb is ended', async () => {
    // Bounded by itself, in case that nobody is: twelve generations.
    const bomb =
      'b() { [ "$1" -gt 12 ] && exec /bin/sleep 20; b $(($1 + 1)) & b $(($1 + 1)) & wait; }; b 0'
    const run = await runProgram(queue, bomb, { turnTimeoutMs: MINUTE })
    expect(run.error).toMatchObject({
      code: 'engine-took-too-much',
      message: 'it ran more than 256 processes at once',
    })
    expectNothingLeft(run)
  })

  it('prints a gigabyte is ended, and the beginning is kept', async () => {
    const run = await runProgram(
      queue,
      'echo begins; head -c 1073741824 /dev/zero | tr "\\0" "\\n"',
      { turnTimeoutMs: MINUTE },
    )
    expect(run.error).toMatchObject({
      code: 'engine-took-too-much',
      message: 'it printed more than 256 MB',
    })
    expect(run.lines[0]).toBe('0 stdout begins')
    expect(run.lines.length).toBeLessThanOrEqual(256 * 1024)
    expectNothingLeft(run)
  })

  it('prints more than is kept is told so', async () => {
    const run = await runProgram(
      queue,
      'head -c 1000000 /dev/zero | tr "\\0" x; echo; echo end >&2',
    )
    expect(run.findings).toEqual([{ code: 'engine-output-cut', detail: expect.any(String) }])
    expect(run.lines).toContain('0 stderr end')
  })

  it('writes nonsense into the pipe of its own commands hurts only itself', async () => {
    const run = await runProgram(
      queue,
      `d=$(dirname "$(dirname "$(command -v odoocli)")")
       head -c 300000 /dev/urandom >"$d/orders"; echo 1 >"$d/orders"; echo ../../etc/passwd >"$d/orders"; echo >"$d/orders"
       sleep 60; echo end`,
    )
    expect(run.error).toBeNull()
    expect(run.lines).toEqual(['1 stdout end'])
    expectNothingLeft(run)
  })

  it('removes the commands of the drill sleeps for real, and is timed out', async () => {
    const run = await runProgram(
      queue,
      'd=$(dirname "$(dirname "$(command -v odoocli)")"); rm -rf "$d"; sleep 60; echo $?',
      SHORT,
    )
    expect(run.error).toMatchObject({ code: 'engine-timed-out' })
    expectNothingLeft(run)
  })
})

it('sees a clean environment, and no password in a parameter or URI', async () => {
  process.env['PGPASSWORD'] = 'production'
  process.env['DATABASE_URL'] = 'postgresql://production'
  try {
    const run = await runProgram(
      queue,
      'env | sort; echo "uri $ODOO_DB_URI"; psql "$ODOO_DB_URI" -Atc "select 1"',
    )
    const text = run.lines.join('\n')
    expect(text).not.toContain('production')
    const password = /PGPASSWORD=(\S+)/.exec(text)![1]!
    const uri = /uri (\S+)/.exec(text)![1]!
    expect(uri).not.toContain(password)
    expect(text.split(password)).toHaveLength(2)
    expect(run.lines.at(-1)).toBe('0 stdout 1')
    expect(text).not.toMatch(/scenario|webhook|company/i)
  } finally {
    delete process.env['PGPASSWORD']
    delete process.env['DATABASE_URL']
  }
})
