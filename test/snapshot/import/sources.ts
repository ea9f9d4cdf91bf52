/** Small dumps, CSV and COPY files, written as the usual programs write them. */
import { encodeRow } from '../../../src/snapshot/copy-text.ts'

export const HEADER = 'id,uuid,model_name,method_name,state,channel,retry,date_created,args'
export const COLUMNS = HEADER.split(',')

/** A row of these columns; `change` names other values. */
export function row(
  id: number,
  change: Readonly<Record<string, string | null>> = {},
): (string | null)[] {
  const values: Readonly<Record<string, string | null>> = {
    id: String(id),
    uuid: `uuid-${id}`,
    model_name: 'sale.order',
    method_name: 'push',
    state: 'pending',
    channel: 'root.web.shop',
    retry: '0',
    date_created: '2026-11-17 10:00:00.123456',
    args: '[]',
    ...change,
  }
  return COLUMNS.map((column) => values[column]!)
}

/** As Excel, pandas and psql write it: quotes only where they are needed. */
export function csvOf(
  rows: readonly (readonly (string | null)[])[],
  delimiter = ',',
  end = '\n',
  columns: readonly string[] = COLUMNS,
): string {
  const field = (value: string | null) =>
    value === null
      ? ''
      : value === '' || /["\r\n]/.test(value) || value.includes(delimiter)
        ? `"${value.replaceAll('"', '""')}"`
        : value
  return [columns, ...rows].map((fields) => fields.map(field).join(delimiter) + end).join('')
}

export const copyOf = (rows: readonly (readonly (string | null)[])[]) =>
  rows.map(encodeRow).join('')

/** The rows begin in line 8. */
export function dumpOf(rows: readonly (readonly (string | null)[])[], more = ''): string {
  return (
    `--\n-- PostgreSQL database dump\n--\n\nSET client_encoding = 'UTF8';\n\n` +
    `COPY public.queue_job (${COLUMNS.join(', ')}) FROM stdin;\n${copyOf(rows)}\\.\n\n${more}` +
    `--\n-- PostgreSQL database dump complete\n--\n`
  )
}
