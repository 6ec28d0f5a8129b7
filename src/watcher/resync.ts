import { recordedVip } from '../domain/allocation/ip-families.ts'
import { poolsIn, type SnapshotQueries } from '../domain/allocation/snapshot.ts'
import { roleOfClaim } from '../domain/model/claim.ts'
import type { Cluster } from '../domain/model/cluster.ts'
import { poolKindsOf } from '../domain/model/pool-kinds.ts'
import { roles } from '../domain/role.ts'
import type { WatchedKind } from '../kubernetes/informer/informer.ts'
import type { ClusterRequests } from './cluster-requests.ts'
import { releaseOfOrphan } from './release-triggers.ts'
import type { WaitingTurns } from './waiting-turns.ts'

/** Enqueues everything that needs a run: a lost event or a lost run costs one list interval at most. */
export interface Resync {
  /** A kind has been listed, or found to be unreadable. The first list of the last kind finds what was lost while no watcher ran. */
  listed(kind: WatchedKind): void
  isListed(kind: WatchedKind): boolean
  /** Every kind has been listed. */
  isComplete(): boolean
  /** For runs that may have been lost. */
  enqueueAll(): void
}

/** @param now milliseconds since the epoch */
export function createResync(
  queries: SnapshotQueries,
  requests: ClusterRequests,
  turns: Pick<WaitingTurns, 'lookSoon'>,
  now: () => number,
): Resync {
  const kinds = new Set<WatchedKind>()
  const isComplete = (): boolean => kinds.size === 4 + poolKindsOf(queries.settings).length

  const enqueueClusters = (actionFor: (cluster: Cluster) => 'start' | 'signal-with-start'): void => {
    for (const cluster of queries.snapshot().clusters.values()) {
      if (queries.needsReconcile(cluster)) {
        requests.enqueue(cluster, { action: actionFor(cluster), reason: 'resync' })
      } else requests.requestConditionUpdate(cluster)
    }
  }

  const enqueueOrphans = (): void => {
    for (const claim of queries.snapshot().claims.values()) {
      const role = roleOfClaim(claim.name)
      if (role === undefined || !queries.isComplete(claim.namespace)) continue
      requests.enqueueRelease(
        releaseOfOrphan(
          { role, claim, ipAddress: queries.ipAddressHeldBy(claim) },
          queries.clusterOf(claim),
          () => queries.usableBy(claim.namespace, poolsIn(queries.snapshot())),
          now(),
        ),
      )
    }
  }

  return {
    listed(kind) {
      const wasComplete = isComplete()
      kinds.add(kind)
      if (!wasComplete && isComplete()) {
        // A run of a Cluster that has its VIP may be about to end, and would not check again.
        enqueueClusters((cluster) => (hasVip(cluster) ? 'signal-with-start' : 'start'))
        enqueueOrphans()
        // Their runs may look again in a minute only, and others would have to wait for them.
        turns.lookSoon()
      } else if (kind === 'clusters') enqueueClusters(() => 'start')
      else if (kind === 'ipaddressclaims' && isComplete()) enqueueOrphans()
    },
    isListed: (kind) => kinds.has(kind),
    isComplete,
    enqueueAll() {
      enqueueClusters(() => 'start')
      if (isComplete()) enqueueOrphans()
    },
  }
}

function hasVip(cluster: Cluster): boolean {
  return roles.some((role) => recordedVip(cluster, role) !== undefined)
}
