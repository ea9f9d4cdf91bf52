/**
 * Shell patterns for arguments that were quoted or come from a shell that expands none: `*`, `?`, `**`, `[a-z]` and
 * `{a,b}`. Node 20 has no `fs.glob` yet.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

export function isGlob(text: string): boolean {
  return /[*?[{]/.test(text)
}

/** Files that match, sorted; directories that begin with a dot and `node_modules` are left out. */
export async function glob(pattern: string): Promise<readonly string[]> {
  const parts = pattern.split('/')
  const firstWild = parts.findIndex(isGlob)
  const base = parts.slice(0, firstWild).join('/') || (pattern.startsWith('/') ? '/' : '')
  const matcher = patternOf(parts.slice(firstWild).join('/'))
  const deep = pattern.includes('**') ? Infinity : parts.length - firstWild
  const found: string[] = []
  await walk(base, '', deep, (path) => {
    if (matcher.test(path)) found.push(join(base, path))
  })
  return found.sort()
}

async function walk(
  base: string,
  below: string,
  depth: number,
  visit: (path: string) => void,
): Promise<void> {
  if (depth === 0) return
  let entries
  try {
    entries = await readdir(join(base === '' ? '.' : base, below), { withFileTypes: true })
  } catch (error) {
    // A pattern below a directory that is not there matches nothing, as in a shell.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  for (const entry of entries) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    if (!entry.isDirectory()) visit(path)
    else if (!entry.name.startsWith('.') && entry.name !== 'node_modules') {
      await walk(base, path, depth - 1, visit)
    }
  }
}

function patternOf(text: string): RegExp {
  const source = text.replaceAll(
    /\*\*\/?|\*|\?|\[[^\]]+\]|\{[^}]*\}|[\\^$.|+(){}[\]]/g,
    (token) => {
      if (token === '**/') return '(?:.*/)?'
      if (token === '**') return '.*'
      if (token === '*') return '[^/]*'
      if (token === '?') return '[^/]'
      if (token.length > 1 && token.startsWith('[')) return token.replace(/^\[!/, '[^')
      if (token.length > 1 && token.startsWith('{')) {
        const alternatives = token.slice(1, -1).split(',')
        return `(?:${alternatives.map((each) => patternOf(each).source.slice(1, -1)).join('|')})`
      }
      return `\\${token}`
    },
  )
  return new RegExp(`^${source}$`)
}
