/** Reads the few statements of a dump that matter: `COPY … FROM stdin`, the columns of a CREATE TABLE. Never runs one. */
import { columnType } from './column-types.ts'

export interface TableReference {
  /** null = the statement names none. */
  readonly schema: string | null
  readonly table: string
}

export interface CopyStatement extends TableReference {
  /** null = all, in the order of the table. */
  readonly columns: readonly string[] | null
}

/** null for any other statement. Every line that begins data is recognised, whosever table it is. */
export function parseCopy(line: string): CopyStatement | null {
  const [, target] = /^copy\s+(.+?)\s+from\s+stdin\b[^']*;\s*$/i.exec(line) ?? []
  if (target === undefined) return null
  const [reference, rest] = readReference(target)
  if (reference === null) return null
  const list = /^\s*\((.*)\)$/.exec(rest)
  return { ...reference, columns: list === null ? null : readNames(list[1]!) }
}

/** `CREATE TABLE public.queue_job (`: which table the lines that follow describe. */
export function parseCreateTable(line: string): TableReference | null {
  const [, target] =
    /^create (?:unlogged |foreign |global |local |temporary )*table (?:if not exists )?(.+?) \(\s*$/i.exec(
      line,
    ) ?? []
  return target === undefined ? null : readReference(target)[0]
}

/** `INSERT INTO public.queue_job VALUES (…` */
export function parseInsert(line: string): TableReference | null {
  const [, target] = /^insert into (.+)$/i.exec(line) ?? []
  return target === undefined ? null : readReference(target)[0]
}

/** A line of CREATE TABLE → name and type; null for constraints. */
export function parseColumn(line: string): readonly [name: string, type: string] | null {
  const text = line.trim().replace(/,$/, '')
  if (/^(constraint|check|primary|unique|foreign|exclude|like)\b/i.test(text)) return null
  const [name, rest] = readName(text)
  return name === null ? null : [name, columnType(rest.trim())]
}

function readReference(text: string): [TableReference | null, string] {
  const [first, rest] = readName(text)
  if (first === null) return [null, text]
  if (!rest.startsWith('.')) return [{ schema: null, table: first }, rest]
  const [second, behind] = readName(rest.slice(1))
  return second === null ? [null, text] : [{ schema: first, table: second }, behind]
}

function readNames(list: string): string[] | null {
  const names: string[] = []
  let rest = list.trim()
  while (rest !== '') {
    const [name, behind] = readName(rest)
    if (name === null) return null
    names.push(name)
    rest = behind.trim().replace(/^,\s*/, '')
  }
  return names
}

/** An identifier at the beginning of the text, and what follows it; quoted ones keep their letters. */
function readName(text: string): [string | null, string] {
  const quoted = /^"((?:[^"]|"")+)"/.exec(text)
  if (quoted !== null) return [quoted[1]!.replaceAll('""', '"'), text.slice(quoted[0].length)]
  const bare = /^[\p{L}_][\p{L}\d_$]*/u.exec(text)
  return bare === null ? [null, text] : [bare[0].toLowerCase(), text.slice(bare[0].length)]
}
