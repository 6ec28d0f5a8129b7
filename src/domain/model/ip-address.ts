import { ownerClustersOf, ownerReferenceTo } from './claim.ts'
import type { Cluster } from './cluster.ts'
import { integerOf, nonEmptyStringOf, objectOf, stringOf, type JsonObject } from './decode.ts'
import { clusterNameLabel, inUseAnnotation, reservedByLabel } from '../names.ts'
import { objectMetaFrom, type NamespacedName, type ObjectMeta } from './object-meta.ts'
import { poolRefFrom, poolRefTo, type IPPool, type IPPoolReference } from './pool.ts'

/** An address with its network, as its pool has it. */
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

/** Whether an IPAddress belongs to no claim, and only keeps a duplicate out of circulation. */
export function isReservation(ipAddress: IPAddress): boolean {
  return reservedByLabel in ipAddress.labels
}

/** The key of the reservation that a Cluster makes for a duplicate. A name holds no colon and ends in a letter or digit. */
export function reservationKeyFor(cluster: NamespacedName, address: string): NamespacedName {
  const spelled = address.replaceAll(':', '-')
  return {
    namespace: cluster.namespace,
    name: `vip-reserved-${cluster.name}-${spelled}${spelled.endsWith('-') ? '0' : ''}`,
  }
}

/** An IPAddress to create without a claim, and without its apiVersion. It goes with its Cluster at the latest, which owns it. */
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

/** Created before its claim: when the claim comes, the provider adopts this IPAddress, so the claim gets this very address. */
export function buildRestoredAddress(cluster: Cluster, claimName: string, pooled: PooledAddress): JsonObject {
  return buildIPAddress(cluster, claimName, pooled, {})
}

/** Whether an IPAddress was created so, and no claim has adopted it, as far as this version of it shows. */
export function isMadeBeforeClaim(ipAddress: IPAddress): boolean {
  return (
    !isReservation(ipAddress) &&
    ownerClustersOf(ipAddress).length > 0 &&
    ipAddress.ownerReferences.every(({ kind }) => kind === 'Cluster')
  )
}

/**
 * Keeps an address out of circulation at which something has answered. No record on the Cluster ends it: it goes with the Cluster,
 * or when a person lets go of it.
 *
 * @param answer what answered, and when
 */
export function buildInUseReservation(cluster: Cluster, pooled: PooledAddress, answer: string): JsonObject {
  const built = buildReservation(cluster, pooled)
  return {
    ...built,
    metadata: { ...objectOf(built['metadata']), annotations: { [inUseAnnotation]: answer } },
  }
}

/** What answered at a reserved address, and when; undefined if it is reserved for another reason. */
export function inUseAnswerOf({ annotations }: Pick<IPAddress, 'annotations'>): string | undefined {
  return annotations[inUseAnnotation]
}

/** Keeps a duplicate out of circulation. Its claimRef names a claim that nobody creates. */
export function buildReservation(cluster: Cluster, pooled: PooledAddress): JsonObject {
  const { name } = reservationKeyFor(cluster, pooled.address)
  return buildIPAddress(cluster, name, pooled, { [reservedByLabel]: cluster.name })
}
