import { describe, expect, it } from 'vitest'
import { parseChannelText, startsRunner } from '../../../src/queue-job/channels/config.ts'
import type { ChannelTextError } from '../../../src/queue-job/channels/errors.ts'

/** `name capacity sequential throttle` of each entry. */
function read(text: string): string[] {
  return parseChannelText(text).map(({ name, capacity, sequential, throttleSeconds }) =>
    [name, capacity, sequential, throttleSeconds].join(' '),
  )
}

describe('the channel text', () => {
  it.each([
    ['root:8,root.payment:1', ['root 8 false 0', 'root.payment 1 false 0']],
    [' root : 8 ,\n,\n mail.bulk\n', ['root 8 false 0', 'mail.bulk 1 false 0']],
    ['\r\nroot:2\r\nA:3\r\n', ['root 2 false 0', 'A 3 false 0']],
    [
      'A:-1,B:0,C:+2,D:007,E:1_000',
      ['A -1 false 0', 'B 0 false 0', 'C 2 false 0', 'D 7 false 0', 'E 1000 false 0'],
    ],
    ['A:1:sequential', ['A 1 true 0']],
    ['A:1:sequential=False', ['A 1 true 0']],
    ['A:1:sequential=', ['A 1 false 0']],
    ['A:4:throttle=2:note=hello:other', ['A 4 false 2']],
    ['A:4:throttle', ['A 4 false 1']],
    ['A:4: throttle = 30 ', ['A 4 false 30']],
    ['A:1,A:3', ['A 1 false 0', 'A 3 false 0']],
    ['', []],
    [' , \n ,', []],
  ])('%j is read', (text, entries) => {
    expect(read(text)).toEqual(entries)
  })

  it.each([
    ['root:4,:2', 'channel text, entry ":2": the name is missing; write NAME:CAPACITY'],
    ['A:1.5', 'entry "A:1.5": the capacity "1.5" is not a whole number'],
    ['A:', 'the capacity "" is not a whole number'],
    ['S:sequential', 'the capacity "sequential" is not a whole number; write S:1, options follow'],
    ['S:2:sequential', 'a sequential channel has capacity 1; write S:1:sequential'],
    ['A:1:k=v=w', '"k=v=w" has two equal signs'],
    ['A:1:throttle=1:throttle=2', '"throttle" is given twice'],
    ['A:1:capacity=2', '"capacity" is given twice'],
    ['A:1:name', '"name" is given twice'],
    ['A:1:throttle=0.5', 'the throttle "0.5" is not a whole number of seconds'],
    ['A:1:throttle=', 'the throttle "" is not a whole number of seconds'],
  ])('%j is an input error that Python calls ValueError', (text, message) => {
    expect(() => parseChannelText(text)).toThrow(message)
    expect(() => parseChannelText(text)).toThrow(
      expect.objectContaining({ code: 'input', pythonClass: 'ValueError' }) as ChannelTextError,
    )
  })

  it('that begins with root:0 starts no runner', () => {
    expect(
      ['root:0', '\n root:0,A:1', 'root:01', 'root:1', 'A:1,root:0', ''].map(startsRunner),
    ).toEqual([false, false, false, true, true, true])
  })
})
