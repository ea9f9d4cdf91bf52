/** A control host in front of an incident that only counts: for tests of what never, or only, comes through. */
import type { ControlHost } from '../../src/control/control-plane.ts'
import { Script, START } from '../recovery/queue-database.ts'

export interface ScriptedPlane {
  readonly host: ControlHost
  readonly script: Script
}

/** `onCall`: an operation, a note or an act of the incident is called, by its name. */
export function scriptedPlane(onCall: (name: string) => void = () => undefined): ScriptedPlane {
  const script = new Script()
  // No operation of a script asks a database.
  const incident = script.incident(null as never)
  const watched = watch(incident as unknown as Record<string, unknown>, '', onCall)
  return {
    script,
    host: {
      now: START,
      turn: async () => watched as never,
      sleep: async ({ ms }) => START + ms,
      begin: () => undefined,
      end: () => undefined,
    },
  }
}

/** The same, but each function at any depth tells its name first. */
function watch(
  target: Readonly<Record<string, unknown>>,
  path: string,
  onCall: (name: string) => void,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(target).map(([key, value]) => {
      const name = path === '' ? key : `${path}.${key}`
      if (typeof value === 'function') {
        return [
          key,
          (...parameters: unknown[]) => {
            onCall(name)
            return (value as (...all: unknown[]) => unknown).apply(target, parameters)
          },
        ]
      }
      const isPart = ['operations', 'workers', 'queue', 'target', 'automations', 'notes']
      return [
        key,
        isPart.includes(key) ? watch(value as Record<string, unknown>, name, onCall) : value,
      ]
    }),
  )
}
