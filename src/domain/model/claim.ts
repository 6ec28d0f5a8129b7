import type { Cluster } from './cluster.ts'
import { nonEmptyStringOf, objectOf, type JsonObject } from './decode.ts'
import { clusterGroup, clusterNameLabel, roleKey, watchFilterLabel } from '../names.ts'
import { objectMetaFrom, type NamespacedName, type ObjectMeta, type OwnerReference } from './object-meta.ts'
import { poolNamespaceFor } from './pool-kind.ts'
import { placeOf, poolRefFrom, type IPPoolReference } from './pool.ts'
import { roleSpecs, roles, type Role } from '../role.ts'

/** The facts about an IPAddressClaim that decisions use. */
export interface IPAddressClaim extends ObjectMeta {
  readonly poolRef: IPPoolReference
  /** `status.addressRef.name`; absent until the provider has bound the claim (v1beta1 may read `""`). */
  readonly addressName: string | undefined
}

/** Reads an IPAddressClaim of any served version. */
export function ipAddressClaimFrom(object: unknown): IPAddressClaim {
  const { spec, status } = objectOf(object)
  return {
    ...objectMetaFrom(object),
    poolRef: poolRefFrom(objectOf(spec)['poolRef']),
    addressName: nonEmptyStringOf(objectOf(objectOf(status)['addressRef'])['name']),
  }
}

/** The Cluster whose claim has this name; undefined where this product gives no claim such a name. */
export function clusterNameOf(claimName: string): string | undefined {
  const role = roleOfClaim(claimName)
  return role === undefined ? undefined : claimName.slice(roleSpecs[role].claimPrefix.length)
}

/** What a claim of this name is for. */
export function roleOfClaim(claimName: string): Role | undefined {
  return roles.find((role) => claimName.startsWith(roleSpecs[role].claimPrefix))
}

/**
 * The role of a claim of ours, which its name says; undefined for any other claim. Ours has the role as label too, or, if
 * the predecessor made it, a Cluster as owner.
 */
export function roleOfOwnClaim(claim: IPAddressClaim): Role | undefined {
  const role = roleOfClaim(claim.name)
  const label = claim.labels[roleKey]
  const isOwn = label === undefined ? ownerClustersOf(claim).length > 0 : label === role
  return isOwn ? role : undefined
}

/** The one name a Cluster's claim can have: creating it twice is creating it once. */
export function claimNameFor(cluster: { readonly name: string }, role: Role): string {
  return `${roleSpecs[role].claimPrefix}${cluster.name}`
}

/** What makes a claim the Cluster's: its labels, and the owner reference by which it is garbage-collected. */
export interface ClaimMetadata {
  readonly labels: Readonly<Record<string, string>>
  readonly ownerReference: JsonObject
}

/** Labels and owner reference of a Cluster's claim, as CAPI's IPAM contract asks. */
export function claimMetadataFor(cluster: Cluster, role: Role): ClaimMetadata {
  const watchFilter = cluster.labels[watchFilterLabel]
  return {
    labels: {
      [clusterNameLabel]: cluster.name,
      [roleKey]: role,
      ...(watchFilter === undefined ? {} : { [watchFilterLabel]: watchFilter }),
    },
    ownerReference: { ...ownerReferenceTo(cluster), controller: true, blockOwnerDeletion: true },
  }
}

/** By which the garbage collector takes an object when its Cluster goes. */
export function ownerReferenceTo({ apiVersion, name, uid }: Cluster): JsonObject {
  return { apiVersion, kind: 'Cluster', name, uid }
}

/** The IPAddressClaim to create, without its apiVersion, which only the API server's versions decide. */
export function buildIPAddressClaim(cluster: Cluster, role: Role, poolRef: IPPoolReference): JsonObject {
  const { labels, ownerReference } = claimMetadataFor(cluster, role)
  return {
    kind: 'IPAddressClaim',
    metadata: {
      name: claimNameFor(cluster, role),
      namespace: cluster.namespace,
      labels,
      ownerReferences: [ownerReference],
    },
    spec: { clusterName: cluster.name, poolRef },
  }
}

/** A Cluster, told by its uid from others that have or had its name. */
export interface ClusterIdentity extends NamespacedName {
  readonly uid: string
}

/** The pool a claim is on, as `placeOf` names it. */
export function poolPlaceOf({ namespace, poolRef }: Pick<IPAddressClaim, 'namespace' | 'poolRef'>): string {
  return placeOf({ ...poolRef, namespace: poolNamespaceFor(poolRef.kind, namespace) })
}

/** Whose a claim under our name is. */
export type ClaimOwnership =
  | { readonly owner: 'this-cluster' }
  /** Nobody's: it can be adopted. */
  | { readonly owner: 'nobody' }
  /** A Cluster of this name that is gone or going: garbage collection takes the claim. */
  | { readonly owner: 'former-cluster'; readonly uid: string }
  | { readonly owner: 'other'; readonly description: string }

/** Decides whose a claim is, by owner references alone: labels can be typed by anybody. */
export function ownershipOf(claim: IPAddressClaim, cluster: ClusterIdentity): ClaimOwnership {
  if (claim.ownerReferences.some((owner) => isClusterReference(owner) && owner.uid === cluster.uid)) {
    return { owner: 'this-cluster' }
  }
  const namesake = claim.ownerReferences.find(
    (owner) => isClusterReference(owner) && owner.name === cluster.name,
  )
  if (namesake !== undefined) return { owner: 'former-cluster', uid: namesake.uid }
  const [other] = claim.ownerReferences
  return other === undefined
    ? { owner: 'nobody' }
    : { owner: 'other', description: `${other.kind} ${other.name} (uid ${other.uid})` }
}

/** The Cluster of the claim's own name that owns a claim under one of our names; undefined where there is none. */
export function clusterOwning({
  namespace,
  name,
  ownerReferences,
}: IPAddressClaim): ClusterIdentity | undefined {
  const clusterName = clusterNameOf(name)
  const owner = ownerReferences.find((each) => isClusterReference(each) && each.name === clusterName)
  return owner === undefined ? undefined : { namespace, name: owner.name, uid: owner.uid }
}

/** Uids of the Clusters that own an object, those that are gone included. */
export function ownerClustersOf({ ownerReferences }: ObjectMeta): readonly string[] {
  return ownerReferences.filter(isClusterReference).map(({ uid }) => uid)
}

function isClusterReference(owner: OwnerReference): boolean {
  return owner.kind === 'Cluster' && owner.apiVersion.startsWith(`${clusterGroup}/`)
}
