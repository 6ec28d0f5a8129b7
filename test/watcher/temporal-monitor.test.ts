import { describe, expect, it } from '@jest/globals'
import { monitorTemporal } from '../../src/watcher/temporal-monitor.ts'
import { noOutage, silentLog } from '../support/silent-log.ts'

/** How often the runs counted as lost, when Temporal answers like this, one after the other. */
async function losses(...answers: readonly (string | Error)[]): Promise<number> {
  const over = new AbortController()
  const left = [...answers]
  let lost = 0
  await monitorTemporal({
    starter: {
      namespaceId: async () => {
        const answer = left.shift() ?? ''
        if (left.length === 0) over.abort()
        if (answer instanceof Error) throw answer
        return answer
      },
    },
    onRunsMayBeLost: () => (lost += 1),
    log: silentLog,
    outage: noOutage,
    signal: over.signal,
    intervalMs: 0,
  })
  return lost
}

const away = new Error('unavailable')

describe('runs count as lost', () => {
  it.each<[string, readonly (string | Error)[], number]>([
    ['never while Temporal stays the same', ['a', 'a', 'a'], 0],
    ['once when the namespace has another id', ['a', 'b', 'b'], 1],
    ['once when Temporal is back', ['a', away, away, 'a', 'a'], 1],
    ['once when Temporal was away at the start', [away, 'a', 'a'], 1],
  ])('%s', async (_, answers, expected) => {
    expect(await losses(...answers)).toBe(expected)
  })
})
