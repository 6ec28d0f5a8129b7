import { canonicalAddress } from './address.ts'
import { vipOf, type AddressFacts, type ClaimFacts, type Facts } from './facts.ts'
import { bothRoles, reservedByLabel, roleKey } from './names.ts'
import type { Violation } from './violation.ts'
import type { World } from './world.ts'

/**
 * I4: nothing outlives what it was made for. Every claim with our label, every IPAddress behind a claim of ours, and
 * every reservation belongs to a Cluster that exists by uid; one that is being deleted still exists. A reservation
 * also needs its reason: another Cluster or an IPAddress that is no reservation holds the address. Reservations are no
 * reason for each other, or two of them would keep an address out of use for ever. A Cluster that is paused or being
 * deleted keeps its reservations as they are: we may not touch it.
 */
export function leaks(world: World): readonly Violation[] {
  return [
    ...world.claims.filter(isOurs).flatMap((claim) => orphaned('IPAddressClaim', claim, world)),
    ...world.addresses.flatMap((address) =>
      isReservation(address) ? reservationLeaks(address, world) : addressLeaks(address, world),
    ),
  ]
}

function isOurs(claim: ClaimFacts): boolean {
  return roleKey in claim.labels
}

function isReservation(address: AddressFacts): boolean {
  return reservedByLabel in address.labels
}

function orphaned(kind: string, object: Facts, { clusters }: World): readonly Violation[] {
  if (clusters.some(({ uid }) => object.clusterOwners.includes(uid))) return []
  const owners = object.clusterOwners.map((uid) => `Cluster uid ${uid}, which does not exist`)
  return [
    {
      invariant: 'I4',
      message: `${kind} ${object.key} (uid ${object.uid}) is left over, owned by ${owners.join(', ') || 'no Cluster'}`,
    },
  ]
}

function addressLeaks(address: AddressFacts, world: World): readonly Violation[] {
  if (!bothRoles.some(({ claimPrefix }) => address.claimName.startsWith(claimPrefix))) return []
  const key = `${address.namespace}/${address.claimName}`
  const claim = world.claims.find((claim) => claim.key === key)
  const what = `IPAddress ${address.key} (${address.address})`
  if (claim === undefined) {
    return [{ invariant: 'I4', message: `${what} is left over; its claim ${key} does not exist` }]
  }
  if (!isOurs(claim) || orphaned('', claim, world).length === 0) return []
  return [{ invariant: 'I4', message: `${what} is left over with its claim ${key}` }]
}

function reservationLeaks(reservation: AddressFacts, world: World): readonly Violation[] {
  const orphan = orphaned('reservation', reservation, world)
  if (orphan.length > 0) return orphan
  const owner = world.clusters.find(({ uid }) => reservation.clusterOwners.includes(uid))
  if (owner?.isPaused === true || owner?.isDeleting === true) return []
  const address = canonicalAddress(reservation.address)
  const isUsed = world.clusters
    .filter(({ uid }) => !reservation.clusterOwners.includes(uid))
    .some((cluster) => bothRoles.some((words) => canonicalAddress(vipOf(cluster, words)) === address))
  const isHeld = world.addresses.some(
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
