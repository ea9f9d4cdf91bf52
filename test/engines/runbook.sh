#!/bin/sh
# Queue backlog recovery, as it stands in our wiki (runbook of 2026-03-20). On call? Start it and leave it running: it
# watches, says what it sees, works through the five steps, and ends with 0 when the exit criteria hold, with 1 when
# people have to go on. It needs psql, odoocli, and ODOO_DB_URI.
#
# The aim is not an empty queue fast. It is a queue cleared without doing anything twice.
set -eu

EVERY=300                                  # seconds from check to check
LASTS=3                                    # checks in a row that make a signal, and an exit
NORMAL=100                                 # jobs that wait on an ordinary day, at most
GIVE_UP=24                                 # checks after which people take over: two hours
SAFE='root.stock_sync root.webhook_sync'   # channels on our list for bulk retry; payments never are
CRITICAL="'root.payment', 'root.invoice_mail', 'root.stock_sync', 'root.webhook_sync'"
UTC="now() at time zone 'utc'"             # what the dates of queue_job are in

sql() { psql -X -A -t -q -F ' ' -v ON_ERROR_STOP=1 "$ODOO_DB_URI" -c "$1"; }
say() { echo "$(date +%H:%M) $*"; }

# pending: all that wait; due: those whose eta has come; busy: slots that are taken; again: failed once more, long after
# they were created; late: critical jobs that wait for more than 15 minutes, or failed in the last 15.
look() {
  last_pending=${pending-0} last_due=${due-0} last_busy=${busy-0}
  figures=$(sql "
    select count(*) filter (where state = 'pending'),
           count(*) filter (where due),
           count(*) filter (where state in ('enqueued', 'started')),
           count(*) filter (where state = 'failed' and date_started > utc - interval '10 minutes'
                              and date_created < date_started - interval '10 minutes'),
           count(*) filter (where channel in ($CRITICAL)
                              and (due and coalesce(eta, date_created) < utc - interval '15 minutes'
                                   or state = 'failed' and date_started > utc - interval '15 minutes'))
      from queue_job, lateral (select $UTC as utc) as clock,
           lateral (select state = 'pending' and (eta is null or eta <= utc) as due) as derived
     where state in ('pending', 'enqueued', 'started', 'failed')")
  # shellcheck disable=SC2086
  set -- $figures
  pending=$1 due=$2 busy=$3 again=$4 late=$5
  say "pending $pending, due $due, busy $busy, failed again $again, critical late $late"
}

# One of the signals shows: the queue grows while the workers do no more than before (idle processors come with it), the
# same jobs go round, business lags.
trouble() {
  { [ "$due" -gt "$NORMAL" ] && [ "$due" -ge "$last_due" ] && [ "$busy" -le $((last_busy + 1)) ]; } ||
    [ "$again" -ge 10 ] || [ "$late" -ge 20 ]
}

watch() {
  seen=0
  while [ "$seen" -lt "$LASTS" ]; do
    look
    if trouble; then seen=$((seen + 1)); else seen=0; fi
    if [ "$seen" -lt "$LASTS" ]; then sleep "$EVERY"; fi
  done
}

# Channels with failures and postponements in the last 20 minutes, the most first.
blame() {
  failing=$(sql "select channel from queue_job
                  where (state = 'failed' and date_started > $UTC - interval '20 minutes')
                     or (state = 'pending' and retry > 0 and eta > $UTC - interval '10 minutes')
                  group by channel having count(*) >= 10 order by count(*) desc, channel" | tr '\n' ' ')
  say "failing: ${failing:-nothing}"
}

retry_safe_subsets() {
  for channel in $SAFE; do
    # What is broken would only fail again.
    case " $failing" in *" $channel "*) continue ;; esac
    odoocli queue retry --channel "$channel" --older-than 20m --limit 200 || say "$channel: nothing came back"
  done
}

say 'watching'
watch

say 'STEP 1 baseline'
odoocli queue shape --baseline
sql "select state, count(*) from queue_job group by state order by count(*) desc"
sql "select channel, count(*) from queue_job where state = 'pending' group by channel order by count(*) desc limit 10"

say 'STEP 2 blockers'
sql "select id, channel, state, eta, date_created, left(exc_info, 140) from queue_job
      where state in ('pending', 'failed') order by date_created limit 30"
blame
broken=${failing%% *}

say "STEP 3 isolate ${broken:-nothing}, then retry safe subsets"
held_until=0
if [ -n "$broken" ]; then
  sql "update queue_job set eta = now() + interval '30 minutes' where state='pending' and channel='$broken'"
  held_until=$(($(date +%s) + 1800))
fi
retry_safe_subsets

say 'STEP 4 throughput'
if odoocli doctor --env production; then
  odoocli workers scale queue --count +2
  before_pending=$pending before_busy=$busy
  sleep 600
  look
  if [ "$busy" -gt "$before_busy" ] && [ "$pending" -lt "$before_pending" ]; then
    say 'it helps: the two stay'
  else
    say 'it does not help: back to the exceptions'
    odoocli workers scale queue --count -2
  fi
fi

say 'STEP 5 until the exit criteria hold'
good=0 checks=0
while [ "$good" -lt "$LASTS" ]; do
  checks=$((checks + 1))
  if [ "$checks" -gt "$GIVE_UP" ]; then
    say "they do not hold after $GIVE_UP checks: over to people"
    exit 1
  fi
  sleep "$EVERY"
  look
  blame
  retry_safe_subsets
  if { [ "$pending" -lt "$last_pending" ] || [ "$pending" -le "$NORMAL" ]; } &&
    [ -z "$failing" ] && [ "$late" -lt 5 ] && [ "$(date +%s)" -ge "$held_until" ]; then
    good=$((good + 1))
  else
    good=0
  fi
done
say 'the exit criteria hold'
