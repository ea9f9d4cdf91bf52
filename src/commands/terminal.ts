/** How commands print: data on stdout, nothing else there; colour and width as the terminal allows. */
import { stripVTControlCharacters } from 'node:util'

/** One line, or several, on stdout. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** One JSON document on stdout. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2))
}

/** Rows as aligned columns, two spaces apart, no trailing blanks. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [index, cell] of row.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, stripVTControlCharacters(cell).length)
    }
  }
  const line = (row: readonly string[]) =>
    row
      .map((cell, index) => cell.padEnd(widths[index]!))
      .join('  ')
      .trimEnd()
  return rows.map(line).join('\n')
}

/** `--color`/`--no-color` first, then NO_COLOR, FORCE_COLOR, then whether stdout is a terminal. */
export function wantsColor(flag: boolean | undefined): boolean {
  if (flag !== undefined) return flag
  const { NO_COLOR, FORCE_COLOR } = process.env
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0'
  return process.stdout.isTTY
}

/** Columns of the terminal, 100 where there is none. */
export function terminalWidth(): number {
  return process.stdout.isTTY ? process.stdout.columns : 100
}
