/** Uses everything of the contract once, and prints what it got. */
export default {
  name: 'operator',
  async check({ now, database, operations, catalogue, notes, open, close, handOver }) {
    const { rows } = await database.query(
      'select now() as now, min(date_created) as oldest, $1::timestamp as given from queue_job',
      [now],
    )
    await open(['business-lag'])
    await notes.baseline({ byState: { pending: 1 }, pendingByChannel: { root: 1 } })
    await notes.decision('looked', 'to see')
    await notes.trackedFix({ subject: { jobs: [1] }, owner: 'me', reason: 'r', isolatedBy: 'i' })
    await operations.automations.pause('again')
    await operations.workers.scale(2)
    console.log(
      JSON.stringify({
        now,
        ...rows[0],
        functions: Object.keys(catalogue).length,
        doctor: (await operations.doctor()).healthy,
        probe: await operations.target.probe('shop'),
        lookup: await operations.target.lookup(1),
        workers: (await operations.workers.show()).httpWorkers,
        retry: await operations.queue.retry({ channel: 'root', olderThanMs: 0, limit: 1 }),
        automations: await operations.automations.list(),
      }),
    )
    await operations.automations.resume('again')
    await close('closed')
    await handOver('handed over')
  },
}
