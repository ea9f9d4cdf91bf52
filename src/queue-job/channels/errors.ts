/**
 * What goes wrong inside the channel manager, with the Python exception that the addon would show: the conformance
 * files name that class. A `ChannelTextError` is a mistake of the user (the runner cannot start); a `RunnerError` is
 * part of the simulated behaviour (the runner's loop is left, pauses 5 s and loads everything again).
 */
import { DrillError } from '../../foundation/errors.ts'

/** The channel text cannot be read. Exit status 2. */
export class ChannelTextError extends DrillError {
  readonly pythonClass = 'ValueError'

  constructor(message: string) {
    super('input', message)
    this.name = 'ChannelTextError'
  }
}

/** An exception that leaves the runner's loop (failure modes F15 and F18). Nothing after it is defined but a reload. */
export class RunnerError extends Error {
  readonly pythonClass: 'AssertionError' | 'TypeError'

  constructor(pythonClass: 'AssertionError' | 'TypeError', message: string) {
    super(message)
    this.name = 'RunnerError'
    this.pythonClass = pythonClass
  }
}
