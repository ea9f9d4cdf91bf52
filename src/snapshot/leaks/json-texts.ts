/**
 * The texts inside a JSON document: every key, string and number, decoded, also where a string is a document again
 * (18.0 encodes twice). What stands there as `bob@…` is found like any other.
 */

/** Documents inside strings inside documents: deeper than this they are read as they stand. */
export const NESTING_MAX = 8

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g

/** The texts of a JSON array, object or string; null if `text` is none of these: it is to be read as it stands. */
export function jsonTexts(text: string, depth = 0): string[] | null {
  if (depth >= NESTING_MAX || !isDocument(text)) return null
  const texts: string[] = []
  for (const [token] of text.matchAll(TOKEN)) {
    if (!token.startsWith('"')) {
      texts.push(token)
      continue
    }
    const value = token.includes('\\') ? (JSON.parse(token) as string) : token.slice(1, -1)
    const inner = jsonTexts(value, depth + 1)
    if (inner === null) texts.push(value)
    else for (const each of inner) texts.push(each)
  }
  return texts
}

function isDocument(text: string): boolean {
  if (!mayBeDocument(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Begins and ends like an array, an object or a string. */
export function mayBeDocument(text: string): boolean {
  const first = text.charCodeAt(0)
  const last = text.charCodeAt(text.length - 1)
  if (first === 0x22) return text.length > 1 && last === 0x22
  return (first === 0x7b && last === 0x7d) || (first === 0x5b && last === 0x5d)
}
