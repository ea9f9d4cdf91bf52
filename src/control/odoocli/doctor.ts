/** `odoocli doctor`: is the host fit for more workers? The runbook asks it before it scales. */
import type { CommandModule } from 'yargs'
import type { AnswerOf } from '../client.ts'
import { textFlag } from './flags.ts'
import type { Choose } from './outcome.ts'
import { pairs } from './table.ts'

export function doctorCommand(choose: Choose): CommandModule<object, { env: string | undefined }> {
  return {
    command: 'doctor',
    describe: 'Say how the host is: processors, memory, connections, workers',
    builder: (yargs) =>
      yargs
        .option('env', textFlag('Accepted, and ignored: it is always the host of the drill'))
        .example('$0 doctor --env production', 'as the runbook writes it')
        .example('$0 doctor && $0 workers scale queue --count +2', 'status 1 where it is not fit'),
    handler: ({ env }) =>
      choose(async (client) => {
        const answer = await client.call('operations.doctor', {})
        return {
          answer,
          lines: linesOf(answer),
          ...(env !== undefined && {
            remarks: [`this speaks of the host of the drill, and not of "${env}"`],
          }),
          status: answer.healthy ? 0 : 1,
        }
      }),
  }
}

function linesOf(report: AnswerOf<'operations.doctor'>): string[] {
  const { cpuUsed, cpuCores, memoryUsedMb, memoryTotalMb, memoryPerWorkerMb } = report
  const { databaseConnectionsUsed, databaseConnectionsMax } = report
  return pairs([
    ['healthy', report.healthy ? 'yes' : 'no'],
    ['processors', `${(100 * cpuUsed).toFixed(1)} % of ${cpuCores} cores`],
    ['memory', `${memoryUsedMb} of ${memoryTotalMb} MB, ${memoryPerWorkerMb} MB a worker`],
    ['connections', `${databaseConnectionsUsed} of ${databaseConnectionsMax}`],
    ['workers', `${report.httpWorkers}, ${report.busyWorkers} busy`],
    ['slots of root', String(report.rootCapacity)],
    ['addable', String(report.workersAddable)],
    ['advice', report.advice],
  ])
}
