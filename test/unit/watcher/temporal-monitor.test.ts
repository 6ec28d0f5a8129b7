import { describe, expect, it } from '@jest/globals'
import { monitorTemporal } from '../../../src/watcher/temporal-monitor.ts'
import { noOutage, silentLog } from '../../support/silent-log.ts'

interface Told {
  /** How often the runs counted as lost. */
  readonly lost: number
  /** What was told of each question. */
  readonly reachable: readonly boolean[]
  /** What was told of runs on other task queues, of which the visibility store says nothing here. */
  readonly elsewhere: readonly (readonly object[])[]
}

/** What is told when Temporal answers like this, one after the other. */
async function monitored(...answers: readonly (string | Error)[]): Promise<Told> {
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

describe('every request', () => {
  it('reports whether Temporal answered it', async () => {
    expect((await monitored('a', away, away, 'a')).reachable).toEqual([true, false, false, true])
  })

  it('goes on if the visibility store does not answer', async () => {
    const { reachable, elsewhere } = await monitored('a', away, 'a')
    expect(reachable).toEqual([true, false, true])
    expect(elsewhere).toEqual([[], []])
  })
})
