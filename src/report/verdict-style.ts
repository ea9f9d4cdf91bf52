/** The colour of each verdict on a terminal. */
import type { styleText } from 'node:util'
import type { Verdict } from '../scoring/score.ts'

export type Style = Parameters<typeof styleText>[0]

export const VERDICT_STYLE: Readonly<Record<Verdict, Style>> = {
  pass: ['bold', 'green'],
  fail: ['bold', 'red'],
  unsafe: ['bold', 'white', 'bgRed'],
  inconclusive: ['bold', 'yellow'],
  error: ['bold', 'magenta'],
}
