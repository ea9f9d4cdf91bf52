/** The body of a request: JSON, bounded, read to its end so that a client that sent too much still reads the answer. */
import type { IncomingMessage } from 'node:http'
import { messageOf } from '../foundation/errors.ts'
import { Refusal } from './refusal.ts'

/** A tracked fix may name thousands of jobs. */
const BODY_BYTES_MAX = 1024 * 1024
/** What is read and thrown away of a body that is too large, or that nobody wants; who sends more is cut off. */
const DISCARDED_BYTES_MAX = 16 * BODY_BYTES_MAX

/** An empty body is an empty object. Rejects with a Refusal 400 or 413. */
export async function readBody(request: IncomingMessage): Promise<unknown> {
  const bytes = await readBytes(request)
  const text = bytes.toString('utf8').trim()
  if (text === '') return {}
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new Refusal(400, `the body is no JSON: ${messageOf(error)}`)
  }
}

function readBytes(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= BODY_BYTES_MAX) chunks.push(chunk)
      else chunks.length = 0
    })
    request.once('end', () => {
      if (bytes <= BODY_BYTES_MAX) resolve(Buffer.concat(chunks))
      else reject(new Refusal(413, `a body has at most ${BODY_BYTES_MAX} bytes`))
    })
    const cutOff = () => reject(new Refusal(400, 'the body was cut off'))
    request.once('error', cutOff)
    request.once('close', cutOff)
    discardAfter(request, DISCARDED_BYTES_MAX)
  })
}

/** For a request that was answered without its body. */
export function discardBody(request: IncomingMessage): void {
  if (request.readableEnded) return
  discardAfter(request, DISCARDED_BYTES_MAX)
  request.resume()
}

/** Cuts the connection of a client that goes on for more than `bytesMax`. */
function discardAfter(request: IncomingMessage, bytesMax: number): void {
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > bytesMax) request.destroy()
  })
}
