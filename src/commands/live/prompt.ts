/**
 * Where the facilitator types. On a terminal with a prompt; from a pipe one line after the other, so that a drill can be
 * scripted. When the input ends, the drill goes on by itself.
 */
import { createInterface } from 'node:readline'
import { DrillError } from '../../foundation/errors.ts'
import { print } from '../terminal.ts'

const PROMPT = 'drill> '

export interface Prompt {
  /** Prints something that nobody asked for, without spoiling what is being typed. */
  notice(text: string): void
  close(): void
}

/** `perform`: see `facilitate`; what it throws as an input error is told, and the prompt goes on. */
export function openPrompt(perform: (line: string) => Promise<string>): Prompt {
  const terminal = process.stdin.isTTY && process.stdout.isTTY
  const lines = createInterface({
    input: process.stdin,
    ...(terminal && { output: process.stdout }),
    terminal,
    prompt: PROMPT,
  })
  let closed = false
  let isOver = false
  const prompt = () => {
    if (terminal && !closed) lines.prompt(true)
  }
  const answer = async (line: string): Promise<void> => {
    if (isOver) return
    try {
      const text = await perform(line)
      if (text !== '') print(text)
    } catch (error) {
      if (!(error instanceof DrillError) || error.code !== 'input') throw error
      print(error.message)
    }
    prompt()
  }
  // One after the other: a line may wait for virtual time.
  let last = Promise.resolve()
  lines.on('line', (line) => {
    last = last.then(() => answer(line))
    // Our own mistakes end the process as they do everywhere.
    last.catch((error: unknown) => {
      setImmediate(() => {
        throw error
      })
    })
  })
  // The terminal is in raw mode: Ctrl-C comes here and has to reach the process.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  lines.on('close', () => {
    if (terminal && !closed)
      print('\nThe drill goes on to its end without a prompt; Ctrl-C stops it.')
    closed = true
  })
  prompt()
  return {
    notice: (text) => {
      if (terminal) process.stdout.write('\r\u001b[K')
      print(text)
      prompt()
    },
    close: () => {
      isOver = closed = true
      lines.close()
    },
  }
}
