import { ownershipOf, type IPAddressClaim } from './claim.ts'
import type { Cluster } from './cluster.ts'
import { nonEmptyStringOf } from './decode.ts'
import { formatEndpoint, isValidEndpoint } from './endpoint.ts'
import { formatKey } from './object-meta.ts'
import type { PoolRequest } from './pool-selection.ts'
import { roleNames, type Role } from './role.ts'

/** Whether a Cluster may be written to as it is now. */
export type WriteDecision =
  | { readonly decision: 'write' }
  /** Not now. */
  | { readonly decision: 'wait'; readonly reason: 'ClusterPaused'; readonly message: string }
  /** Never again. */
  | { readonly decision: 'end'; readonly reason: 'ClusterDeleted'; readonly message: string }

/** What an allocation has to do next for a Cluster as it is now (design, section 4). */
export type AllocationDecision =
  /** Take an address. */
  | { readonly decision: 'allocate' }
  /** The host is somebody else's and stays; only its port is missing. */
  | { readonly decision: 'complete-port' }
  /** Nothing to do until somebody changes the Cluster. */
  | {
      readonly decision: 'skip'
      readonly reason: 'EndpointAlreadySet' | 'NoMatchingPool'
      readonly message: string
    }
  | Exclude<WriteDecision, { readonly decision: 'write' }>

/** A Cluster that is being deleted or is paused is not touched. */
export function decideWrite(cluster: Cluster): WriteDecision {
  const key = formatKey(cluster)
  if (cluster.isDeleting) {
    return { decision: 'end', reason: 'ClusterDeleted', message: `Cluster ${key} is being deleted` }
  }
  if (cluster.isPaused) {
    const message = `Cluster ${key} is paused; nothing is written until it is unpaused`
    return { decision: 'wait', reason: 'ClusterPaused', message }
  }
  return { decision: 'write' }
}

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
  const write = decideWrite(cluster)
  if (write.decision === 'end') return write
  if (!wantsAllocation(cluster, role)) {
    return {
      decision: 'skip',
      reason: 'NoMatchingPool',
      message: `Cluster ${formatKey(cluster)} has no spec.topology; name a pool in its annotation ${roleNames[role].poolAnnotation} to have one all the same`,
    }
  }
  return write.decision === 'wait' ? write : decideByEndpoint(cluster, claim)
}

/** Only Clusters of a ClusterClass, and those that name a pool themselves. */
export function wantsAllocation(cluster: Cluster, role: Role): boolean {
  return cluster.topology !== undefined || explicitPoolOf(cluster, role) !== undefined
}

/** The pool a Cluster names by annotation, `[Kind/]name`. */
export function explicitPoolOf(cluster: Cluster, role: Role): string | undefined {
  return nonEmptyStringOf(cluster.annotations[roleNames[role].poolAnnotation]?.trim())
}

/** Whether the endpoint is complete and not what we assigned, as the annotation records it. */
export function isSetByOthers(cluster: Cluster, role: Role): boolean {
  const { controlPlaneEndpoint: endpoint } = cluster
  return isValidEndpoint(endpoint) && endpoint.host !== cluster.annotations[roleNames[role].vipAnnotation]
}

/** What a VIP of the Cluster is wanted for, in the words of the pool choice. */
export function poolRequestFor(cluster: Cluster, role: Role): PoolRequest {
  return {
    namespace: cluster.namespace,
    role,
    clusterClass: cluster.topology?.clusterClass,
    explicitPool: explicitPoolOf(cluster, role),
  }
}

/** Whether a run would have anything to do now, as far as the Cluster alone tells. Paused and deleting ones wait. */
export function needsAllocation(cluster: Cluster, role: Role): boolean {
  return (
    wantsAllocation(cluster, role) &&
    decideWrite(cluster).decision === 'write' &&
    !isValidEndpoint(cluster.controlPlaneEndpoint)
  )
}

function decideByEndpoint(cluster: Cluster, claim: IPAddressClaim | undefined): AllocationDecision {
  const endpoint = cluster.controlPlaneEndpoint
  const ours = claim !== undefined && ownershipOf(claim, cluster).owner === 'this-cluster'
  if (ours || endpoint.host === '') return { decision: 'allocate' }
  if (!isValidEndpoint(endpoint)) return { decision: 'complete-port' }
  return {
    decision: 'skip',
    reason: 'EndpointAlreadySet',
    message: `spec.controlPlaneEndpoint is ${formatEndpoint(endpoint)} already, and not from a claim of ours; no address is taken`,
  }
}
