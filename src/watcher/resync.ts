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

  const enqueueClusters = (): void => {
    for (const cluster of queries.snapshot().clusters.values()) {
      if (queries.needsReconcile(cluster)) {
        // The run of a Cluster that has a VIP looks at it again only if it is woken: it is about to end, or waits for another.
        const action = hasVip(cluster) ? 'signal-with-start' : 'start'
        requests.enqueue(cluster, { action, reason: 'resync' })
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
        enqueueClusters()
        enqueueOrphans()
        // Their runs may look again in a minute only, and others would have to wait for them.
        turns.lookSoon()
      } else if (kind === 'clusters') enqueueClusters()
      else if (kind === 'ipaddressclaims' && isComplete()) enqueueOrphans()
    },
    isListed: (kind) => kinds.has(kind),
    isComplete,
    enqueueAll() {
      enqueueClusters()
      if (isComplete()) enqueueOrphans()
    },
  }
}

function hasVip(cluster: Cluster): boolean {
  return roles.some((role) => recordedVip(cluster, role) !== undefined)
}
