/**
 * Virtual `now()` for everybody but the world: the schema `drill_clock` stands before `pg_catalog` in the engine's
 * search path, so that statements written for production run unchanged and see the drill's time. One row holds the
 * moment; functions read it. What stands in the grammar of SQL (`current_timestamp`, `'now'::timestamp`) cannot be
 * replaced: `gateway/inspect.ts` finds it.
 *
 * Measured on PostgreSQL 15 and 18: 3 to 5 µs a call, since a function that reads a table is not inlined. It is STABLE, so
 * that an index condition asks once; a filter asks once a row (30,000 rows: 0.15 s), hence its declared cost of 300.
 * Sequence parameters as a store (inlined, 1 µs) were tried: the planner cannot estimate through them.
 */
import type { ClientBase } from 'pg'

/** Where the virtual functions live; before `pg_catalog` in the engine's search path. */
export const CLOCK_SCHEMA = 'drill_clock'

/**
 * The row that everybody reads. `anchor` is a real moment: in live mode virtual time runs on from there at `speed`, but
 * no more than `ahead` virtual seconds beyond `at`; in a drill the speed is 0 and the anchor does not matter.
 */
export const CLOCK_TABLES = `
  create table drill_clock.clock (
    only_row boolean primary key default true check (only_row),
    at timestamptz not null,
    anchor timestamptz not null,
    speed double precision not null,
    ahead double precision not null
  );
  insert into drill_clock.clock (at, anchor, speed, ahead)
    values (pg_catalog.now(), pg_catalog.now(), 1, 'infinity');
`

/**
 * The moment that `base` (a real moment) stands for. Seconds and no days are added, because a day of an interval is
 * not 24 hours long where the session's zone changes to summer time. Bound at creation: no search path can bend it.
 */
function virtualMoment(
  body: Body,
  name: string,
  base: string,
  volatility: 'stable' | 'volatile',
): string {
  return `
    create function drill_clock.${name}() returns timestamptz
      language sql ${volatility} parallel safe cost 300
    ${body(`
      select case when speed = 0 then at else at operator(pg_catalog.+) pg_catalog.make_interval(
        secs => least(pg_catalog.date_part('epoch', ${base} operator(pg_catalog.-) anchor) * speed, ahead)) end
      from drill_clock.clock;`)}`
}

/** How the server takes the statement of a function. */
type Body = (statement: string) => string

const atomic: Body = (statement) => `begin atomic ${statement} end;`

/** 13 binds names at the call only: there a search path of the function's own keeps them. */
const text: Body = (statement) =>
  `set search_path = pg_catalog, pg_temp as $body$ ${statement} $body$;`

/** Sleeping cannot move the world from inside a statement: it returns at once and leaves a record. */
function sleeping(name: string, argument: string, seconds: string): string {
  return `
    create function drill_clock.${name}(${argument}) returns void
      language plpgsql volatile strict security definer set search_path = pg_catalog, pg_temp
    as $sleep$
    begin
      if current_setting('transaction_read_only') = 'off' then
        insert into drill_audit.slept (seconds) values (${seconds});
      end if;
    end
    $sleep$;`
}

/** All functions of the schema, for a server of this major version. Comes after the tables of clock and audit. */
export function clockFunctions(major: number): string {
  const body = major < 14 ? text : atomic
  return [
    virtualMoment(body, 'now', 'pg_catalog.now()', 'stable'),
    virtualMoment(body, 'transaction_timestamp', 'pg_catalog.transaction_timestamp()', 'stable'),
    virtualMoment(body, 'statement_timestamp', 'pg_catalog.statement_timestamp()', 'stable'),
    virtualMoment(body, 'clock_timestamp', 'pg_catalog.clock_timestamp()', 'volatile'),
    `create function drill_clock.timeofday() returns text
     language sql volatile parallel safe
   ${body(`select pg_catalog.to_char(drill_clock.clock_timestamp(), 'Dy Mon DD HH24:MI:SS.US YYYY TZ');`)}
   create function drill_clock.age(timestamp) returns interval
     language sql stable strict parallel safe cost 300
   ${body('select pg_catalog.age(drill_clock.now()::date::timestamp, $1);')}
   create function drill_clock.age(timestamptz) returns interval
     language sql stable strict parallel safe cost 300
   ${body('select pg_catalog.age(drill_clock.now()::date::timestamptz, $1);')}`,
    sleeping('pg_sleep', 'double precision', '$1'),
    sleeping('pg_sleep_for', 'interval', "date_part('epoch', $1)"),
    sleeping(
      'pg_sleep_until',
      'timestamptz',
      "greatest(0, date_part('epoch', $1 - drill_clock.clock_timestamp()))",
    ),
  ].join('\n')
}

/**
 * Sets the virtual time, in the caller's transaction: others see it at its commit. The clock stands still until the
 * next call (a drill). `at` in virtual ms.
 */
export async function setClock(client: ClientBase, at: number): Promise<void> {
  await client.query({
    text: `update drill_clock.clock
              set at = timestamptz 'epoch' + make_interval(secs => $1::double precision / 1000),
                  anchor = pg_catalog.clock_timestamp(), speed = 0`,
    values: [at],
  })
}

/** A clock that runs (live mode). */
export interface RunningClock {
  /** Virtual ms, now. */
  readonly at: number
  /** Virtual seconds in a real one; 0 = it stands. */
  readonly speed: number
  /** It stops so many virtual ms after `at`, until it is set again. */
  readonly aheadMs: number
}

/** Like `setClock`, but time runs on by itself. Where it has come beyond `at` already it goes on from there. */
export async function runClock(
  client: ClientBase,
  { at, speed, aheadMs }: RunningClock,
): Promise<void> {
  await client.query({
    text: `with moment as (select pg_catalog.clock_timestamp() as real)
           update drill_clock.clock
              set at = greatest(
                    timestamptz 'epoch' + make_interval(secs => $1::double precision / 1000),
                    case when speed = 0 then at else at + make_interval(
                      secs => least(extract(epoch from real - anchor)::float8 * speed, ahead)) end),
                  anchor = real,
                  speed = $2::double precision,
                  ahead = $3::double precision / 1000
             from moment`,
    values: [at, speed, aheadMs],
  })
}
