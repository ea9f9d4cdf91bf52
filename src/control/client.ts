/**
 * A client of the control plane: the calls by their names, typed by the schemas that the plane checks them with. Over
 * connections that it keeps, so that a call costs about a millisecond beside its work.
 */
import { Agent, request as httpRequest } from 'node:http'
import type { z } from 'zod'
import { DrillError, messageOf } from '../foundation/errors.ts'
import { CALLS } from './calls.ts'
import { TIME_CALLS } from './time-calls.ts'

const EVERY_CALL = { ...CALLS, ...TIME_CALLS }

type EveryCall = typeof EVERY_CALL
export type ClientCallName = keyof EveryCall
/** What a caller gives; where the schema takes nothing, an empty object. */
export type ClientRequestOf<Name extends ClientCallName> = z.input<EveryCall[Name]['request']>
/** As JSON tells it: times are ISO 8601 texts. */
export type AnswerOf<Name extends ClientCallName> = z.output<EveryCall[Name]['response']>

export interface ControlAddress {
  /** As QUEUE_DRILL_URL says it, without a slash at the end. */
  readonly url: string
  readonly token: string
}

/** The control plane refused; the message is its sentence. */
export class ControlRefusal extends Error {
  override readonly name = 'ControlRefusal'
  /** HTTP: 400 the request is wrong, 409 the operation refuses, others the address or the token. */
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Nobody answered, or nobody who speaks as a control plane does. */
export class ControlUnreachable extends Error {
  override readonly name = 'ControlUnreachable'
}

export class ControlClient implements Disposable {
  readonly #address: ControlAddress
  readonly #agent = new Agent({ keepAlive: true })

  /** Throws DrillError `input` where the address is none. */
  constructor(address: ControlAddress) {
    if (!/^http:\/\/./.test(address.url) || !URL.canParse(address.url)) {
      throw new DrillError('input', `"${address.url}" is no address of a control plane: http://…`)
    }
    if (!/^[\w-]+$/.test(address.token)) {
      throw new DrillError(
        'input',
        'the token of the control plane is not as QUEUE_DRILL_TOKEN says',
      )
    }
    this.#address = address
  }

  /** Rejects with ControlRefusal or ControlUnreachable. `signal` gives up waiting. */
  async call<Name extends ClientCallName>(
    name: Name,
    request: ClientRequestOf<Name>,
    signal?: AbortSignal,
  ): Promise<AnswerOf<Name>> {
    const { status, text } = await this.#send(name, request, signal)
    const answer = jsonOf(text)
    if (status === 200 && answer !== undefined) return answer as AnswerOf<Name>
    const sentence = (answer as { error?: unknown } | undefined)?.error
    if (typeof sentence !== 'string') {
      throw new ControlUnreachable(`${this.#address.url} is no control plane: HTTP ${status}`)
    }
    throw new ControlRefusal(status, sentence)
  }

  /** Closes the connections that are kept; the next call opens one anew. */
  [Symbol.dispose](): void {
    this.#agent.destroy()
  }

  #send(
    name: ClientCallName,
    body: unknown,
    signal: AbortSignal | undefined,
  ): Promise<{ status: number; text: string }> {
    const { method, path } = EVERY_CALL[name]
    const { url, token } = this.#address
    const payload = method === 'get' ? '' : JSON.stringify(body)
    return new Promise((resolve, reject) => {
      const unreachable = (error: unknown) =>
        reject(
          new ControlUnreachable(`the drill does not answer at ${url}: ${messageOf(error)}`, {
            cause: error,
          }),
        )
      const request = httpRequest(new URL(path, url), {
        method: method.toUpperCase(),
        agent: this.#agent,
        headers: {
          Authorization: `Bearer ${token}`,
          ...(method === 'post' && {
            'Content-Type': 'application/json',
            'Content-Length': Buffer.byteLength(payload),
          }),
        },
        ...(signal !== undefined && { signal }),
      })
      request.on('error', unreachable)
      request.on('response', (response) => {
        const parts: string[] = []
        response.setEncoding('utf8')
        response.on('data', (part: string) => parts.push(part))
        response.on('error', unreachable)
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text: parts.join('') }),
        )
      })
      request.end(payload)
    })
  }
}

/** Undefined = it is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
