import { ownershipOf, type IPAddressClaim } from '../model/claim.ts'
import type { Cluster } from '../model/cluster.ts'
import { formatKey } from '../model/object-meta.ts'

/** Why an allocation for a Cluster cannot use the claim under its name. */
export type ClaimObstacle =
  /** `formerUid`: of the Cluster of this name that the claim was made for, where that is why. */
  | { readonly reason: 'WaitingForAddress'; readonly message: string; readonly formerUid?: string }
  | { readonly reason: 'ClaimConflict'; readonly message: string }

/** Decides whether a claim can be used: the Cluster's own can, and nobody's, which is adopted. */
export function obstacleOf(claim: IPAddressClaim, cluster: Cluster): ClaimObstacle | undefined {
  const name = `IPAddressClaim ${formatKey(claim)}`
  if (claim.isDeleting) {
    const message = `${name} is being deleted; a new one follows when it is gone`
    return { reason: 'WaitingForAddress', message }
  }
  const ownership = ownershipOf(claim, cluster)
  switch (ownership.owner) {
    case 'this-cluster':
    case 'nobody':
      return undefined
    case 'former-cluster': {
      const message = `${name} belongs to the former Cluster ${formatKey(cluster)} (uid ${ownership.uid}); a new one follows when it is gone`
      return { reason: 'WaitingForAddress', message, formerUid: ownership.uid }
    }
    case 'other': {
      const message = `${name} belongs to ${ownership.description} and is left alone; delete or rename it so that Cluster ${formatKey(cluster)} can have a claim of this name`
      return { reason: 'ClaimConflict', message }
    }
    default:
      return ownership satisfies never
  }
}
