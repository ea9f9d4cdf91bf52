/**
 * `npm run conformance -- FILE…`: replays case files against the channel manager and prints `N passed, M failed` with
 * the first wrong step of each failed case. Exit 0 all passed, 1 a case failed, 2 a file cannot be read.
 */
import { readFileSync } from 'node:fs'
import { DrillError, EXIT, messageOf } from '../../src/foundation/errors.ts'
import { parseCaseFile, replayCase, type ChannelCase, type WrongStep } from './case-file.ts'

function read(file: string): ChannelCase[] {
  try {
    return parseCaseFile(readFileSync(file, 'utf8'))
  } catch (error) {
    // File system errors name the file themselves.
    const message = error instanceof DrillError ? `${file}: ${error.message}` : messageOf(error)
    throw new DrillError('input', message, { cause: error })
  }
}

function describe(channelCase: ChannelCase, wrong: WrongStep): string {
  const { id, title, steps, channels } = channelCase
  const place =
    wrong.step === null
      ? `configure ${JSON.stringify(channels)}`
      : `step ${wrong.step + 1} of ${steps.length}, ${JSON.stringify(steps[wrong.step])}`
  return [
    `FAILED ${id} ${title}`,
    `  ${place}`,
    `  ${wrong.what}`,
    `    expected ${JSON.stringify(wrong.expected)}`,
    `    actual   ${JSON.stringify(wrong.actual)}`,
  ].join('\n')
}

function main(files: readonly string[]): number {
  if (files.length === 0) {
    throw new DrillError('input', 'no case file given; usage: npm run conformance -- FILE…')
  }
  let passed = 0
  let failed = 0
  for (const channelCase of files.flatMap(read)) {
    const wrong = replayCase(channelCase)
    if (wrong === null) {
      passed++
    } else {
      failed++
      console.log(describe(channelCase, wrong))
    }
  }
  console.log(`${passed} passed, ${failed} failed`)
  return failed === 0 ? EXIT.passed : EXIT.failed
}

try {
  process.exitCode = main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof DrillError)) throw error
  console.error(`conformance: ${error.message}`)
  process.exitCode = error.exitStatus
}
