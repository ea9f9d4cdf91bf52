/** Calls with what the contract does not allow, and tells what it was answered. */
export const createEngine = () => ({
  name: 'clumsy',
  async check({ operations, notes, open }) {
    const calls = [
      () => open('business-lag'),
      () => open(['smoke']),
      () => operations.workers.scale('two'),
      () => operations.queue.retry({ channel: 'root' }),
      () => operations.target.lookup('7'),
      () => notes.decision('what'),
      () => notes.baseline({ byState: { done: 'many' }, pendingByChannel: {} }),
      () => notes.trackedFix({ subject: {}, owner: 'me', reason: 'r', isolatedBy: 'i' }),
      () => notes.decision(() => 'a function'),
    ]
    for (const call of calls) {
      try {
        await call()
        console.log('accepted')
      } catch (error) {
        console.log(error.message)
      }
    }
  },
})
