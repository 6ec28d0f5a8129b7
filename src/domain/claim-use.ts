import { ownershipOf, type IPAddressClaim } from './claim.ts'
import type { Cluster } from './cluster.ts'
import { formatKey } from './object-meta.ts'

/** Whether an allocation can use the claim that has the Cluster's name. */
export type ClaimUseDecision =
  /** It is the Cluster's own, or nobody's and to be adopted. */
  | { readonly decision: 'use'; readonly owner: 'this-cluster' | 'nobody' }
  /** Its time is over; `formerUid`: of the former Cluster whose it was, and from which it may have to be taken. */
  | {
      readonly decision: 'wait'
      readonly reason: 'WaitingForAddress'
      readonly message: string
      readonly formerUid?: string
    }
  | { readonly decision: 'refuse'; readonly reason: 'ClaimConflict'; readonly message: string }

/** Decides by owner references whether a claim under the Cluster's name is one to use. */
export function decideClaimUse(claim: IPAddressClaim, cluster: Cluster): ClaimUseDecision {
  const name = `IPAddressClaim ${formatKey(claim)}`
  const reason = 'WaitingForAddress'
  if (claim.isDeleting) {
    return {
      decision: 'wait',
      reason,
      message: `${name} is being deleted; a new one follows when it is gone`,
    }
  }
  const ownership = ownershipOf(claim, cluster)
  switch (ownership.owner) {
    case 'this-cluster':
    case 'nobody':
      return { decision: 'use', owner: ownership.owner }
    case 'former-cluster': {
      const { uid } = ownership
      const message = `${name} belongs to the former Cluster ${formatKey(cluster)} (uid ${uid}); a new one follows when it is gone`
      return { decision: 'wait', reason, message, formerUid: uid }
    }
    case 'other': {
      const message = `${name} belongs to ${ownership.description} and is left alone; delete or rename it so that Cluster ${formatKey(cluster)} can have a claim of this name`
      return { decision: 'refuse', reason: 'ClaimConflict', message }
    }
    default:
      return ownership satisfies never
  }
}
