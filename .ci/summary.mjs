/**
 * Counts what CI ran: the tests of vitest's JSON report and the steps around them (`name=exit status`). Names what
 * failed and what was skipped, prints `N passed, N failed` as its last line, exits 1 if anything failed.
 */
import { existsSync, readFileSync } from 'node:fs'

const [reportPath, ...steps] = process.argv.slice(2)
const report = existsSync(reportPath) ? JSON.parse(readFileSync(reportPath, 'utf8')) : null
const passed = []
const failed = []
const skipped = []

for (const file of report?.testResults ?? []) {
  const name = file.name.slice(file.name.indexOf('/test/') + 1)
  for (const { status, fullName } of file.assertionResults) {
    const list = { passed, failed }[status] ?? skipped
    list.push(`${name}: ${fullName}`)
  }
  // A file that cannot be loaded has no tests to fail.
  const broken =
    file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed')
  if (broken) failed.push(`${name}: ${file.message.split('\n')[0]}`)
}
if (report === null) failed.push('npm test: left no report, so it was ended or never began')

for (const step of steps) {
  const [name, status] = step.split('=')
  // A failed test has been counted already.
  if (name === 'npm test' && (status === '0' || failed.length > 0)) continue
  if (status === '0') passed.push(name)
  else failed.push(`${name}: exit status ${status}`)
}

for (const name of skipped) console.log(`skipped  ${name}`)
for (const name of failed) console.log(`FAILED   ${name}`)
console.log(`${passed.length} passed, ${failed.length} failed`)
process.exitCode = failed.length === 0 ? 0 : 1
