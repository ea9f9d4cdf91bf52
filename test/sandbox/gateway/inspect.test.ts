import { describe, expect, it } from 'vitest'
import { inspectText } from '../../../src/sandbox/gateway/inspect.ts'

const codes = (text: string) => inspectText(text).map(({ code }) => code)

describe('the real clock is found', () => {
  it.each([
    ['select current_timestamp', 'current_timestamp'],
    ['select CURRENT_TIMESTAMP(3)', 'current_timestamp'],
    ['select now()::date = Current_Date', 'current_date'],
    ['select localtimestamp - date_created from queue_job', 'localtimestamp'],
    ['select localtime', 'localtime'],
    ['select current_time', 'current_time'],
    [`select 'now'::timestamp`, `'now'`],
    [`select ' NOW '::timestamptz`, `'now'`],
    [`select timestamp 'today'`, `'today'`],
    [`select timestamp with time zone 'now'`, `'now'`],
    [`select date 'yesterday'`, `'yesterday'`],
    [`select cast('tomorrow' as date)`, `'tomorrow'`],
    [`select e'now'::timestamp`, `'now'`],
    [`update queue_job set eta = 'now'`, `'now'`],
    [`select 1 from queue_job where date_created < 'today'`, `'today'`],
    ['select pg_catalog.now()', 'pg_catalog.now()'],
    ['select pg_catalog . clock_timestamp ( )', 'pg_catalog.clock_timestamp()'],
    ['select pg_catalog.pg_sleep(1)', 'pg_catalog.pg_sleep()'],
    ['do $$ begin update queue_job set eta = current_timestamp; end $$', 'current_timestamp'],
    [
      `create function f() returns date language sql as $body$ select $x$a$x$::text::date, current_date $body$`,
      'current_date',
    ],
    [`select 'it''s' || current_date`, 'current_date'],
    [`select $1, current_date`, 'current_date'],
    ['select /* a /* nested */ one */ current_date', 'current_date'],
    ['select 1 -- a comment\n, current_date', 'current_date'],
    [`select e'\\'', current_date`, 'current_date'],
  ])('%s', (text, detail) => {
    expect(inspectText(text)).toEqual([{ code: 'real-clock-used', detail }])
  })
})

describe('the search path is found left', () => {
  it.each([
    ['set search_path to public', 'search_path = public'],
    ['SET SEARCH_PATH = "$user", public', 'search_path = $user, public'],
    ['set local search_path = pg_catalog, drill_clock', 'search_path = pg_catalog, drill_clock'],
    [`set session search_path to 'public'`, 'search_path = public'],
    [`select set_config('search_path', '', false)`, 'search_path = '],
    [`select pg_catalog.set_config('search_path', 'public', true)`, 'search_path = public'],
    [`set schema 'public'`, 'set schema public'],
    [`alter role current_user set search_path = public`, 'search_path = public'],
    [
      `create function f() returns int language sql set search_path = public as 'select 1'`,
      'search_path = public',
    ],
    [`set search_path = drill_clock, public`, 'search_path = drill_clock, public'],
  ])('%s', (text, detail) => {
    expect(inspectText(text)).toEqual([{ code: 'search-path-left', detail }])
  })
})

describe('nothing is found', () => {
  it.each([
    [`update queue_job set eta = now() + interval '30 minutes' where state = 'pending'`],
    [`select 'current_timestamp'`],
    ['select "current_date" from mine'],
    ['select m.current_date, 1 as current_time from mine m'],
    ['-- current_timestamp\nselect 1'],
    ['/* current_timestamp /* current_date */ current_time */ select 1'],
    [`select $tag$it is current$tag$`],
    [`update queue_job set result = 'now' where name = 'today'`],
    [`select 'now'::text, cast('now' as varchar)`],
    [`select now(), drill_clock.now(), mine.now()`],
    ['select date_trunc($1, now())'],
    ['set search_path = mine, drill_clock, pg_catalog, public'],
    ['set search_path to default; reset search_path; show search_path'],
    [`set time zone 'utc'; set timezone = 'Europe/Berlin'`],
    [`select current_setting('search_path')`],
    [`select 'unfinished current_date`],
    ['select /* unfinished current_date'],
    [''],
  ])('%s', (text) => {
    expect(codes(text)).toEqual([])
  })
})

it('tells each finding of a text once', () => {
  const text = `set search_path = public; select current_date, current_date, localtime`
  expect(inspectText(text)).toEqual([
    { code: 'real-clock-used', detail: 'current_date' },
    { code: 'real-clock-used', detail: 'localtime' },
    { code: 'search-path-left', detail: 'search_path = public' },
  ])
})
