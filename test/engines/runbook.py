#!/usr/bin/env python3
"""Queue backlog recovery (runbook of 2026-03-20) as the service of a team in Python.

It watches, works through the five steps, and ends with 0 when the exit criteria hold, with 1 when people have to go on.
It needs psycopg, odoocli, and ODOO_DB_URI. The aim is not an empty queue fast, but one cleared without doing anything
twice.
"""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import psycopg

EVERY = 300  # seconds from check to check
LASTS = 3  # checks in a row that make a signal, and an exit
NORMAL = 100  # jobs that wait on an ordinary day, at most
GIVE_UP = 24  # checks after which people take over: two hours
SAFE = ['root.stock_sync', 'root.webhook_sync']  # our list for bulk retry; payments never are on it
CRITICAL = ['root.payment', 'root.invoice_mail', 'root.stock_sync', 'root.webhook_sync']

BY_STATE = 'select state, count(*) from queue_job group by state order by count(*) desc'
BY_CHANNEL = """
    select channel, count(*) from queue_job where state = 'pending'
     group by channel order by count(*) desc limit 10"""
OLDEST = """
    select id, channel, state, eta, date_created, left(exc_info, 140) from queue_job
     where state in ('pending', 'failed') order by date_created limit 30"""
POSTPONE = """
    update queue_job set eta = now() + interval '30 minutes'
     where state='pending' and channel = %s"""

LOOK = """
    select count(*) filter (where state = 'pending'),
           count(*) filter (where due),
           count(*) filter (where state in ('enqueued', 'started')),
           count(*) filter (where state = 'failed' and date_started > %(now)s - interval '10 minutes'
                              and date_created < date_started - interval '10 minutes'),
           count(*) filter (where channel = any (%(critical)s)
                              and (due and coalesce(eta, date_created) < %(now)s - interval '15 minutes'
                                   or state = 'failed' and date_started > %(now)s - interval '15 minutes'))
      from queue_job, lateral (select state = 'pending' and (eta is null or eta <= %(now)s) as due) as derived
     where state in ('pending', 'enqueued', 'started', 'failed')"""
FAILING = """
    select channel from queue_job
     where (state = 'failed' and date_started > %(now)s - interval '20 minutes')
        or (state = 'pending' and retry > 0 and eta > %(now)s - interval '10 minutes')
     group by channel having count(*) >= 10 order by count(*) desc, channel"""


@dataclass
class Look:
    pending: int  # all that wait
    due: int  # those whose eta has come
    busy: int  # slots that are taken
    again: int  # failed once more, long after they were created
    late: int  # critical jobs that wait for more than 15 minutes, or failed in the last 15


def say(*words):
    print(f'{datetime.now(timezone.utc):%H:%M}', *words)


def utc():
    """As the dates of queue_job are: UTC, without a zone."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


def odoocli(*words):
    return subprocess.run(['odoocli', *words]).returncode == 0


class Runbook:
    def __init__(self, database):
        self.database = database
        self.last = self.now = Look(0, 0, 0, 0, 0)

    def show(self, statement):
        for row in self.database.execute(statement):
            print(*row)

    def look(self):
        figures = self.database.execute(LOOK, {'now': utc(), 'critical': CRITICAL}).fetchone()
        self.last, self.now = self.now, Look(*figures)
        say(self.now)

    def failing(self):
        """Channels with failures and postponements in the last 20 minutes, the most first."""
        channels = [channel for (channel,) in self.database.execute(FAILING, {'now': utc()})]
        say('failing:', *channels)
        return channels

    def trouble(self):
        """A signal shows: the queue grows while the workers do no more, the same jobs go round, business lags."""
        now, last = self.now, self.last
        grows = now.due > NORMAL and now.due >= last.due and now.busy <= last.busy + 1
        return grows or now.again >= 10 or now.late >= 20

    def watch(self):
        seen = 0
        while True:
            self.look()
            seen = seen + 1 if self.trouble() else 0
            if seen == LASTS:
                return
            time.sleep(EVERY)

    def isolate(self, failing):
        """The end of the quarantine."""
        if not failing:
            return utc()
        self.database.execute(POSTPONE, [failing[0]])
        return utc() + timedelta(minutes=30)

    def retry_safe_subsets(self, failing):
        for channel in SAFE:
            # What is broken would only fail again.
            if channel not in failing:
                odoocli('queue', 'retry', '--channel', channel, '--older-than', '20m', '--limit', '200')

    def throughput(self):
        if not odoocli('doctor', '--env', 'production'):
            return
        odoocli('workers', 'scale', 'queue', '--count', '+2')
        before = self.now
        time.sleep(2 * EVERY)
        self.look()
        if self.now.busy <= before.busy or self.now.pending >= before.pending:
            say('it does not help: back to the exceptions')
            odoocli('workers', 'scale', 'queue', '--count', '-2')

    def recovered(self, held_until):
        good = 0
        for _ in range(GIVE_UP):
            time.sleep(EVERY)
            self.look()
            failing = self.failing()
            self.retry_safe_subsets(failing)
            falls = self.now.pending < self.last.pending or self.now.pending <= NORMAL
            holds = falls and not failing and self.now.late < 5 and utc() >= held_until
            good = good + 1 if holds else 0
            if good == LASTS:
                return True
        return False

    def run(self):
        say('watching')
        self.watch()
        say('STEP 1 baseline')
        odoocli('queue', 'shape', '--baseline')
        self.show(BY_STATE)
        self.show(BY_CHANNEL)
        say('STEP 2 blockers')
        self.show(OLDEST)
        failing = self.failing()
        say('STEP 3 isolate, then retry safe subsets')
        held_until = self.isolate(failing)
        self.retry_safe_subsets(failing)
        say('STEP 4 throughput')
        self.throughput()
        say('STEP 5 until the exit criteria hold')
        return self.recovered(held_until)


with psycopg.connect(os.environ['ODOO_DB_URI'], autocommit=True) as connection:
    recovered = Runbook(connection).run()
say('the exit criteria hold' if recovered else 'they do not hold: over to people')
sys.exit(0 if recovered else 1)
