import { canonicalAddress } from './address.ts'
import { addressesOf, type AddressFacts, type ClaimFacts, type Facts } from './facts.ts'
import { bothRoles, inUseAnnotation, keptUntilAnnotation, reservedByLabel, roleKey } from './names.ts'
import type { Violation } from './violation.ts'
import type { SnapshotFacts } from './snapshot-facts.ts'

/**
 * I4: nothing outlives its purpose. Every claim with our label, every IPAddress of such a claim, and every
 * reservation belongs to a Cluster that exists by uid, if only in deletion. A reservation also needs a reason:
 * another Cluster, or an IPAddress that is no reservation, holds the address, or something answered there when it was probed. Otherwise two reservations could keep
 * an address out of use for ever. A paused or deleting Cluster keeps its reservations, because we must not write to
 * it. A claim that is kept for a Cluster that is gone is no leak until its time is over.
 */
export function leaks(facts: SnapshotFacts): readonly Violation[] {
  return [
    ...facts.claims.filter(isOurs).flatMap((claim) => orphaned('IPAddressClaim', claim, facts)),
    ...facts.addresses.flatMap((address) =>
      isReservation(address) ? reservationLeaks(address, facts) : addressLeaks(address, facts),
    ),
  ]
}

function isOurs(claim: ClaimFacts): boolean {
  return roleKey in claim.labels
}

function isReservation(address: AddressFacts): boolean {
  return reservedByLabel in address.labels
}

/** Clocks differ by no more than this, and a release takes no longer. */
const overdueAfterMs = 10_000

function isKept({ annotations }: Facts): boolean {
  const until = annotations[keptUntilAnnotation]
  return until === 'always' || (until !== undefined && Date.now() - Date.parse(until) < overdueAfterMs)
}

function orphaned(kind: string, object: Facts, { clusters }: SnapshotFacts): readonly Violation[] {
  if (clusters.some(({ uid }) => object.clusterOwners.includes(uid)) || isKept(object)) return []
  const owners = object.clusterOwners.map((uid) => `Cluster uid ${uid}, which does not exist`)
  return [
    {
      invariant: 'I4',
      message: `${kind} ${object.key} (uid ${object.uid}) is left over, owned by ${owners.join(', ') || 'no Cluster'}`,
    },
  ]
}

function addressLeaks(address: AddressFacts, facts: SnapshotFacts): readonly Violation[] {
  const prefixes = bothRoles.flatMap(({ claimPrefix, secondClaimPrefix }) => [claimPrefix, secondClaimPrefix])
  if (!prefixes.some((prefix) => address.claimName.startsWith(prefix))) return []
  // We must not write to a paused Cluster, whose claim would have come next.
  const owner = facts.clusters.find(({ uid }) => address.clusterOwners.includes(uid))
  if (owner?.isPaused === true || owner?.isDeleting === true) return []
  const key = `${address.namespace}/${address.claimName}`
  const claim = facts.claims.find((claim) => claim.key === key)
  const what = `IPAddress ${address.key} (${address.address})`
  if (claim === undefined) {
    return [{ invariant: 'I4', message: `${what} is left over; its claim ${key} does not exist` }]
  }
  if (!isOurs(claim) || orphaned('', claim, facts).length === 0) return []
  return [{ invariant: 'I4', message: `${what} is left over with its claim ${key}` }]
}

function reservationLeaks(reservation: AddressFacts, facts: SnapshotFacts): readonly Violation[] {
  const orphan = orphaned('reservation', reservation, facts)
  if (orphan.length > 0) return orphan
  if (inUseAnnotation in reservation.annotations) return []
  const owner = facts.clusters.find(({ uid }) => reservation.clusterOwners.includes(uid))
  if (owner?.isPaused === true || owner?.isDeleting === true) return []
  const address = canonicalAddress(reservation.address)
  const isUsed = facts.clusters
    .filter(({ uid }) => !reservation.clusterOwners.includes(uid))
    .some((cluster) =>
      bothRoles
        .flatMap((words) => addressesOf(cluster, words))
        .some((used) => canonicalAddress(used) === address),
    )
  const isHeld = facts.addresses.some(
    (other) => !isReservation(other) && canonicalAddress(other.address) === address,
  )
  if (isUsed || isHeld) return []
  return [
    {
      invariant: 'I4',
      message: `reservation ${reservation.key} keeps ${reservation.address} out of use, which no other Cluster and no other IPAddress has`,
    },
  ]
}
