import type { SnapshotQueries } from '../domain/allocation/snapshot.ts'
import { waitersOf } from '../domain/allocation/waiter.ts'
import type { Cluster } from '../domain/model/cluster.ts'
import { formatKey } from '../domain/model/object-meta.ts'
import { waitReviewMs } from '../domain/timings.ts'
import type { ClusterRequests } from './cluster-requests.ts'
import type { Later, WaitingTurns } from './waiting-turns.ts'

/**
 * Clusters decided on at once, and milliseconds until the next ones: a review of ten thousand takes most of its time, and
 * holds nothing else up.
 */
const portion = { clusters: 250, pauseMs: 1_000 } as const

/** Runs woken in one review: where a pool is paused for which thousands wait, their own attempts find that in time. */
const mostWakes = 100

/** Wakes of a run in a row that change nothing. The next ones are up to its own attempts. */
const mostInVain = 3

/**
 * Reviews from time to time, by the watcher's caches, who waits for a pool and need not, or waits for another reason. So their
 * runs need not look often, and an event or a wake that was lost costs a minute.
 *
 * @param later runs it once, after so many milliseconds
 */
export function startWaitReview(
  queries: SnapshotQueries,
  requests: Pick<ClusterRequests, 'retry'>,
  turns: Pick<WaitingTurns, 'lookSoon'>,
  later: Later,
): void {
  /** Wakes in a row, by the uid of the Cluster. */
  let wakes: ReadonlyMap<string, number> = new Map()

  const wakeIfOver = (now: SnapshotQueries, cluster: Cluster, budget: { left: number }): number => {
    const before = wakes.get(cluster.uid) ?? 0
    const isOver = waitersOf(cluster).some(({ role }) => now.isWaitOver(cluster, role))
    if (!isOver) return 0
    if (budget.left <= 0 || before >= mostInVain) return before
    budget.left -= 1
    requests.retry(cluster, 'a review of all that wait found that it need not, or waits for something else')
    return before + 1
  }

  const review = (): void => {
    // Addresses go to those in front.
    turns.lookSoon()
    const keys = [...new Set(queries.waitingQueue().waiters.map(({ cluster }) => formatKey(cluster)))]
    const counted = new Map<string, number>()
    const budget = { left: mostWakes }
    const goOn = (from: number): void => {
      const now = queries.ofThisMoment()
      for (const key of keys.slice(from, from + portion.clusters)) {
        const cluster = now.snapshot().clusters.get(key)
        const count = cluster === undefined ? 0 : wakeIfOver(now, cluster, budget)
        if (cluster !== undefined && count > 0) counted.set(cluster.uid, count)
      }
      const next = from + portion.clusters
      if (next < keys.length) return later(() => goOn(next), portion.pauseMs)
      wakes = counted
      later(review, waitReviewMs)
    }
    goOn(0)
  }

  later(review, waitReviewMs)
}
