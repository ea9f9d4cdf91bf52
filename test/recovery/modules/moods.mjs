/** Fails in every way: the name of the file that it is copied to says in which. */
import { spawn } from 'node:child_process'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'

const mood = basename(fileURLToPath(import.meta.url), '.mjs')
if (mood === 'throws-on-load') throw new Error('no mood for this')
if (mood === 'exits-on-load') process.exit(7)

const keep = []
const MOODS = {
  throws: () => {
    throw new TypeError('cannot read the room')
  },
  rejects: () => Promise.reject('a text'),
  exits: () => process.exit(3),
  hangs: () => new Promise(() => {}),
  spins: () => {
    for (;;);
  },
  'forgets-a-promise': () => {
    void Promise.reject(new Error('nobody caught me'))
    return new Promise(() => {})
  },
  'fills-the-heap': () => {
    for (;;) keep.push(Array.from({ length: 500_000 }, () => keep))
  },
  'fills-buffers': () => {
    for (;;) keep.push(Buffer.alloc(10_000_000, keep.length))
  },
  'starts-a-child': async () => {
    const child = spawn('sleep', ['300'], { stdio: 'inherit' })
    console.log(`child ${child.pid}`)
  },
  'leaves-a-child': async () => {
    const child = spawn('sleep', ['300'], { stdio: 'ignore', detached: true })
    child.unref()
    console.log(`child ${child.pid}`)
  },
  'forgets-to-commit': async ({ database }) => {
    const { rows } = await database.query('select now() as now')
    console.log(`now ${rows[0].now !== null}`)
    await database.query('begin')
    await database.query('select 1')
  },
  talks: async () => {
    for (let line = 0; line < 3000; line++) console.log(`${line} `.padEnd(100, '.'))
  },
  'calls-late': async ({ notes }) => {
    setTimeout(() => notes.decision('late', 'after the check').catch(() => {}), 50)
  },
}

export default { name: mood, check: (incident) => MOODS[mood](incident) }
