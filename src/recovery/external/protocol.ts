/**
 * What the harness and the process of an external engine say to each other over the IPC channel. Structured clone, so
 * dates and undefined survive. Every message of the engine's process is checked before it is believed: a module can
 * write to the channel, too.
 */
import { type CallName, isCallName } from '../../control/calls.ts'
import type { SafetyCatalogue } from '../contract.ts'

export type ToEngine =
  | {
      readonly type: 'start'
      /** `file:` URL of the module. */
      readonly module: string
      readonly databaseUri: string
      /** Process id of the harness: the engine's process does not outlive it. */
      readonly harness: number
      readonly memoryMaxMb: number
    }
  | {
      readonly type: 'check'
      readonly check: number
      /** Virtual ms. */
      readonly now: number
      readonly catalogue: SafetyCatalogue
    }
  | { readonly type: 'answer'; readonly call: number; readonly value: unknown }
  | { readonly type: 'refusal'; readonly call: number; readonly message: string }

export type FromEngine =
  | { readonly type: 'ready'; readonly name: string }
  /** The module is no engine: an input error. */
  | { readonly type: 'unfit'; readonly message: string }
  /** Loading the module threw: the engine's own failure. */
  | { readonly type: 'broken'; readonly message: string }
  | {
      readonly type: 'call'
      readonly call: number
      readonly check: number
      readonly name: CallName
      readonly request: unknown
    }
  | { readonly type: 'settled'; readonly check: number }
  | { readonly type: 'threw'; readonly check: number; readonly message: string }

/** Null for anything that is not a message of this protocol. */
export function readMessage(message: unknown): FromEngine | null {
  if (typeof message !== 'object' || message === null) return null
  const { type, name, call, check, request, message: text } = message as Record<string, unknown>
  switch (type) {
    case 'ready':
      return typeof name === 'string' ? { type, name } : null
    case 'unfit':
    case 'broken':
      return typeof text === 'string' ? { type, message: text } : null
    case 'settled':
      return typeof check === 'number' ? { type, check } : null
    case 'threw':
      return typeof check === 'number' && typeof text === 'string'
        ? { type, check, message: text }
        : null
    case 'call':
      return typeof call === 'number' && typeof check === 'number' && isCallName(name)
        ? { type, call, check, name, request }
        : null
    default:
      return null
  }
}
