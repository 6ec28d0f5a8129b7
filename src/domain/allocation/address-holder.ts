import { isReservation, type IPAddress } from '../model/ip-address.ts'
import { clusterNameOf } from '../model/claim.ts'
import type { Cluster } from '../model/cluster.ts'
import { canonicalAddress } from '../model/address-text.ts'
import { formatKey } from '../model/object-meta.ts'
import { formatPool } from '../model/pool.ts'
import { roleSpecs, roles, vipRole, type VariableNames, type VipRole } from '../role.ts'
import { addressIn } from './vip-ownership.ts'

/** All uses of addresses in the management cluster at one moment. */
export interface AddressUse {
  readonly clusters: readonly Cluster[]
  readonly ipAddresses: readonly IPAddress[]
}

/** Who asks for an address: one role of one Cluster, by the claim of this name. */
export interface AddressSeeker {
  readonly cluster: Cluster
  readonly vip: VipRole
  readonly claimName: string
}

/** Who has an address already. */
export interface AddressHolders {
  /** Clusters, those being deleted included, that have it as endpoint or ingress VIP. */
  readonly clusters: readonly { readonly cluster: Cluster; readonly as: VipRole }[]
  /** Addresses that a provider has given to other claims. Reservations hold nothing for anybody. */
  readonly ipAddresses: readonly IPAddress[]
}

/** Finds who else has an address, in whatever spelling. */
export function holdersOf(
  address: string,
  seeker: AddressSeeker,
  use: AddressUse,
  variables: VariableNames,
): AddressHolders {
  const wanted = canonicalAddress(address)
  const { namespace, uid } = seeker.cluster
  return {
    clusters: use.clusters.flatMap((cluster) =>
      roles
        .map((role) => ({ cluster, as: vipRole(role, variables) }))
        .filter(({ as }) => !(cluster.uid === uid && as.role === seeker.vip.role))
        .filter(({ as }) => canonicalAddress(addressIn(cluster, as)) === wanted),
    ),
    ipAddresses: use.ipAddresses.filter(
      (ipAddress) =>
        canonicalAddress(ipAddress.address) === wanted &&
        !isReservation(ipAddress) &&
        !(ipAddress.namespace === namespace && ipAddress.claimName === seeker.claimName),
    ),
  }
}

/** Nobody else has it. */
export function isFree({ clusters, ipAddresses }: AddressHolders): boolean {
  return clusters.length === 0 && ipAddresses.length === 0
}

/** For people, at most the first few. */
export function describeHolders({ clusters, ipAddresses }: AddressHolders): string {
  const named = [
    ...clusters.map(({ cluster, as }) => `the ${roleSpecs[as.role].noun} of Cluster ${formatKey(cluster)}`),
    ...ipAddresses.map(
      (each) => `IPAddress ${formatKey(each)} of ${formatPool(each.poolRef)} for claim ${each.claimName}`,
    ),
  ]
  return named.slice(0, 3).join(' and ')
}

/** Whether a claim may have the address it was given. */
export type DuplicateDecision =
  | { readonly decision: 'assign' }
  /** Another allocation of ours was given it too, and goes after us: it will step back or turn out to be first. */
  | { readonly decision: 'wait'; readonly message: string }
  | { readonly decision: 'step-back'; readonly message: string }

/**
 * Decides about an address that somebody else may have. Everybody reads after the own IPAddress is there, so of two
 * allocations at least one sees the other. The one that sees nobody assigns. Where both see each other, the later
 * IPAddress steps back and the earlier one waits until that has happened: it cannot know whether the other saw it, so
 * it must not assign while the other is there. Stepping back is safe at any time.
 */
export function decideDuplicate(own: IPAddress, holders: AddressHolders): DuplicateDecision {
  if (isFree(holders)) return { decision: 'assign' }
  const message = `${own.address} is ${describeHolders(holders)}`
  const mayStepBack = (other: IPAddress): boolean =>
    clusterNameOf(other.claimName) !== undefined && isEarlier(own, other)
  return holders.clusters.length === 0 && holders.ipAddresses.every(mayStepBack)
    ? { decision: 'wait', message }
    : { decision: 'step-back', message }
}

/** An order on which all replicas agree, whenever they look. */
function isEarlier(a: IPAddress, b: IPAddress): boolean {
  return a.creationTimestamp === b.creationTimestamp
    ? a.uid < b.uid
    : a.creationTimestamp < b.creationTimestamp
}
