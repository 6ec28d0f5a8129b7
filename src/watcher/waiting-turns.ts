import type { SnapshotQueries } from '../domain/allocation/snapshot.ts'
import { compareTurns, waitersOf } from '../domain/allocation/waiter.ts'
import { calledIn } from '../domain/allocation/waiting-queue.ts'
import type { Cluster } from '../domain/model/cluster.ts'
import { formatPool } from '../domain/model/pool.ts'
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
 * its own looks, one a minute, have to do.
 */
function pauseAfter(times: number): number {
  return 2_000 * 2 ** times
}
const mostWakes = 5

/** @param now milliseconds since the epoch. @param later runs it once, after so many milliseconds */
export function createWaitingTurns(
  queries: SnapshotQueries,
  requests: Pick<ClusterRequests, 'retry'>,
  now: () => number,
  later: (run: () => void, ms: number) => void = unheld,
): WaitingTurns {
  /** How often a Cluster was woken since its turn has come, and when last, by uid. */
  let woken: ReadonlyMap<string, { readonly at: number; readonly times: number }> = new Map()
  let isPending = false

  const look = (): void => {
    isPending = false
    const at = now()
    const called = new Map(
      calledIn(queries.waitingQueue(), queries.settings).map((each) => [each.waiter.cluster.uid, each]),
    )
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
function unheld(run: () => void, ms: number): void {
  setTimeout(run, ms).unref()
}
