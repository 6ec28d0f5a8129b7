import {
  clusterOwning,
  ownershipOf,
  type ClusterIdentity,
  type IPAddressClaim,
} from '../domain/model/claim.ts'
import type { Cluster } from '../domain/model/cluster.ts'
import { duplicateAddressesOf } from '../domain/allocation/duplicate-addresses.ts'
import { deleteForMoveAnnotation } from '../domain/names.ts'
import { readableHeld, type HeldAddress } from '../domain/release/release.ts'
import type { Role } from '../domain/role.ts'
import { recordedVip } from '../domain/allocation/vip-ownership.ts'
import type { ClaimBinding } from '../domain/allocation/snapshot.ts'

/**
 * What the watcher asks Temporal for where a Cluster is gone: `release` starts the run that confirms that nothing is
 * left, unless there is or was one; `recheck` has it look again, if there is one.
 */
export type ReleaseReaction =
  | {
      readonly act: 'release'
      readonly uid: string
      readonly held: readonly HeldAddress[]
      /** Something is known to be left: a run that has ended has not seen it. */
      readonly again: boolean
      readonly because: string
    }
  | { readonly act: 'recheck'; readonly uid: string; readonly because: string }

/** What is known of the VIP of one role. */
export type RoleHolding = ClaimBinding & { readonly role: Role }

/** Decides about a Cluster that is gone: nothing is to be confirmed where it had nothing of ours, or has moved elsewhere. */
export function reactToDeletion(
  cluster: Cluster,
  holdings: readonly RoleHolding[],
): ReleaseReaction | undefined {
  if (deleteForMoveAnnotation in cluster.annotations) return undefined
  const claimed = holdings.flatMap(({ role, claim, ipAddress }) =>
    claim !== undefined && ownershipOf(claim, cluster).owner === 'this-cluster'
      ? [{ role, claim: claim.name, ...(ipAddress !== undefined && { address: ipAddress.address }) }]
      : [],
  )
  const reserved = duplicateAddressesOf(cluster).map((address) => ({ role: 'reservation', address }) as const)
  const held = [...claimed, ...reserved]
  if (held.length === 0 && !holdings.some(({ role }) => recordedVip(cluster, role) !== undefined)) {
    return undefined
  }
  const { uid } = cluster
  return { act: 'release', uid, held: readableHeld(held), again: false, because: 'Cluster is gone' }
}

/** A claim of ours with the Cluster that owns it, and what is known besides. */
export interface OwnedClaim {
  readonly owner: ClusterIdentity
  readonly reaction: ReleaseReaction
}

/** Milliseconds for which a claim may be known before its Cluster is: each kind is heard of on its own. */
const unknownOwnerMs = 60_000

/**
 * Decides about a claim whose Cluster is not known: it was deleted while nobody watched, or after that the claim was made.
 *
 * @param known the Cluster of the name
 * @param now milliseconds since the epoch
 */
export function reactToOrphan(
  { role, claim, ipAddress }: RoleHolding & { readonly claim: IPAddressClaim },
  known: Cluster | undefined,
  now: number,
): OwnedClaim | undefined {
  const owner = clusterOwning(claim)
  if (owner === undefined || owner.uid === known?.uid) return undefined
  const isYoung = now - Date.parse(claim.creationTimestamp) < unknownOwnerMs
  if (isYoung && !claim.isDeleting) return undefined
  const held = [{ role, claim: claim.name, ...(ipAddress !== undefined && { address: ipAddress.address }) }]
  const because = 'claim without its Cluster'
  return {
    owner,
    reaction: { act: 'release', uid: owner.uid, held: readableHeld(held), again: true, because },
  }
}

/** Decides about a claim that is gone: the run that waits for that can end. */
export function reactToClaimGone(claim: IPAddressClaim, known: Cluster | undefined): OwnedClaim | undefined {
  const owner = clusterOwning(claim)
  if (owner === undefined || owner.uid === known?.uid) return undefined
  return { owner, reaction: { act: 'recheck', uid: owner.uid, because: 'claim is gone' } }
}
