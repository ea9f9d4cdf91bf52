import { expect, test } from 'vitest'
import { importsOf } from './imports.ts'

test('values, types, lists over several lines, re-exports and late imports are all seen', () => {
  const text = `/** import { no } from './comment.ts' */
import assert from 'node:assert'
import type { A } from '../foundation/a.ts'
import {
  b,
  type B,
} from './b.ts'
import './side-effect.ts'
export { c } from './deep/c.ts'
export type { D } from './d.ts'
export * from './e.ts'
// import { no } from './line.ts'
type F = typeof import('./f.ts')
const g = await import('./g.ts')
export const text = 'from nowhere'
`
  expect(importsOf('src/x/y.ts', text)).toEqual([
    { target: 'node:assert', typeOnly: false },
    { target: 'src/foundation/a.ts', typeOnly: true },
    { target: 'src/x/b.ts', typeOnly: false },
    { target: 'src/x/side-effect.ts', typeOnly: false },
    { target: 'src/x/deep/c.ts', typeOnly: false },
    { target: 'src/x/d.ts', typeOnly: true },
    { target: 'src/x/e.ts', typeOnly: false },
    { target: 'src/x/f.ts', typeOnly: true },
    { target: 'src/x/g.ts', typeOnly: false },
  ])
})
