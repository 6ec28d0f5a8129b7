import { roleOfClaim, type IPAddressClaim } from '../domain/model/claim.ts'
import type { Cluster } from '../domain/model/cluster.ts'
import { formatKey, type NamespacedName } from '../domain/model/object-meta.ts'
import type { VipRole } from '../domain/role.ts'
import type { Snapshot, SnapshotQueries } from '../domain/allocation/snapshot.ts'
import type { WorkQueue } from './work-queue.ts'
import { reactToClaimGone, reactToDeletion, reactToOrphan, type ReleaseReaction } from './release-triggers.ts'

/** The watcher's part that has the release of what former Clusters held confirmed. */
export interface Releases {
  /** A Cluster is gone; its claims are still known, if they are there. */
  readonly clusterGone: (cluster: Cluster) => void
  readonly claimGone: (claim: IPAddressClaim) => void
  /** For when all is known: Clusters may have been deleted that nobody heard of, and left claims behind. */
  readonly findOrphans: () => void
}

export interface ReleasesOptions {
  readonly known: () => Pick<Snapshot, 'claims' | 'ipAddresses'>
  readonly view: SnapshotQueries
  readonly vips: readonly VipRole[]
  readonly dispatcher: Pick<WorkQueue, 'dispatch'>
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

export function createReleases({ known, view, vips, dispatcher, now }: ReleasesOptions): Releases {
  /** It is carried out whatever comes after: a Cluster that is gone does not come back. */
  const confirm = ({ namespace, name }: NamespacedName, reaction: ReleaseReaction | undefined): void => {
    if (reaction !== undefined) dispatcher.dispatch({ namespace, name }, reaction, () => true)
  }
  const confirmFor = (found: ReturnType<typeof reactToOrphan>): void => {
    if (found !== undefined) confirm(found.owner, found.reaction)
  }
  return {
    clusterGone(cluster) {
      const holdings = vips.map((vip) => ({ role: vip.role, ...view.bindingOf(cluster, vip) }))
      confirm(cluster, reactToDeletion(cluster, holdings))
    },
    claimGone(claim) {
      confirmFor(reactToClaimGone(claim, view.clusterOf(claim)))
    },
    findOrphans() {
      const { claims, ipAddresses } = known()
      for (const claim of claims.values()) {
        const role = roleOfClaim(claim.name)
        if (role === undefined) continue
        const { namespace, addressName: name = '' } = claim
        const ipAddress = ipAddresses.get(formatKey({ namespace, name }))
        confirmFor(reactToOrphan({ role, claim, ipAddress }, view.clusterOf(claim), now()))
      }
    },
  }
}
