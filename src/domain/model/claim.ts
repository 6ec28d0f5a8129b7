import type { Cluster } from './cluster.ts'
import { arrayOf, commaSeparated, nonEmptyStringOf, objectOf, stringOf, type JsonObject } from './decode.ts'
import type { AddressFamily } from './address-text.ts'
import type { Reason } from '../reason.ts'
import {
  clusterGroup,
  clusterNameLabel,
  clusterUidAnnotation,
  ipFamilyLabel,
  keptSinceAnnotation,
  roleKey,
  watchFilterLabel,
} from '../names.ts'
import { objectMetaFrom, type NamespacedName, type ObjectMeta, type OwnerReference } from './object-meta.ts'
import { poolRefFrom, type IPPoolReference } from './pool.ts'
import { partSpecs, roleOf, vipParts, type Role, type VipPart } from '../role.ts'

/** The facts about an IPAddressClaim that decisions use. */
export interface IPAddressClaim extends ObjectMeta {
  readonly poolRef: IPPoolReference
  /** `status.addressRef.name`; absent until the provider has bound the claim (v1beta1 may read `""`). */
  readonly addressName: string | undefined
  /** What its IPAM provider says instead of giving it an address. */
  readonly refusal: ClaimRefusal | undefined
}

/** By the words of Cluster API's IPAM contract. */
export interface ClaimRefusal {
  readonly reason: Extract<Reason, 'PoolExhausted' | 'AllocationFailed'>
  readonly message: string
}

/** Reads an IPAddressClaim of any served version. */
export function ipAddressClaimFrom(object: unknown): IPAddressClaim {
  const { spec, status } = objectOf(object)
  return {
    ...objectMetaFrom(object),
    poolRef: poolRefFrom(objectOf(spec)['poolRef']),
    addressName: nonEmptyStringOf(objectOf(objectOf(status)['addressRef'])['name']),
    refusal: refusalIn(objectOf(status)),
  }
}

/** Providers of either contract write conditions, and the API server converts them. */
function refusalIn({ conditions, deprecated, v1beta2 }: JsonObject): ClaimRefusal | undefined {
  const older = objectOf(objectOf(objectOf(deprecated)['v1beta1']))['conditions']
  const newer = objectOf(v1beta2)['conditions']
  for (const condition of [conditions, newer, older].flatMap(arrayOf).map(objectOf)) {
    const { type, status, reason, message } = condition
    if (type !== 'Ready' || status !== 'False') continue
    if (reason === 'PoolExhausted' || reason === 'AllocationFailed')
      return { reason, message: stringOf(message) }
  }
  return undefined
}

/**
 * The name of the Cluster whose claim has this name; undefined if this product gives no claim such a name.
 *
 * @param labels of the claim, or of its IPAddress: a longer name is known by them, since a Cluster's own name may look like one
 */
export function clusterNameOf(
  claimName: string,
  labels: Readonly<Record<string, string>>,
): string | undefined {
  const part = partOfClaim(claimName)
  if (part === undefined) return undefined
  const rest = claimName.slice(partSpecs[part].claimPrefix.length)
  const labeled = labels[clusterNameLabel] ?? ''
  return isLongerName(rest, labeled) ? labeled : rest
}

/** The part of a VIP whose claim has such a name. */
export function partOfClaim(claimName: string): VipPart | undefined {
  return vipParts.find((part) => claimName.startsWith(partSpecs[part].claimPrefix))
}

export function roleOfClaim(claimName: string): Role | undefined {
  const part = partOfClaim(claimName)
  return part && roleOf(part)
}

/**
 * The role of a claim of ours by its name; undefined for any other claim. Ours also has the role as label or, if the
 * predecessor of this program created it, a Cluster as owner.
 */
export function roleOfOwnClaim(claim: IPAddressClaim): Role | undefined {
  const role = roleOfClaim(claim.name)
  const label = claim.labels[roleKey]
  const isOwn = label === undefined ? ownerClustersOf(claim).length > 0 : label === role
  return isOwn ? role : undefined
}

/** The usual name of a Cluster's claim. It is always the same: creating it twice is creating it once. */
export function claimNameFor(cluster: { readonly name: string }, part: VipPart): string {
  return `${partSpecs[part].claimPrefix}${cluster.name}`
}

/** Characters of the Cluster's uid in a longer name. */
const uidCharacters = 8

/** The name of the claim if something keeps the claim of a previous Cluster, which has the usual name. */
export function longerClaimNameFor(cluster: Pick<ClusterIdentity, 'name' | 'uid'>, part: VipPart): string {
  return `${claimNameFor(cluster, part)}-${cluster.uid.slice(0, uidCharacters)}`
}

/** The name of the next claim of a Cluster. @param claim as `claimAmong` picks it */
export function newClaimNameFor(cluster: Cluster, part: VipPart, claim: IPAddressClaim | undefined): string {
  const usual = claimNameFor(cluster, part)
  const isTaken = claim?.name === usual && ownershipOf(claim, cluster).owner === 'previous-cluster'
  return isTaken ? longerClaimNameFor(cluster, part) : usual
}

/**
 * The key of the IPAddress that has the name of the Cluster's claim, or that its next claim would have. A claim of a previous
 * Cluster stays beside that one if it is going, or if it has an address.
 */
export function addressKeyFor(
  cluster: Cluster,
  part: VipPart,
  claim: IPAddressClaim | undefined,
): NamespacedName {
  const { namespace } = cluster
  const isBeside = claim === undefined || claim.isDeleting || claim.addressName !== undefined
  const isPrevious = claim !== undefined && ownershipOf(claim, cluster).owner === 'previous-cluster'
  return isBeside && (isPrevious || claim === undefined)
    ? { namespace, name: newClaimNameFor(cluster, part, claim) }
    : { namespace, name: claim.name }
}

/** Whether a name is another one with the beginning of some uid. */
function isLongerName(name: string, usual: string): boolean {
  return name.startsWith(`${usual}-`) && name.length === usual.length + 1 + uidCharacters
}

/** Whether the claim of a Cluster may have this name, as far as the Cluster's name and uid show. */
export function isClaimNameOf(
  cluster: Pick<ClusterIdentity, 'name' | 'uid'>,
  part: VipPart,
  claimName: string,
): boolean {
  return claimName === claimNameFor(cluster, part) || claimName === longerClaimNameFor(cluster, part)
}

/** Whether a name is one that a claim of the Cluster may have, whatever its uid. */
export function mayBeClaimNameOf(cluster: { readonly name: string }, name: string): boolean {
  return vipParts.some((part) => {
    const usual = claimNameFor(cluster, part)
    return name === usual || isLongerName(name, usual)
  })
}

/** The names that a Cluster's claim may have. Our annotation has a longer one that `clusterctl move` took to another uid. */
export function claimNamesFor(cluster: Cluster, part: VipPart): readonly string[] {
  const recorded = commaSeparated(cluster.annotations[partSpecs[part].claimAnnotation])
  return [
    claimNameFor(cluster, part),
    ...recorded.filter((name) => partOfClaim(name) === part),
    longerClaimNameFor(cluster, part),
  ]
}

/**
 * The claims of a Cluster that outlive Clusters and have the longer name of another uid, the one that was kept last first: the
 * name was that of a previous Cluster. Only a look at all claims finds them.
 *
 * @param claims of the Cluster's namespace, or of more
 */
export function claimsByLabelFor(
  cluster: Cluster,
  part: VipPart,
  claims: Iterable<IPAddressClaim>,
): readonly IPAddressClaim[] {
  const found: IPAddressClaim[] = []
  for (const claim of claims) {
    if (claim.namespace !== cluster.namespace || claim.labels[clusterNameLabel] !== cluster.name) continue
    if (retainedFor(claim) === undefined || claim.isDeleting || partOfClaim(claim.name) !== part) continue
    if (clusterNameOf(claim.name, claim.labels) === cluster.name) found.push(claim)
  }
  const since = ({ annotations }: IPAddressClaim): string => annotations[keptSinceAnnotation] ?? ''
  return found.toSorted((a, b) => since(b).localeCompare(since(a)) || a.name.localeCompare(b.name))
}

/**
 * The Cluster's own claim among those that have one of its names; else one that nobody owns, the usual name first; else the one
 * that has the usual name, of any owner; else one that was kept for a Cluster of this name. A claim that `clusterctl move` has
 * made look like a previous Cluster's goes before those.
 *
 * @param candidates the one that has the usual name first
 */
export function claimAmong(
  cluster: Cluster,
  candidates: readonly (IPAddressClaim | undefined)[],
): IPAddressClaim | undefined {
  const [usual] = candidates
  const found = candidates.filter((claim) => claim !== undefined)
  const ownedBy = (owner: ClaimOwnership['owner']): readonly IPAddressClaim[] =>
    found.filter((claim) => ownershipOf(claim, cluster).owner === owner)
  const [own] = ownedBy('this-cluster')
  // Another Cluster may have a name of its own that looks like a longer one.
  const [unowned] = ownedBy('nobody').filter(
    ({ name, labels, isDeleting }) => !isDeleting && clusterNameOf(name, labels) === cluster.name,
  )
  const previous = ownedBy('previous-cluster')
  const kept = previous.find((claim) => retainedFor(claim) !== undefined)
  return own ?? recordedClaim(cluster, previous) ?? unowned ?? usual ?? kept
}

/** The retained claim that the Cluster's annotation names: `clusterctl move` has given the Cluster another uid. */
function recordedClaim(cluster: Cluster, claims: readonly IPAddressClaim[]): IPAddressClaim | undefined {
  const recorded = vipParts.flatMap((part) =>
    commaSeparated(cluster.annotations[partSpecs[part].claimAnnotation]),
  )
  return claims.find((claim) => retainedFor(claim) !== undefined && recorded.includes(claim.name))
}

export function claimKeyFor(cluster: NamespacedName, part: VipPart): NamespacedName {
  return { namespace: cluster.namespace, name: claimNameFor(cluster, part) }
}

/**
 * What makes a claim the Cluster's, as CAPI's IPAM contract asks.
 *
 * @param family of the address, if it is one of a pair
 */
export function claimMetadataFor(
  cluster: Cluster,
  part: VipPart,
  family?: AddressFamily,
): { readonly labels: Readonly<Record<string, string>>; readonly ownerReference: JsonObject } {
  const watchFilter = cluster.labels[watchFilterLabel]
  return {
    labels: {
      [clusterNameLabel]: cluster.name,
      [roleKey]: roleOf(part),
      ...(family !== undefined && { [ipFamilyLabel]: family }),
      ...(watchFilter === undefined ? {} : { [watchFilterLabel]: watchFilter }),
    },
    ownerReference: { ...ownerReferenceTo(cluster), controller: true, blockOwnerDeletion: true },
  }
}

/** The labels that a claim of the Cluster should have and does not have; undefined: it has all. */
export function missingLabels(
  claim: IPAddressClaim,
  cluster: Cluster,
  part: VipPart,
  family?: AddressFamily,
): Readonly<Record<string, string>> | undefined {
  const missing = Object.entries(claimMetadataFor(cluster, part, family).labels).filter(
    ([key, value]) => claim.labels[key] !== value,
  )
  return missing.length === 0 ? undefined : Object.fromEntries(missing)
}

/** By it, the garbage collector deletes an object after its Cluster. */
export function ownerReferenceTo({ apiVersion, name, uid }: Cluster): JsonObject {
  return { apiVersion, kind: 'Cluster', name, uid }
}

/** The IPAddressClaim to create, without its apiVersion, which depends on the versions that the API server has. */
export function buildIPAddressClaim(
  cluster: Cluster,
  part: VipPart,
  poolRef: IPPoolReference,
  name = claimNameFor(cluster, part),
  family?: AddressFamily,
  annotations?: Readonly<Record<string, string>>,
): JsonObject {
  const { labels, ownerReference } = claimMetadataFor(cluster, part, family)
  return {
    kind: 'IPAddressClaim',
    metadata: {
      namespace: cluster.namespace,
      name,
      labels,
      ...(annotations !== undefined && { annotations }),
      ownerReferences: [ownerReference],
    },
    spec: { clusterName: cluster.name, poolRef },
  }
}

/** One Cluster among all that have or had its name. */
export interface ClusterIdentity extends NamespacedName {
  readonly uid: string
}

/** Who owns a claim of our name. */
export type ClaimOwnership =
  | { readonly owner: 'this-cluster' }
  /** Nobody's: it can be adopted. */
  | { readonly owner: 'nobody' }
  /** A Cluster of the same name that is gone or going: the garbage collector deletes the claim. */
  | { readonly owner: 'previous-cluster'; readonly uid: string }
  | { readonly owner: 'other'; readonly description: string }

/**
 * Decides by owner references, since labels can be typed by anybody. A claim that outlives its Cluster names it in an
 * annotation instead.
 */
export function ownershipOf(claim: IPAddressClaim, cluster: ClusterIdentity): ClaimOwnership {
  if (claim.ownerReferences.some((owner) => isClusterReference(owner) && owner.uid === cluster.uid)) {
    return { owner: 'this-cluster' }
  }
  const retained = retainedFor(claim)
  if (retained !== undefined) return ownershipOfRetained(claim, retained, cluster)
  const previous = claim.ownerReferences.find(
    (owner) => isClusterReference(owner) && owner.name === cluster.name,
  )
  if (previous !== undefined) return { owner: 'previous-cluster', uid: previous.uid }
  const [other] = claim.ownerReferences
  return other === undefined
    ? { owner: 'nobody' }
    : { owner: 'other', description: `${other.kind} ${other.name} (uid ${other.uid})` }
}

/** @param uid of the Cluster that has the claim */
function ownershipOfRetained(claim: IPAddressClaim, uid: string, cluster: ClusterIdentity): ClaimOwnership {
  const name = clusterNameOf(claim.name, claim.labels)
  if (name !== cluster.name) return { owner: 'other', description: `Cluster ${name ?? ''} (uid ${uid})` }
  return uid === cluster.uid ? { owner: 'this-cluster' } : { owner: 'previous-cluster', uid }
}

/** The uid of the Cluster that has a claim which outlives it; undefined for a claim that goes with its owner. */
export function retainedFor({ ownerReferences, annotations }: ObjectMeta): string | undefined {
  return ownerReferences.some(isClusterReference) ? undefined : annotations[clusterUidAnnotation] || undefined
}

/** The Cluster that owns a claim of ours, by the name that both have; undefined if none does. */
export function clusterOwning(claim: IPAddressClaim): ClusterIdentity | undefined {
  const name = clusterNameOf(claim.name, claim.labels)
  const retained = retainedFor(claim)
  if (retained !== undefined)
    return name === undefined ? undefined : { namespace: claim.namespace, name, uid: retained }
  const owner = claim.ownerReferences.find((each) => isClusterReference(each) && each.name === name)
  return owner && { namespace: claim.namespace, name: owner.name, uid: owner.uid }
}

/** Uids of the Clusters that own an object, those that are gone included. */
export function ownerClustersOf(object: ObjectMeta): readonly string[] {
  const retained = retainedFor(object)
  return retained === undefined
    ? object.ownerReferences.filter(isClusterReference).map(({ uid }) => uid)
    : [retained]
}

function isClusterReference(owner: OwnerReference): boolean {
  return owner.kind === 'Cluster' && owner.apiVersion.startsWith(`${clusterGroup}/`)
}
