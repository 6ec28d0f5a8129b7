import { describe, expect, it } from '@jest/globals'
import type { Cluster } from '../../../src/domain/model/cluster.ts'
import type { IPPool } from '../../../src/domain/model/pool.ts'
import { letLieAfterMs } from '../../../src/domain/timings.ts'
import { createWaitingTurns } from '../../../src/watcher/waiting-turns.ts'
import { aCluster, aPool, aVipCondition, type ClusterOptions } from '../../support/builders.ts'
import { queriesOf } from '../../support/snapshot.ts'

function waiting(name: string, second: number, options: ClusterOptions = {}): Cluster {
  const since = `2026-03-01T00:00:0${second}Z`
  return aCluster({
    name,
    conditions: [aVipCondition({ status: 'False', reason: 'PoolExhausted', since })],
    ...options,
  })
}

function withFree(free: number): IPPool {
  return aPool({ capacity: { total: 9, used: 9 - free, free, outOfRange: 0 } })
}

const [first, second, third] = [waiting('first', 1), waiting('second', 2), waiting('third', 3)]

/** @param clusters that wait, behind the one that leaves */
function line(clusters: readonly Cluster[], free: number) {
  const woken: string[] = []
  const looks: (() => void)[] = []
  let now = 0
  const turns = createWaitingTurns(
    queriesOf({ clusters, pools: [withFree(free)] }),
    { retry: ({ name }) => void woken.push(name) },
    () => now,
    { later: (run) => looks.push(run) },
  )
  return {
    turns,
    woken,
    looksDue: () => looks.length,
    look: () => looks.splice(0).forEach((run) => run()),
    pass: (ms: number) => (now += ms),
  }
}

describe('those who wait', () => {
  it.each([
    ['is gone', undefined],
    ['has its VIP', aCluster({ name: 'first', conditions: [aVipCondition()] })],
    ['is paused', waiting('first', 1, { paused: true })],
    [
      'is put behind them',
      waiting('first', 1, { annotations: { 'vip.capi.gorizond.io/queue-priority': '-1' } }),
    ],
  ])('are woken, as many as there are addresses, when one in front of them %s', (_, cluster) => {
    const { turns, woken, look } = line([third, second], 1)
    turns.observe(first, cluster)
    look()
    expect(woken).toEqual(['second'])
  })

  it.each([
    ['has changed in something else', waiting('first', 1, { labels: { team: 'blue' } })],
    [
      'is put before them',
      waiting('first', 1, { annotations: { 'vip.capi.gorizond.io/queue-priority': '1' } }),
    ],
  ])('are not looked at when one in front of them %s', (_, cluster) => {
    const { turns, looksDue } = line([second], 1)
    turns.observe(first, cluster)
    expect(looksDue()).toBe(0)
  })

  it('are not looked at when a Cluster goes that has not waited', () => {
    const { turns, looksDue } = line([second], 1)
    turns.observe(aCluster(), undefined)
    expect(looksDue()).toBe(0)
  })

  it('are not woken while every pool is full', () => {
    const { turns, woken, look } = line([second, third], 0)
    turns.observe(first, undefined)
    look()
    expect(woken).toEqual([])
  })

  it('are looked at once, however many have left the queue', () => {
    const { turns, looksDue } = line([third], 1)
    turns.observe(first, undefined)
    turns.observe(second, undefined)
    expect(looksDue()).toBe(1)
  })

  it('are woken again after ever longer pauses, and then left to their own attempts', () => {
    const { turns, woken, look, looksDue, pass } = line([second], 1)
    turns.lookSoon()
    const times: number[] = []
    for (let seconds = 0; looksDue() > 0; seconds += 1) {
      const before = woken.length
      look()
      if (woken.length > before) times.push(seconds)
      pass(1_000)
    }
    expect(times).toEqual([0, 4, 12, 28, 60])
  })

  it('are woken behind one that lets an address lie', () => {
    const { turns, woken, look, pass } = line([first, second, third], 1)
    turns.lookSoon()
    look()
    expect(new Set(woken)).toEqual(new Set(['first']))
    pass(letLieAfterMs)
    turns.lookSoon()
    look()
    expect(new Set(woken)).toEqual(new Set(['first', 'second']))
  })
})
