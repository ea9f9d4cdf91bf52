/** One drill from plain node, without a test runner. */
import { drill } from 'queue-drill'

const { report, repeat } = await drill({
  scenario: 'quiet-day',
  seed: 1,
  duration: '20m',
  engine: 'noop',
  postgres: 'embedded',
})
process.stdout.write(
  `${JSON.stringify({ verdict: report.verdict, digest: report.digest, repeat })}\n`,
)
