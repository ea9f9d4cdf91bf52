/** The calls of the control plane that are about time: no part of `Incident`, because for a module the check is the step. */
import { z } from 'zod'

/** A week; nobody sleeps longer in a drill. */
const SECONDS_MAX = 7 * 86_400

const seconds = z.number().min(0).max(SECONDS_MAX).describe('Virtual seconds, fractions allowed')

const nowReport = z.object({ now: z.iso.datetime().describe('Virtual time') })

export const sleepRequest = z.strictObject({
  seconds,
  pid: z
    .int()
    .positive()
    .optional()
    .describe('The process that sleeps; without it only the connection is known to wait'),
})

export const stepRequest = z.strictObject({ seconds })

export const TIME_CALLS = {
  now: {
    method: 'get',
    path: '/v1/now',
    summary: 'Virtual time',
    request: z.strictObject({}),
    response: nowReport,
  },
  sleep: {
    method: 'post',
    path: '/v1/sleep',
    summary:
      'Answers when so much virtual time has passed. The world goes on once every process of the engine sleeps',
    request: sleepRequest,
    response: nowReport,
  },
  step: {
    method: 'post',
    path: '/v1/step',
    summary:
      'Sleeps in the name of the whole engine, whatever its other processes do: for a service in a container of its own',
    request: stepRequest,
    response: nowReport,
  },
} as const

export type TimeCallName = keyof typeof TIME_CALLS
