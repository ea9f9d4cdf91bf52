/** A job as the world knows it: the row, and the truth about it that no engine sees. */
import type { Cause } from '../journal/events.ts'
import type { JobRow, JobState } from '../queue-job/job.ts'
import type { FunctionOperations } from '../queue-job/operations.ts'
import type { Failure } from './failure.ts'
import type { LoadedRow } from './loaded-rows.ts'

/** A class, and every field set by name: worlds hold tens of thousands, and Object.assign or spread cost three times more. */
export class WorldJob implements JobRow {
  readonly id: number
  readonly uuid: string
  readonly graphUuid: string | null
  readonly userId: number | null
  readonly companyId: number | null
  readonly name: string | null
  readonly modelName: string
  readonly methodName: string
  readonly records: string | null
  readonly args: string | null
  readonly kwargs: string | null
  readonly funcString: string | null
  readonly dependencies: string | null
  readonly dateCreated: number | null
  readonly channelMethodName: string | null
  readonly jobFunctionId: number | null
  readonly identityKey: string | null
  state: JobState
  priority: number | null
  retry: number
  maxRetries: number
  eta: number | null
  channel: string | null
  dateEnqueued: number | null
  dateStarted: number | null
  dateDone: number | null
  dateCancelled: number | null
  execTime: number
  excName: string | null
  excMessage: string | null
  excInfo: string | null
  result: string | null
  workerPid: number

  readonly fn: string
  readonly operations: FunctionOperations
  /** Business key. */
  readonly key: string
  /** What last moved the row to pending. */
  cause: Cause
  /** Grows with every write to the row by anybody: a worker's final store fails with 40001 if it moved meanwhile. */
  version = 0
  /** Executions in this world: names the random stream of the next one. */
  runs = 0
  /** A failure of its own that comes back at every try (old failed rows mostly have one); null = none. */
  readonly lastingFailure: Failure | null
  /** Tries left before max_retries as it stood when an engine granted more; null = no engine did. */
  triesBeforeGrant: { left: number; readonly by: Cause } | null = null

  constructor({ row, fn, operations, key }: LoadedRow, cause: Cause, lasting: Failure | null) {
    this.id = row.id
    this.uuid = row.uuid
    this.graphUuid = row.graphUuid
    this.userId = row.userId
    this.companyId = row.companyId
    this.name = row.name
    this.modelName = row.modelName
    this.methodName = row.methodName
    this.records = row.records
    this.args = row.args
    this.kwargs = row.kwargs
    this.funcString = row.funcString
    this.dependencies = row.dependencies
    this.dateCreated = row.dateCreated
    this.channelMethodName = row.channelMethodName
    this.jobFunctionId = row.jobFunctionId
    this.identityKey = row.identityKey
    this.state = row.state
    this.priority = row.priority
    this.retry = row.retry
    this.maxRetries = row.maxRetries
    this.eta = row.eta
    this.channel = row.channel
    this.dateEnqueued = row.dateEnqueued
    this.dateStarted = row.dateStarted
    this.dateDone = row.dateDone
    this.dateCancelled = row.dateCancelled
    this.execTime = row.execTime
    this.excName = row.excName
    this.excMessage = row.excMessage
    this.excInfo = row.excInfo
    this.result = row.result
    this.workerPid = row.workerPid
    this.fn = fn
    this.operations = operations
    this.key = key
    this.cause = cause
    this.lastingFailure = lasting
  }
}
