import { claimNameFor, ownerReferenceTo } from './claim.ts'
import type { Cluster } from './cluster.ts'
import { integerOf, nonEmptyStringOf, objectOf, stringOf, type JsonObject } from './decode.ts'
import { clusterNameLabel, reservedByLabel } from '../names.ts'
import { canonicalAddress } from './address-text.ts'
import { formatKey, objectMetaFrom, type NamespacedName, type ObjectMeta } from './object-meta.ts'
import { poolRefFrom, poolRefTo, type IPPool, type IPPoolReference } from './pool.ts'
import type { Role } from '../role.ts'

/** An address with what a network needs to know about it, as its pool has it. */
export interface PooledAddress {
  /** Without prefix length; IPv6 without brackets. */
  readonly address: string
  readonly prefix: number
  readonly gateway?: string | undefined
  readonly poolRef: IPPoolReference
}

/** The facts about an IPAddress that decisions use. */
export interface IPAddress extends ObjectMeta, PooledAddress {
  readonly claimName: string
}

/** An address as this pool would give it. */
export function addressOfPool({ prefix, gateway, ...pool }: IPPool, address: string): PooledAddress {
  return { address, prefix, poolRef: poolRefTo(pool), ...(gateway !== undefined && { gateway }) }
}

/** Reads an IPAddress of any served version. */
export function ipAddressFrom(object: unknown): IPAddress {
  const spec = objectOf(objectOf(object)['spec'])
  return {
    ...objectMetaFrom(object),
    address: stringOf(spec['address']),
    prefix: integerOf(spec['prefix']) ?? 0,
    gateway: nonEmptyStringOf(spec['gateway']),
    claimName: stringOf(objectOf(spec['claimRef'])['name']),
    poolRef: poolRefFrom(spec['poolRef']),
  }
}

/** Whether an IPAddress only keeps a duplicate out of circulation: it belongs to no claim. */
export function isReservation(ipAddress: IPAddress): boolean {
  return reservedByLabel in ipAddress.labels
}

/** Where the reservation is that a Cluster makes for a duplicate. A name holds no colon and ends in a letter or digit. */
export function reservationKeyFor(cluster: NamespacedName, address: string): NamespacedName {
  const spelled = address.replaceAll(':', '-')
  return {
    namespace: cluster.namespace,
    name: `vip-reserved-${cluster.name}-${spelled}${spelled.endsWith('-') ? '0' : ''}`,
  }
}

/**
 * The IPAddress to create, without apiVersion, so that an address of a pool is in use although no claim asked for it. The
 * Cluster owns it, so that it goes with the Cluster at the latest.
 */
function buildIPAddress(
  cluster: Cluster,
  name: string,
  { address, prefix, gateway, poolRef }: PooledAddress,
  labels: Readonly<Record<string, string>>,
): JsonObject {
  return {
    kind: 'IPAddress',
    metadata: {
      name,
      namespace: cluster.namespace,
      labels: { [clusterNameLabel]: cluster.name, ...labels },
      ownerReferences: [ownerReferenceTo(cluster)],
    },
    spec: { address, prefix, ...(gateway !== undefined && { gateway }), poolRef, claimRef: { name } },
  }
}

/** Made before its claim, this IPAddress is adopted by the provider when the claim comes: a given address can be had. */
export function buildRestoredAddress(cluster: Cluster, role: Role, pooled: PooledAddress): JsonObject {
  return buildIPAddress(cluster, claimNameFor(cluster, role), pooled, {})
}

/** Whether the IPAddress that lets a given address be had again can be made. */
export type RestoredAddressDecision =
  | { readonly decision: 'create' }
  /** An attempt before this one has made it. */
  | { readonly decision: 'in-place' }
  | { readonly decision: 'wait'; readonly reason: 'WaitingForAddress'; readonly message: string }

/** @param present what has its name now */
export function decideRestoredAddress(
  present: IPAddress | undefined,
  wanted: PooledAddress,
): RestoredAddressDecision {
  if (present === undefined) return { decision: 'create' }
  if (canonicalAddress(present.address) === canonicalAddress(wanted.address) && !present.isDeleting)
    return { decision: 'in-place' }
  const message = `IPAddress ${formatKey(present)} with ${present.address} has to go before ${wanted.address} can be had again`
  return { decision: 'wait', reason: 'WaitingForAddress', message }
}

/** Keeps a duplicate out of circulation. Its claimRef names a claim that nobody makes. */
export function buildReservation(cluster: Cluster, pooled: PooledAddress): JsonObject {
  const { name } = reservationKeyFor(cluster, pooled.address)
  return buildIPAddress(cluster, name, pooled, { [reservedByLabel]: cluster.name })
}
