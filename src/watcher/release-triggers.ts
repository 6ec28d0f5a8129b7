import {
  clusterOwning,
  ownershipOf,
  type ClusterIdentity,
  type IPAddressClaim,
} from '../domain/model/claim.ts'
import type { Cluster } from '../domain/model/cluster.ts'
import { duplicateAddressesOf } from '../domain/allocation/duplicate-addresses.ts'
import type { IPPool } from '../domain/model/pool.ts'
import { retainedClaimOf } from '../domain/model/retained-claim.ts'
import { deleteForMoveAnnotation, keptUntilAnnotation } from '../domain/names.ts'
import { readableHeld, type HeldAddress } from '../domain/release/release.ts'
import { decideRetention } from '../domain/release/retention.ts'
import type { Role } from '../domain/role.ts'
import { recordedVip } from '../domain/allocation/ip-families.ts'
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

/**
 * The same for a claim that outlives its Cluster. Nobody deletes it meanwhile, so its time must begin soon; a run for nothing
 * waits until the Cluster is gone.
 */
const unknownClusterMs = 5_000

/**
 * Decides about a claim whose Cluster was deleted while no watcher ran, or just before the claim was created. A run that keeps
 * the claim sleeps, and is woken if there is something to do.
 *
 * @param pools those that the claim can be on
 */
export function releaseOfOrphan(
  { role, claim, ipAddress }: RoleBinding & { readonly claim: IPAddressClaim },
  present: Cluster | undefined,
  pools: () => readonly IPPool[],
  now: number,
): ReleaseRequest | undefined {
  const deleted = deletedOwnerOf(claim, present)
  if (deleted === undefined) return undefined
  const youngMs = retainedClaimOf(claim) === undefined ? unknownOwnerMs : unknownClusterMs
  const isYoung = now - Date.parse(claim.creationTimestamp) < youngMs
  if (isYoung && !claim.isDeleting && !(keptUntilAnnotation in claim.annotations)) return undefined
  const held = readableHeld([heldBy(role, claim, ipAddress)])
  const request = { action: 'start-release', deleted, held, again: true } as const
  if (retainedClaimOf(claim) === undefined) return { ...request, reason: 'claim without its Cluster' }
  const { decision } = decideRetention({ claim, address: ipAddress?.address, pools: pools(), present, now })
  return decision === 'mark' || decision === 'release'
    ? { ...request, wakes: true, reason: 'claim to be kept or released' }
    : { ...request, reason: 'claim kept without its Cluster' }
}

/** Decides about a claim that has changed: if it was kept for one Cluster and is another one's now, a run has to know. */
export function releaseOfChangedClaim(
  claim: IPAddressClaim,
  previous: IPAddressClaim | undefined,
): ReleaseRequest | undefined {
  const before = previous && retainedClaimOf(previous)?.keptFor
  if (before === undefined || clusterOwning(claim)?.uid === before.uid) return undefined
  return { action: 'signal-release', deleted: before, reason: 'claim has been handed over' }
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
