/**
 * A script that sets failed jobs back to pending undoes every isolation, and brings back what must not run again. It is
 * paused for the incident and stays paused: who wrote it decides whether it may come back.
 */
import type { AutomationReport } from '../../contract.ts'
import type { Turn } from '../turn.ts'

/** Judged by what its description says: an operator has nothing else. */
export function requeuesBlindly({ name, description }: AutomationReport): boolean {
  const text = `${name} ${description}`.toLowerCase()
  return /failed/.test(text) && /(requeue|retry|retries|pending|set .*back)/.test(text)
}

export async function pauseAutomations({ incident, open }: Turn): Promise<void> {
  const { operations, notes } = incident
  const running = (await operations.automations.list()).filter(({ paused }) => !paused)
  for (const automation of running.filter(requeuesBlindly)) {
    await operations.automations.pause(automation.name)
    open.pausedAutomations.add(automation.name)
    await notes.decision(
      `Paused the automation "${automation.name}"`,
      'it sets failed jobs back to pending without asking why they failed: the same jobs go round, and among them some that must not run twice and some of years ago',
    )
    await notes.trackedFix({
      subject: { signature: `automation ${automation.name}` },
      owner: `whoever runs ${automation.name}`,
      reason:
        'it requeues every failed job blindly; let it requeue only what is documented safe and failed recently, then switch it on again',
      isolatedBy: 'the automation is paused and is not resumed by the recovery',
    })
  }
}
