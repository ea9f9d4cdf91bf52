/**
 * Depth over time for a terminal: one column a grid point, this engine's due backlog as blocks, that of the run in
 * which nobody acts as dots above them.
 */

const BLOCKS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const

export interface DepthChartOptions {
  /** Lines of the chart without its axis; default 7. */
  readonly height?: number
  /** Columns for the chart without its labels. */
  readonly width: number
  /** Minutes between two points. */
  readonly minutesPerPoint: number
}

/** Lines without colour; the label at the left is the number of jobs at the top of its line. */
export function renderDepthChart(
  engine: readonly number[],
  nobody: readonly number[],
  { height = 7, width, minutesPerPoint }: DepthChartOptions,
): string[] {
  const points = Math.max(engine.length, nobody.length)
  const perColumn = Math.max(1, Math.ceil(points / width))
  const own = resample(engine, perColumn)
  const other = resample(nobody, perColumn)
  const top = Math.max(1, ...own, ...other)
  const labelWidth = String(top).length
  const lines: string[] = []
  for (let line = height; line >= 1; line--) {
    const cells = Array.from({ length: Math.ceil(points / perColumn) }, (_, column) =>
      cell(((own[column] ?? 0) / top) * height, ((other[column] ?? 0) / top) * height, line),
    )
    const label = line === height ? top : line === 1 ? 0 : ''
    lines.push(`${String(label).padStart(labelWidth)} ┤${cells.join('').trimEnd()}`)
  }
  lines.push(axis(labelWidth, Math.ceil(points / perColumn), perColumn * minutesPerPoint))
  return lines
}

/** `line` counts from 1 at the bottom; values are in lines. */
function cell(own: number, other: number, line: number): string {
  const eighths = Math.round((own - (line - 1)) * 8)
  if (eighths >= 8) return BLOCKS[8]
  if (eighths > 0) return BLOCKS[eighths]!
  return other > line - 1 && other - (line - 1) >= 0.125 ? '·' : ' '
}

/** The largest of each group: peaks must not vanish. */
function resample(values: readonly number[], perColumn: number): number[] {
  const columns: number[] = []
  for (let from = 0; from < values.length; from += perColumn) {
    columns.push(Math.max(...values.slice(from, from + perColumn)))
  }
  return columns
}

function axis(labelWidth: number, columns: number, minutesPerColumn: number): string {
  const everyColumns = Math.max(6, Math.round(30 / minutesPerColumn))
  let text = ''
  for (let column = 0; column < columns; column += everyColumns) {
    const minutes = column * minutesPerColumn
    const label =
      minutes % 60 === 0 ? `${minutes / 60}h` : `${Math.floor(minutes / 60)}h${minutes % 60}`
    text = text.padEnd(column) + label
  }
  return `${' '.repeat(labelWidth)}  ${text}`
}
