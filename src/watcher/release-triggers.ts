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
import { recordedVip } from '../domain/allocation/vip-role.ts'
import type { ClaimBinding } from '../domain/allocation/snapshot.ts'
import type { ReleaseRequest } from './workflow-request.ts'

/** The claim of one role, with its IPAddress. */
export type RoleBinding = ClaimBinding & { readonly role: Role }

/** Decides about a deleted Cluster. There is nothing to confirm if it had nothing of ours, or has moved elsewhere. */
export function releaseOfDeleted(
  cluster: Cluster,
  bindings: readonly RoleBinding[],
): ReleaseRequest | undefined {
  if (deleteForMoveAnnotation in cluster.annotations) return undefined
  const claimed = bindings.flatMap(({ role, claim, ipAddress }) =>
    claim !== undefined && ownershipOf(claim, cluster).owner === 'this-cluster'
      ? [heldBy(role, claim, ipAddress)]
      : [],
  )
  const reserved = duplicateAddressesOf(cluster).map((address) => ({ role: 'reservation', address }) as const)
  const held = [...claimed, ...reserved]
  if (held.length === 0 && !bindings.some(({ role }) => recordedVip(cluster, role) !== undefined)) {
    return undefined
  }
  const { namespace, name, uid } = cluster
  const deleted = { namespace, name, uid }
  return {
    action: 'start-release',
    deleted,
    held: readableHeld(held),
    again: false,
    reason: 'Cluster is gone',
  }
}

/** Milliseconds for which a claim may be in the cache before its Cluster is: each kind has its own watch. */
const unknownOwnerMs = 60_000

/** Decides about a claim whose Cluster was deleted while no watcher ran, or just before the claim was created. */
export function releaseOfOrphan(
  { role, claim, ipAddress }: RoleBinding & { readonly claim: IPAddressClaim },
  present: Cluster | undefined,
  now: number,
): ReleaseRequest | undefined {
  const deleted = deletedOwnerOf(claim, present)
  if (deleted === undefined) return undefined
  const isYoung = now - Date.parse(claim.creationTimestamp) < unknownOwnerMs
  if (isYoung && !claim.isDeleting) return undefined
  const held = readableHeld([heldBy(role, claim, ipAddress)])
  return { action: 'start-release', deleted, held, again: true, reason: 'claim without its Cluster' }
}

/** Decides about a deleted claim: the run that waits for that can end. */
export function releaseOfDeletedClaim(
  claim: IPAddressClaim,
  present: Cluster | undefined,
): ReleaseRequest | undefined {
  const deleted = deletedOwnerOf(claim, present)
  return deleted && { action: 'signal-release', deleted, reason: 'claim is gone' }
}

/** @param present the Cluster that has the name now */
function deletedOwnerOf(claim: IPAddressClaim, present: Cluster | undefined): ClusterIdentity | undefined {
  const owner = clusterOwning(claim)
  return owner?.uid === present?.uid ? undefined : owner
}

function heldBy(role: Role, claim: IPAddressClaim, ipAddress: ClaimBinding['ipAddress']): HeldAddress {
  return { role, claim: claim.name, ...(ipAddress !== undefined && { address: ipAddress.address }) }
}
