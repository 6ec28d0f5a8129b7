import { ownershipOf, type IPAddressClaim } from './claim.ts'
import type { Cluster } from './cluster.ts'
import { formatKey } from './object-meta.ts'
import { formatEndpoint, isValidEndpoint } from './endpoint.ts'
import { nonEmptyStringOf } from './decode.ts'
import { roleNames, type Role } from './role.ts'

/** What an allocation has to do next for a Cluster as it is now (design, section 4). */
export type AllocationDecision =
  /** Take an address. */
  | { readonly decision: 'allocate' }
  /** The host is somebody else's and stays; only its port is missing. */
  | { readonly decision: 'complete-port' }
  /** Nothing to do, now and until somebody changes the Cluster. */
  | {
      readonly decision: 'skip'
      readonly reason: 'EndpointAlreadySet' | 'NoMatchingPool'
      readonly message: string
    }
  /** Not now. */
  | { readonly decision: 'wait'; readonly reason: 'ClusterPaused'; readonly message: string }
  /** Being deleted: nothing is written any more. */
  | { readonly decision: 'end'; readonly reason: 'ClusterDeleted'; readonly message: string }

/**
 * Decides whether a Cluster needs an address for its control plane.
 *
 * @param claim the claim under our name, if there is one: an endpoint with a claim of ours is one we assign,
 *   an endpoint without is somebody else's and costs no address.
 */
export function decideAllocation(
  cluster: Cluster,
  role: Role,
  claim: IPAddressClaim | undefined,
): AllocationDecision {
  if (cluster.isDeleting) {
    return {
      decision: 'end',
      reason: 'ClusterDeleted',
      message: `Cluster ${formatKey(cluster)} is being deleted`,
    }
  }
  if (!wantsAllocation(cluster, role)) {
    return {
      decision: 'skip',
      reason: 'NoMatchingPool',
      message: `Cluster ${formatKey(cluster)} has no spec.topology; name a pool in its annotation ${roleNames[role].poolAnnotation} to have one all the same`,
    }
  }
  if (cluster.isPaused) {
    return {
      decision: 'wait',
      reason: 'ClusterPaused',
      message: `Cluster ${formatKey(cluster)} is paused; nothing is written until it is unpaused`,
    }
  }
  return decideByEndpoint(cluster, claim)
}

/** Only Clusters of a ClusterClass, and those that name a pool themselves. */
export function wantsAllocation(cluster: Cluster, role: Role): boolean {
  return cluster.topology !== undefined || explicitPoolOf(cluster, role) !== undefined
}

/** The pool a Cluster names by annotation, `[Kind/]name`. */
export function explicitPoolOf(cluster: Cluster, role: Role): string | undefined {
  return nonEmptyStringOf(cluster.annotations[roleNames[role].poolAnnotation]?.trim())
}

/** Whether anything is left to do for a Cluster's control plane, as far as the Cluster alone tells. */
export function isServed(cluster: Cluster): boolean {
  return isValidEndpoint(cluster.controlPlaneEndpoint)
}

function decideByEndpoint(cluster: Cluster, claim: IPAddressClaim | undefined): AllocationDecision {
  const endpoint = cluster.controlPlaneEndpoint
  const ours = claim !== undefined && ownershipOf(claim, cluster).owner === 'this-cluster'
  if (isValidEndpoint(endpoint) && !ours) {
    return {
      decision: 'skip',
      reason: 'EndpointAlreadySet',
      message: `spec.controlPlaneEndpoint is ${formatEndpoint(endpoint)} already, and not from a claim of ours; no address is taken`,
    }
  }
  return endpoint.host !== '' && !ours ? { decision: 'complete-port' } : { decision: 'allocate' }
}
