import { describe, expect, it } from '@jest/globals'
import { monitorTemporal } from '../../../src/watcher/temporal-monitor.ts'
import { noOutage, silentLog } from '../../support/silent-log.ts'

interface Observed {
  /** How often the runs counted as lost. */
  readonly lost: number
  /** The result of each poll. */
  readonly reachable: readonly boolean[]
  /** The Clusters reported at each poll. The visibility store never answers here. */
  readonly elsewhere: readonly (readonly object[])[]
}

/** @param answers of Temporal, one after the other */
async function monitored(...answers: readonly (string | Error)[]): Promise<Observed> {
  const over = new AbortController()
  const left = [...answers]
  const reachable: boolean[] = []
  const elsewhere: (readonly object[])[] = []
  let lost = 0
  await monitorTemporal({
    client: {
      namespaceId: async () => {
        const answer = left.shift() ?? ''
        if (left.length === 0) over.abort()
        if (answer instanceof Error) throw answer
        return answer
      },
      runsElsewhere: async () => {
        throw new Error('no visibility store')
      },
      installation: async () => ({ taskQueue: 'ours' }),
      pollers: async () => [],
    },
    onRunsElsewhere: (clusters) => elsewhere.push(clusters),
    onRunsMayBeLost: () => (lost += 1),
    onPolled: (answered) => reachable.push(answered),
    log: silentLog,
    outage: noOutage,
    signal: over.signal,
    intervalMs: 0,
  })
  return { lost, reachable, elsewhere }
}

const away = new Error('unavailable')

describe('runs count as lost', () => {
  it.each<[string, readonly (string | Error)[], number]>([
    ['never while Temporal stays the same', ['a', 'a', 'a'], 0],
    ['once when the namespace has another id', ['a', 'b', 'b'], 1],
    ['once when Temporal is back', ['a', away, away, 'a', 'a'], 1],
    ['once when Temporal was away at the start', [away, 'a', 'a'], 1],
  ])('%s', async (_, answers, expected) => {
    expect((await monitored(...answers)).lost).toBe(expected)
  })
})

describe('every poll', () => {
  it('reports whether Temporal answered it', async () => {
    expect((await monitored('a', away, away, 'a')).reachable).toEqual([true, false, false, true])
  })

  it('succeeds if the visibility store does not answer', async () => {
    const { reachable, elsewhere } = await monitored('a', away, 'a')
    expect(reachable).toEqual([true, false, true])
    expect(elsewhere).toEqual([[], []])
  })
})
