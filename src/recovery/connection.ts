/**
 * The database connection of an engine: through the gateway, `timestamp` columns arrive as UTC dates and dates are
 * written as UTC, whatever the machine's time zone; node-postgres would shift both.
 */
import { Client, defaults, types } from 'pg'
import { parsePgTimestamp } from '../foundation/time.ts'

const TIMESTAMP_OID = 1114
const TIMESTAMP_ARRAY_OID = 1115
const TEXT_ARRAY_OID = 1009

type Parse = (text: string) => unknown
/** node-postgres types this by an enumeration of the oids that it knows. */
const parserOf = types.getTypeParser as (oid: number, format?: string) => Parse

/** `applicationName`: what the audit knows the session by; default none. */
export async function connectEngine(uri: string, applicationName?: string): Promise<Client> {
  // For the whole process; the harness's own connections write dates as text and do not care.
  defaults.parseInputDatesAsUTC = true
  const client = new Client({
    connectionString: uri,
    ...(applicationName !== undefined && { application_name: applicationName }),
    types: { getTypeParser },
  })
  // A session that was ended between two checks is told by the next query.
  client.on('error', () => undefined)
  await client.connect()
  return client
}

const getTypeParser = (oid: number, format?: string): Parse => {
  if (oid === TIMESTAMP_OID) return toDate
  if (oid === TIMESTAMP_ARRAY_OID) return toDates
  return parserOf(oid, format)
}

function toDate(text: string): Date {
  return new Date(parsePgTimestamp(text))
}

function toDates(text: string): readonly (Date | null)[] {
  const texts = parserOf(TEXT_ARRAY_OID)(text) as readonly (string | null)[]
  return texts.map((each) => (each === null ? null : toDate(each)))
}
