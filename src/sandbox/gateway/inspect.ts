/**
 * What the text of a statement tells about an engine that leaves the virtual clock: names of the real one that no
 * search path can replace, and statements that take the virtual one out of the path. Pure functions over texts; what
 * stands in comments and strings does not count, except where PostgreSQL itself reads a string as a time (`'now'`).
 */

/** `code` is one of the journal's finding codes; `detail` quotes the words that were found, in lower case. */
export interface TextFinding {
  readonly code: 'real-clock-used' | 'search-path-left'
  readonly detail: string
}

interface Token {
  readonly kind: 'word' | 'string' | 'quoted' | 'other'
  /** Words in lower case; strings and quoted names without their quotes. */
  readonly text: string
}

/** Part of the grammar: they mean the real clock wherever they stand. */
const CLOCK_WORDS = new Set([
  'current_timestamp',
  'current_date',
  'current_time',
  'localtimestamp',
  'localtime',
])

/** Functions that the virtual schema replaces: qualified with `pg_catalog` they are the real ones. */
const CLOCK_FUNCTIONS = new Set([
  'now',
  'clock_timestamp',
  'statement_timestamp',
  'transaction_timestamp',
  'timeofday',
  'age',
  'pg_sleep',
  'pg_sleep_for',
  'pg_sleep_until',
])

const CLOCK_STRINGS = new Set(['now', 'today', 'tomorrow', 'yesterday'])
const TIME_TYPES = new Set(['timestamp', 'timestamptz', 'date', 'time', 'timetz'])
const COMPARISONS = new Set(['=', '<', '>', '<=', '>=', '<>', '!='])

/** All findings of one text, each once, in the order of the text. */
export function inspectText(text: string): TextFinding[] {
  const findings = new Map<string, TextFinding>()
  for (const tokens of tokenLists(text)) {
    for (const finding of [...clockFindings(tokens), ...pathFindings(tokens)]) {
      findings.set(`${finding.code} ${finding.detail}`, finding)
    }
  }
  return [...findings.values()]
}

function clockFindings(tokens: readonly Token[]): TextFinding[] {
  return tokens.flatMap((token, index) => {
    const detail =
      clockWord(tokens, index) ??
      (token.kind === 'string' && isClockString(tokens, index) ? `'${token.text.trim()}'` : null)
    return detail === null ? [] : [{ code: 'real-clock-used', detail: detail.toLowerCase() }]
  })
}

function clockWord(tokens: readonly Token[], index: number): string | null {
  const token = tokens[index]!
  if (token.kind !== 'word') return null
  const before = tokens[index - 1]?.text
  if (CLOCK_WORDS.has(token.text)) return before === '.' || before === 'as' ? null : token.text
  const real = before === '.' && tokens[index - 2]?.text === 'pg_catalog'
  const called = tokens[index + 1]?.text === '('
  return real && called && CLOCK_FUNCTIONS.has(token.text) ? `pg_catalog.${token.text}()` : null
}

/** A string that PostgreSQL turns into the real time: by a cast, a type before it, or a time column beside it. */
function isClockString(tokens: readonly Token[], index: number): boolean {
  if (!CLOCK_STRINGS.has(tokens[index]!.text.trim().toLowerCase())) return false
  const [before, beforeThat] = [tokens[index - 1]?.text ?? '', tokens[index - 2]?.text ?? '']
  const [next, nextButOne] = [tokens[index + 1]?.text ?? '', tokens[index + 2]?.text ?? '']
  if (next === '::' || (next === 'as' && before === '(' && beforeThat === 'cast')) {
    return TIME_TYPES.has(nextButOne)
  }
  if (TIME_TYPES.has(before)) return true
  if (before === 'zone') return true
  return COMPARISONS.has(before) && (beforeThat === 'eta' || beforeThat.startsWith('date_'))
}

function pathFindings(tokens: readonly Token[]): TextFinding[] {
  return tokens.flatMap((token, index): TextFinding[] => {
    const next = tokens[index + 1]?.text
    if (token.kind === 'word' && token.text === 'search_path' && isAssignment(next)) {
      const path = pathAfter(tokens, index + 2)
      return keepsClock(path) ? [] : [left(`search_path = ${path.join(', ')}`)]
    }
    if (token.text === 'set_config' && next === '(' && tokens[index + 2]?.text === 'search_path') {
      const path = (tokens[index + 4]?.text ?? '').split(',').map((name) => unquoted(name.trim()))
      return keepsClock(path) ? [] : [left(`search_path = ${path.join(', ')}`)]
    }
    if (token.text === 'schema' && tokens[index + 1]?.kind === 'string' && isSet(tokens, index)) {
      return [left(`set schema ${tokens[index + 1]!.text}`)]
    }
    return []
  })
}

function left(detail: string): TextFinding {
  return { code: 'search-path-left', detail: detail.toLowerCase() }
}

function isAssignment(text: string | undefined): boolean {
  return text === '=' || text === 'to'
}

function isSet(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1]?.text
  if (before === 'set') return true
  return (before === 'local' || before === 'session') && tokens[index - 2]?.text === 'set'
}

/** The schemas of a list, up to the first token that does not continue it. */
function pathAfter(tokens: readonly Token[], start: number): string[] {
  const path: string[] = []
  for (let index = start; index < tokens.length; index += 2) {
    const token = tokens[index]!
    if (token.kind === 'other') break
    path.push(token.text)
    if (tokens[index + 1]?.text !== ',') break
  }
  return path
}

/** `default` goes back to the start-up's path; else the virtual schema must stand before the real one. */
function keepsClock(path: readonly string[]): boolean {
  if (path.length === 1 && path[0] === 'default') return true
  const [clock, real] = [path.indexOf('drill_clock'), path.indexOf('pg_catalog')]
  return clock !== -1 && real !== -1 && clock < real
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1) : name.toLowerCase()
}

/** The tokens of a text; the body of a function or DO block is a list of its own. */
function tokenLists(text: string): Token[][] {
  const lists: Token[][] = []
  const pending = [text]
  while (pending.length > 0) lists.push(tokenize(pending.pop()!, pending))
  return lists
}

/** One lexical element: comment, strings (plain, escaped, dollar), quoted name, word, number, operator. */
const ELEMENT =
  /--[^\n]*|\/\*|\b[eE]'(?:[^'\\]|\\.|'')*(?:'|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|\d[\w.]*|::|[<>!]=|<>|\S/gu

function tokenize(text: string, bodies: string[]): Token[] {
  const tokens: Token[] = []
  const element = new RegExp(ELEMENT)
  for (let match = element.exec(text); match !== null; match = element.exec(text)) {
    const [found] = match
    if (found.startsWith('--')) continue
    if (found === '/*') {
      element.lastIndex = commentEnd(text, element.lastIndex)
    } else if (/^\$.*\$$/u.test(found)) {
      const end = text.indexOf(found, element.lastIndex)
      bodies.push(text.slice(element.lastIndex, end === -1 ? text.length : end))
      element.lastIndex = end === -1 ? text.length : end + found.length
      tokens.push({ kind: 'string', text: '' })
    } else {
      tokens.push(tokenOf(found))
    }
  }
  return tokens
}

function tokenOf(found: string): Token {
  if (/^(?:[eE])?'/.test(found)) {
    const content = found.slice(found.indexOf("'") + 1).replace(/'$/, '')
    return { kind: 'string', text: content.replaceAll("''", "'") }
  }
  if (found.startsWith('"')) return { kind: 'quoted', text: found.slice(1).replace(/"$/, '') }
  if (/^[A-Za-z_\u0080-\uffff]/u.test(found)) return { kind: 'word', text: found.toLowerCase() }
  return { kind: 'other', text: found }
}

/** Comments of PostgreSQL nest. */
function commentEnd(text: string, start: number): number {
  const mark = /\/\*|\*\//g
  mark.lastIndex = start
  let depth = 1
  for (let match = mark.exec(text); match !== null; match = mark.exec(text)) {
    depth += match[0] === '/*' ? 1 : -1
    if (depth === 0) return mark.lastIndex
  }
  return text.length
}
