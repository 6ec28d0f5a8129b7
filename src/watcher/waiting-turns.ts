import { createIdlePools, type IdlePools } from '../domain/allocation/idle-pools.ts'
import type { SnapshotQueries } from '../domain/allocation/snapshot.ts'
import { compareTurns, waitersOf } from '../domain/allocation/waiter.ts'
import { calledIn } from '../domain/allocation/waiting-queue.ts'
import type { Cluster } from '../domain/model/cluster.ts'
import { formatPool, type IPPool } from '../domain/model/pool.ts'
import type { ClusterRequests } from './cluster-requests.ts'

/** Wakes the Clusters whose turn has come since one before them has left the queue. A changed pool wakes its own. */
export interface WaitingTurns {
  /** @param cluster undefined: it is gone. Those behind it may be next. */
  observe(previous: Cluster, cluster: Cluster | undefined): void
  /** Looks soon, once for all that happens meanwhile: while thousands are served, nobody is to count them for each. */
  lookSoon(): void
}

/** Milliseconds until a look. */
const lookAfterMs = 1_000

/**
 * Milliseconds until a Cluster is woken again: its address may have been counted as another's a moment ago. After some times,
 * its own attempts have to do, which are close together after each wake.
 */
function pauseAfter(times: number): number {
  return 2_000 * 2 ** times
}
const mostWakes = 5

export interface WaitingTurnsOptions {
  /** Default: a timer that keeps no process alive. */
  readonly later?: Later
  /** The same that the Worker of this process asks, so that both offer an address to the same Clusters. */
  readonly idlePools?: IdlePools | undefined
}

/** Runs something once, after so many milliseconds. */
export type Later = (run: () => void, ms: number) => void

/** @param now milliseconds since the epoch */
export function createWaitingTurns(
  queries: SnapshotQueries,
  requests: Pick<ClusterRequests, 'retry'>,
  now: () => number,
  { later = unheld, idlePools = createIdlePools(now) }: WaitingTurnsOptions = {},
): WaitingTurns {
  /** How often a Cluster was woken since its turn has come, and when last, by uid. */
  let woken: ReadonlyMap<string, { readonly at: number; readonly times: number }> = new Map()
  let isPending = false

  const look = (): void => {
    isPending = false
    const at = now()
    const queue = { ...queries.waitingQueue(), offersOf: (pool: IPPool) => idlePools.offersOf(pool) }
    const called = new Map(calledIn(queue, queries.settings).map((each) => [each.waiter.cluster.uid, each]))
    woken = new Map(
      [...called].map(([uid, { waiter, pool }]) => {
        const before = woken.get(uid) ?? { at: 0, times: 0 }
        const isDue = before.times === 0 || at - before.at >= pauseAfter(before.times)
        if (!isDue || before.times >= mostWakes) return [uid, before]
        requests.retry(waiter.cluster, `its turn for an address of ${formatPool(pool)} has come`)
        return [uid, { at, times: before.times + 1 }]
      }),
    )
    if ([...woken.values()].some(({ times }) => times < mostWakes)) lookSoon()
  }

  function lookSoon(): void {
    if (isPending) return
    isPending = true
    later(look, lookAfterMs)
  }

  return {
    observe(previous, cluster) {
      const before = waitersOf(previous)
      if (before.length === 0) return
      const after = cluster === undefined ? [] : waitersOf(cluster)
      const isFurtherBack = before.some((waiter) => {
        const same = after.find(({ role }) => role === waiter.role)
        return same === undefined || compareTurns(waiter, same) < 0
      })
      if (isFurtherBack) lookSoon()
    },
    lookSoon,
  }
}

/** Keeps no process alive. */
export function unheld(run: () => void, ms: number): void {
  setTimeout(run, ms).unref()
}
