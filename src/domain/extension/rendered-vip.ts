import type { Observed } from '../allocation/action.ts'
import { pendingAction } from '../allocation/after-action.ts'
import { desireFor } from '../allocation/eligibility.ts'
import { recordedVip } from '../allocation/ip-families.ts'
import { canonicalAddress, isIPAddress } from '../model/address-text.ts'
import { ownershipOf } from '../model/claim.ts'
import { formatEndpoint, isValidEndpoint, type APIEndpoint, type Cluster } from '../model/cluster.ts'
import { formatKey, type NamespacedName } from '../model/object-meta.ts'
import { watchFilterLabel } from '../names.ts'
import { defaultRole, roleSpecs } from '../role.ts'

/** What a topology is rendered with. */
export type RenderedVip =
  /** `address`: the VIP as an IP address; undefined if the endpoint is a DNS name without one. */
  | { readonly state: 'assigned'; readonly endpoint: APIEndpoint; readonly address: string | undefined }
  /** The Cluster wants no VIP, and has no endpoint: the topology is rendered without. */
  | { readonly state: 'unwanted' }
  /** `comesSoon`: an allocation is, or should be, under way, and needs nobody's help. */
  | { readonly state: 'pending'; readonly comesSoon: boolean; readonly message: string }

/** The facts that decide. */
export interface VipFacts {
  readonly observed: Observed & { readonly cluster: Cluster }
  /** Every kind has been listed: what is not here does not exist. */
  readonly isComplete: boolean
}

/**
 * Decides what the topology of a Cluster is rendered with. It is the Cluster's own endpoint: that is written only after the
 * search for duplicates, and never changes. No annotation decides about an endpoint that is there, since an edit of one
 * would move the endpoint of a living Cluster. An endpoint that contradicts the Cluster's own claim is answered by nobody:
 * either of the two may be in use.
 */
export function renderedVipOf({ observed, isComplete }: VipFacts): RenderedVip {
  const { cluster } = observed
  const { controlPlaneEndpoint: endpoint } = cluster
  if (!isValidEndpoint(endpoint)) return withoutEndpoint({ observed, isComplete })
  const held = heldAddress(observed)
  if (!isIPAddress(endpoint.host)) {
    const address = recordedVip(cluster, defaultRole) === undefined ? undefined : held
    return { state: 'assigned', endpoint, address }
  }
  if (held === undefined || canonicalAddress(held) === canonicalAddress(endpoint.host)) {
    return { state: 'assigned', endpoint, address: endpoint.host }
  }
  return later(
    cluster,
    `has endpoint ${formatEndpoint(endpoint)}, but its IPAddressClaim ${observed.claim?.name ?? ''} holds ${held}; set the endpoint's host to ${held} again, or delete the claim if the Cluster never used that`,
  )
}

/** A Cluster that the hooks know nothing about. */
export function unknownVip(cluster: NamespacedName, why: string): RenderedVip {
  return later(cluster, why)
}

/** The address of the Cluster's own claim, unless that is about to go. */
function heldAddress({ claim, ipAddress, cluster }: VipFacts['observed']): string | undefined {
  if (claim === undefined || claim.isDeleting || ipAddress === undefined) return undefined
  return ownershipOf(claim, cluster).owner === 'this-cluster' && claim.addressName === ipAddress.name
    ? ipAddress.address
    : undefined
}

function withoutEndpoint({ observed, isComplete }: VipFacts): RenderedVip {
  const { cluster, clusterClass } = observed
  if (cluster.isDeleting) return later(cluster, 'is being deleted, and gets no VIP any more')
  if (cluster.topology !== undefined && clusterClass === undefined) {
    const name = formatKey(cluster.topology.clusterClass)
    return later(cluster, `is of ClusterClass ${name}, which has not been read yet`, 'soon')
  }
  const desire = desireFor(cluster, defaultRole, observed)
  if (desire.desired === 'no') return { state: 'unwanted' }
  if (desire.desired === 'unreadable') return later(cluster, `gets no VIP: ${desire.message}`)
  if (cluster.isPaused) return later(cluster, 'is paused; it gets its VIP when it is unpaused')
  if (!isComplete) return later(cluster, 'has no control-plane VIP yet', 'soon')
  const next = pendingAction(observed, defaultRole)
  const isForPerson =
    next.action === 'refuse' || (next.action === 'wait' && next.reason !== 'WaitingForAddress')
  return isForPerson
    ? later(cluster, `has no control-plane VIP yet (${next.reason}); ${whereToLook}`)
    : later(cluster, 'has no control-plane VIP yet', 'soon')
}

const whereToLook = `its condition ${roleSpecs[defaultRole].conditionType} says more`

function later(cluster: NamespacedName, what: string, when: 'soon' | 'late' = 'late'): RenderedVip {
  return { state: 'pending', comesSoon: when === 'soon', message: `Cluster ${formatKey(cluster)} ${what}` }
}

/** Which Clusters an installation serves. */
export interface ServedClusters {
  /** Empty: all. */
  readonly namespaces: readonly string[]
  readonly watchFilter: string | undefined
}

export function isServed(
  { namespace, labels }: Pick<Cluster, 'namespace' | 'labels'>,
  { namespaces, watchFilter }: ServedClusters,
): boolean {
  const isInNamespace = namespaces.length === 0 || namespaces.includes(namespace)
  return isInNamespace && (watchFilter === undefined || labels[watchFilterLabel] === watchFilter)
}
