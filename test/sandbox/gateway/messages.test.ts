import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MessageReader, zeroTerminated } from '../../../src/sandbox/gateway/messages.ts'

interface Message {
  readonly type: string
  readonly body: Buffer
}

function encode({ type, body }: Message): Buffer {
  const head = Buffer.alloc(5)
  head.write(type, 0, 'latin1')
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

/** Cuts the bytes at the given places, in any order and number. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length]
  ends.sort((a, b) => a - b)
  return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end))
}

const message = fc.record({
  type: fc.constantFrom('Q', 'D', 'd', 'Z', '1'),
  body: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
})

describe('a stream of messages', () => {
  it('is read the same however it is cut into chunks', () => {
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 20 }),
        fc.array(fc.nat(10_000), { maxLength: 60 }),
        fc.nat(400),
        (messages, places, kept) => {
          const read: Message[] = []
          const lengths: number[] = []
          const reader = new MessageReader(
            (type) => (type === 'D' ? 0 : kept),
            (type, body, bodyLength) => {
              read.push({ type, body: Buffer.from(body) })
              lengths.push(bodyLength)
            },
          )
          for (const chunk of cut(Buffer.concat(messages.map(encode)), places)) {
            const owned = Buffer.from(chunk)
            reader.read(owned)
            // Sockets use their buffers again.
            owned.fill(0xff)
          }
          expect(read).toEqual(
            messages.map(({ type, body }) => ({
              type,
              body: type === 'D' ? Buffer.alloc(0) : body.subarray(0, kept),
            })),
          )
          expect(lengths).toEqual(messages.map(({ body }) => body.length))
          expect(reader.lost).toBe(false)
        },
      ),
    )
  })

  it('may hold a message of a gigabyte, of which only the beginning is kept', () => {
    let seen = 0
    let kept = 0
    const reader = new MessageReader(
      () => 100,
      (_, body, bodyLength) => {
        kept = body.length
        seen = bodyLength
      },
    )
    const head = Buffer.alloc(5)
    head.write('d', 0, 'latin1')
    head.writeInt32BE(1_000_000_004, 1)
    reader.read(head)
    const chunk = Buffer.alloc(1_000_000, 'x')
    for (let sent = 0; sent < 1000; sent++) reader.read(chunk)
    expect([seen, kept]).toEqual([1_000_000_000, 100])
  })

  it.each([0, 3, -1])('with a length of %i is not understood any more', (length) => {
    const read: string[] = []
    const reader = new MessageReader(
      () => 0,
      (type) => read.push(type),
    )
    const garbage = Buffer.alloc(5)
    garbage.writeInt32BE(length, 1)
    reader.read(Buffer.concat([encode({ type: 'Z', body: Buffer.from('I') }), garbage]))
    reader.read(encode({ type: 'Z', body: Buffer.from('I') }))
    expect(read).toEqual(['Z'])
    expect(reader.lost).toBe(true)
  })
})

it('a zero-terminated text says where the next begins and whether it was cut', () => {
  const body = Buffer.from('eins\0zwei\0dr')
  expect(zeroTerminated(body, 0)).toEqual({ text: 'eins', end: 5, cut: false })
  expect(zeroTerminated(body, 5)).toEqual({ text: 'zwei', end: 10, cut: false })
  expect(zeroTerminated(body, 10)).toEqual({ text: 'dr', end: 12, cut: true })
})
