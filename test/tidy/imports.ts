/** Reads the imports of a TypeScript file from its text: TypeScript 7 has no compiler interface for tools yet. */
import { dirname, join } from 'node:path'

export interface Import {
  /** Path from the root for a file of ours, else the name of the package. */
  readonly target: string
  /** Gone at run time. */
  readonly typeOnly: boolean
}

const STATIC = /^\s*(?:import|export)\s+(type\s+)?(?:[\w\s{},*$]+?\sfrom\s+)?'([^']+)'/gm
const DYNAMIC = /(typeof\s+)?\bimport\('([^']+)'\)/g

/** `path` is relative to the root, as the targets will be. */
export function importsOf(path: string, text: string): readonly Import[] {
  const code = text.replaceAll(/\/\*[^]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '')
  return [...code.matchAll(STATIC), ...code.matchAll(DYNAMIC)].map(([, type, specifier]) => ({
    target: specifier!.startsWith('.') ? join(dirname(path), specifier!) : specifier!,
    typeOnly: type !== undefined,
  }))
}
