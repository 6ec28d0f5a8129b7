import type { Snapshot } from '../allocation/snapshot.ts'
import { addressesNamedIn } from '../allocation/duplicate-addresses.ts'
import { canonicalAddress } from '../model/address-text.ts'
import { roleOfClaim, type ClusterIdentity, type IPAddressClaim } from '../model/claim.ts'
import type { Cluster } from '../model/cluster.ts'
import { formatKey, type NamespacedName } from '../model/object-meta.ts'
import { isPoolOf, type IPPool, type IPPoolReference } from '../model/pool.ts'
import { describeKept, retainedClaimOf } from '../model/retained-claim.ts'
import { keptSinceAnnotation } from '../names.ts'
import type { Role } from '../role.ts'

/** An address that no Cluster has, and that is kept from everybody else. */
export interface KeptAddress {
  /** `retained`: for a Cluster that is gone, as its pool says. */
  readonly why: 'retained'
  /** Undefined if the IPAM provider has not made its IPAddress known. */
  readonly address: string | undefined
  /** Whose it was. A later Cluster of this name gets it back. */
  readonly keptFor: ClusterIdentity
  readonly role: Role
  readonly pool: IPPoolReference
  readonly claim: NamespacedName
  /** RFC 3339; undefined: that is not recorded yet. */
  readonly since: string | undefined
  /** RFC 3339, or `always`; undefined: that is not recorded yet. */
  readonly until: string | undefined
}

/** Finds the addresses that are kept, in the order of the Clusters that they are kept for. */
export function keptAddressesIn(snapshot: Snapshot): readonly KeptAddress[] {
  return [...snapshot.claims.values()]
    .flatMap((claim) => keptBy(claim, snapshot) ?? [])
    .toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
}

/** Those of one pool. */
export function keptOn(pool: IPPool, kept: readonly KeptAddress[]): readonly KeptAddress[] {
  return kept.filter(({ claim: { namespace }, pool: poolRef }) => isPoolOf(pool, { namespace, poolRef }))
}

function keptBy(claim: IPAddressClaim, snapshot: Snapshot): KeptAddress | undefined {
  const retained = retainedClaimOf(claim)
  const role = roleOfClaim(claim.name)
  if (retained === undefined || role === undefined) return undefined
  const { keptFor, until } = retained
  if (snapshot.clusters.get(formatKey(keptFor))?.uid === keptFor.uid) return undefined
  const { namespace, name, addressName = name } = claim
  return {
    why: 'retained',
    address: snapshot.ipAddresses.get(formatKey({ namespace, name: addressName }))?.address,
    keptFor,
    role,
    pool: claim.poolRef,
    claim: { namespace, name },
    since: claim.annotations[keptSinceAnnotation],
    until,
  }
}

function sortKey({ keptFor, role }: KeptAddress): string {
  return `${formatKey(keptFor)} ${role} ${keptFor.uid}`
}

/** `kept for clusters/blue until 2026-12-01T10:00:00Z`. */
export function describeKeptAddress({ keptFor, until }: KeptAddress): string {
  return describeKept(keptFor, until)
}

/**
 * Why a person must not release an address: the Cluster that has the name now uses it, and is about to take the claim over.
 * Undefined if nothing is in the way.
 */
export function whyNotReleasable(
  { address, keptFor }: KeptAddress,
  present: Cluster | undefined,
): string | undefined {
  if (present === undefined || address === undefined) return undefined
  if (!addressesNamedIn(present).includes(canonicalAddress(address))) return undefined
  return `Cluster ${formatKey(keptFor)} (uid ${present.uid}) has ${address}, and takes its claim over`
}
