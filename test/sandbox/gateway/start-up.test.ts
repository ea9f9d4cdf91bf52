import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  cancelPacket,
  fatalError,
  readFirstPacket,
  startUpPacket,
} from '../../../src/sandbox/gateway/start-up.ts'

const VERSION_3 = 196_608

function request(code: number): Buffer {
  const packet = Buffer.alloc(8)
  packet.writeInt32BE(8, 0)
  packet.writeInt32BE(code, 4)
  return packet
}

const text = fc.string({ minLength: 1, maxLength: 30 }).filter((value) => !value.includes('\0'))

describe('the start-up packet', () => {
  it('is rewritten and read back with the same parameters', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(text, fc.oneof(text, fc.constant('')))), (parameters) => {
        const packet = startUpPacket(VERSION_3, parameters, {})
        expect(readFirstPacket(packet)).toEqual({
          kind: 'start-up',
          length: packet.length,
          version: VERSION_3,
          parameters,
        })
        for (const shorter of [0, 3, 7, packet.length - 1]) {
          expect(readFirstPacket(packet.subarray(0, shorter)).kind).toBe('incomplete')
        }
      }),
    )
  })

  it('loses what the client says about a fixed setting, however it spells it', () => {
    const packet = startUpPacket(
      VERSION_3,
      [
        ['user', 'a'],
        ['SEARCH_PATH', 'public'],
        ['timezone', 'Asia/Tokyo'],
        ['application_name', 'psql'],
      ],
      { search_path: 'x', TimeZone: 'UTC' },
    )
    expect(readFirstPacket(packet)).toMatchObject({
      parameters: [
        ['user', 'a'],
        ['application_name', 'psql'],
        ['search_path', 'x'],
        ['TimeZone', 'UTC'],
      ],
    })
  })
})

describe('the first packet', () => {
  it.each([
    ['SSLRequest', request(80877103), 'encryption'],
    ['GSSENCRequest', request(80877104), 'encryption'],
    ['CancelRequest', cancelPacket(Buffer.alloc(8)), 'cancel'],
    ['a cancel request of protocol 3.2', cancelPacket(Buffer.alloc(36)), 'cancel'],
    ['protocol 2', request(131_072), 'garbage'],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'garbage'],
    ['a length below eight', Buffer.from([0, 0, 0, 4, 0, 0, 0, 0]), 'garbage'],
    [
      'parameters without their end',
      Buffer.concat([Buffer.from([0, 0, 0, 12, 0, 3, 0, 0]), Buffer.from('user')]),
      'garbage',
    ],
  ])('%s', (_, packet, kind) => {
    expect(readFirstPacket(packet).kind).toBe(kind)
  })

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(readFirstPacket(Buffer.from(bytes)).kind).toMatch(
          /^(incomplete|garbage|encryption|cancel|start-up)$/,
        )
      }),
    )
  })
})

it('a fatal error is one complete message', () => {
  const error = fatalError('28000', 'no', 'ask')
  expect(error.readInt32BE(1)).toBe(error.length - 1)
  expect(error.toString('utf8', 5)).toBe('SFATAL\0VFATAL\0C28000\0Mqueue-drill: no\0Hask\0\0')
})
