import {
  arrayOf,
  integerOf,
  isObject,
  nonEmptyStringOf,
  objectOf,
  stringMapOf,
  stringOf,
  type JsonObject,
} from '../../../src/domain/model/decode.ts'
import { isSameAddress } from './address.ts'
import { ownersOf } from './managed-fields.ts'
import { clusterUidAnnotation, controlPlane, ourManager, type RoleWords } from './names.ts'

/** What the invariants read of any object. They do not use the product's decoders, so as not to share their faults. */
export interface Facts {
  readonly namespace: string
  readonly name: string
  /** `namespace/name`. */
  readonly key: string
  readonly uid: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** Uids of the Clusters that own it, or that a claim names which outlives them. */
  readonly clusterOwners: readonly string[]
  readonly isDeleting: boolean
  readonly isPaused: boolean
  readonly object: JsonObject
}

export interface ClusterFacts extends Facts {
  readonly host: string
  /** Name of the ClusterClass; undefined without a topology. */
  readonly className: string | undefined
}

export interface ClaimFacts extends Facts {
  /** Undefined until it is bound. */
  readonly addressName: string | undefined
  readonly pool: PoolReference
}

/** A reference to a pool. */
export interface PoolReference {
  readonly kind: string
  readonly name: string
}

export interface AddressFacts extends Facts {
  readonly address: string
  readonly claimName: string
  readonly pool: PoolReference
}

export interface PoolFacts extends Facts {
  /** `InClusterIPPool`, `GlobalInClusterIPPool`, or that of another IPAM provider. */
  readonly kind: string
  /** Minimum number of free addresses; undefined until the provider has counted. */
  readonly available: number | undefined
  /** `spec.addresses`. */
  readonly ranges: readonly string[]
}

function factsOf(object: JsonObject): Facts {
  const metadata = objectOf(object['metadata'])
  const [namespace, name] = [stringOf(metadata['namespace']), stringOf(metadata['name'])]
  const annotations = stringMapOf(metadata['annotations'])
  return {
    namespace,
    name,
    key: `${namespace}/${name}`,
    uid: stringOf(metadata['uid']),
    labels: stringMapOf(metadata['labels']),
    annotations,
    clusterOwners: arrayOf(metadata['ownerReferences'])
      .filter(isObject)
      .filter(({ kind }) => kind === 'Cluster')
      .map(({ uid }) => stringOf(uid)),
    isDeleting: metadata['deletionTimestamp'] !== undefined,
    isPaused: objectOf(object['spec'])['paused'] === true || 'cluster.x-k8s.io/paused' in annotations,
    object,
  }
}

export function clusterFacts(object: JsonObject): ClusterFacts {
  const spec = objectOf(object['spec'])
  const topology = objectOf(spec['topology'])
  return {
    ...factsOf(object),
    host: stringOf(objectOf(spec['controlPlaneEndpoint'])['host']),
    className:
      nonEmptyStringOf(objectOf(topology['classRef'])['name']) ?? nonEmptyStringOf(topology['class']),
  }
}

export function claimFacts(object: JsonObject): ClaimFacts {
  const addressRef = objectOf(objectOf(object['status'])['addressRef'])
  const facts = factsOf(object)
  // A claim that outlives its Cluster names it in an annotation.
  const retainedFor = facts.annotations[clusterUidAnnotation]
  const isRetained = facts.clusterOwners.length === 0 && retainedFor !== undefined
  return {
    ...facts,
    ...(isRetained && { clusterOwners: [retainedFor] }),
    addressName: nonEmptyStringOf(addressRef['name']),
    pool: poolReferenceIn(object),
  }
}

function poolReferenceIn(object: JsonObject): PoolReference {
  const { kind, name } = objectOf(objectOf(object['spec'])['poolRef'])
  return { kind: stringOf(kind), name: stringOf(name) }
}

export function namespaceFacts(object: JsonObject): Pick<Facts, 'name' | 'labels'> {
  return factsOf(object)
}

export function addressFacts(object: JsonObject): AddressFacts {
  const spec = objectOf(object['spec'])
  return {
    ...factsOf(object),
    address: stringOf(spec['address']),
    claimName: stringOf(objectOf(spec['claimRef'])['name']),
    pool: poolReferenceIn(object),
  }
}

export function poolFacts(kind: PoolFacts['kind'], object: JsonObject): PoolFacts {
  const counts = objectOf(object['status'])['ipAddresses']
  const count = (field: string): number => integerOf(objectOf(counts)[field]) ?? 0
  return {
    ...factsOf(object),
    kind,
    // The provider subtracts addresses outside the pool's ranges from `free`, though they take no room.
    available: isObject(counts) ? count('free') + count('outOfRange') : undefined,
    ranges: arrayOf(objectOf(object['spec'])['addresses']).map(stringOf),
  }
}

/** A pool of another IPAM provider, which counts nothing: what no IPAddress of the pool has is free, unless the provider refuses. */
export function otherPoolFacts(object: JsonObject, addresses: readonly AddressFacts[]): PoolFacts {
  const { fail, addresses: ranges } = objectOf(object['spec'])
  const pool = poolFacts(stringOf(object['kind']), object)
  const used = addresses.filter((address) => isAddressOf(pool, address))
  const available = fail === undefined ? arrayOf(ranges).length - used.length : undefined
  return { ...pool, available }
}

/** Whether an IPAddress is one of this pool. */
export function isAddressOf(pool: PoolFacts, { pool: of, namespace }: AddressFacts): boolean {
  return of.kind === pool.kind && of.name === pool.name && (pool.namespace || namespace) === namespace
}

/** The claims that may hold an address of a Cluster: one that waits for the end of a previous Cluster's claim takes the longer name. */
export function claimNamesOf({ name, uid }: ClusterFacts, claimPrefix: string): readonly string[] {
  return [`${claimPrefix}${name}`, `${claimPrefix}${name}-${uid.slice(0, 8)}`]
}

/** A DNSEndpoint of external-dns. */
export interface DnsEndpointFacts extends Facts {
  /** `name type target`, in order. */
  readonly records: readonly string[]
}

export function dnsEndpointFacts(object: JsonObject): DnsEndpointFacts {
  const endpoints = arrayOf(objectOf(object['spec'])['endpoints']).map(objectOf)
  const records = endpoints.map(({ dnsName, recordType, targets }) =>
    [dnsName, recordType, ...arrayOf(targets)].map(stringOf).join(' '),
  )
  return { ...factsOf(object), records }
}

/** The VIP of a role, of a pair the first address; empty if there is none. */
export function vipOf(cluster: ClusterFacts, words: RoleWords): string {
  return words.role === 'control-plane' ? cluster.host : recordOf(cluster, words)[0]
}

/** The second address of a pair, if the first one is there; else empty. */
export function secondVipOf(cluster: ClusterFacts, words: RoleWords): string {
  return vipOf(cluster, words) === '' ? '' : recordOf(cluster, words)[1]
}

/** Both addresses of a VIP that are there. */
export function addressesOf(cluster: ClusterFacts, words: RoleWords): readonly string[] {
  return [vipOf(cluster, words), secondVipOf(cluster, words)].filter((address) => address !== '')
}

/** What our annotation records: an address, or two with a comma. */
function recordOf({ annotations }: ClusterFacts, words: RoleWords): readonly [string, string] {
  const [first = '', second = ''] = (annotations[words.vipAnnotation] ?? '').split(',')
  return [first.trim(), second.trim()]
}

/** Entries of `metadata.managedFields` that own the VIP of a role. */
export function writersOfVip({ object }: ClusterFacts, words: RoleWords): ReturnType<typeof ownersOf> {
  return ownersOf(
    object,
    words.role === 'control-plane'
      ? ['spec', 'controlPlaneEndpoint', 'host']
      : ['metadata', 'annotations', words.vipAnnotation],
  )
}

/** Whether our manager wrote the VIP of a role, and nobody has overwritten it. */
export function isVipWrittenByUs(cluster: ClusterFacts, words: RoleWords): boolean {
  return writersOfVip(cluster, words).some(({ manager }) => manager === ourManager)
}

/**
 * Whether the allocator assigned the host: the annotation has the same address, or our manager owns the field. Either
 * is enough: a restored Cluster has lost field ownership, and an edited one may have lost the annotation.
 */
export function isHostOurs(cluster: ClusterFacts): boolean {
  const [noted] = recordOf(cluster, controlPlane)
  return (
    cluster.host !== '' &&
    ((noted !== '' && isSameAddress(noted, cluster.host)) || isVipWrittenByUs(cluster, controlPlane))
  )
}
