import { isReservation, type IPAddress } from '../../../domain/model/ip-address.ts'
import {
  clusterNameOf,
  ownerClustersOf,
  roleOfOwnClaim,
  type IPAddressClaim,
} from '../../../domain/model/claim.ts'
import type { Cluster } from '../../../domain/model/cluster.ts'
import { isFreeBeside } from '../../../domain/allocation/duplicate-addresses.ts'
import { deleteCommand, refer, type Problem, type ProblemContext } from './problem.ts'
import { isOrphaned } from '../../../domain/release/release.ts'
import { formatKey, isStuck, type ObjectMeta } from '../../../domain/model/object-meta.ts'
import { formatPool } from '../../../domain/model/pool.ts'
import { addressUseIn } from '../../../domain/allocation/snapshot.ts'

/** Claims, IPAddresses and reservations of ours whose Cluster is gone, and reservations that keep nobody away. */
export function leakProblems(context: ProblemContext): readonly Problem[] {
  const ipAddresses = [...context.known.ipAddresses.values()]
  return [
    ...[...context.known.claims.values()].flatMap((claim) => leakedClaim(context, claim)),
    ...ipAddresses
      .filter((ipAddress) => !isReservation(ipAddress))
      .flatMap((ipAddress) => leakedAddress(context, ipAddress)),
    ...ipAddresses.filter(isReservation).flatMap((reservation) => leakedReservation(context, reservation)),
  ]
}

/** Whether a claim of ours is left over from a Cluster. */
export function isLeaked(claim: IPAddressClaim, { owners, view }: ProblemContext): boolean {
  return roleOfOwnClaim(claim) !== undefined && isOrphaned(claim, owners, view.clusterOf(claim))
}

function ownerAmong(owners: ProblemContext['owners'], object: ObjectMeta): Cluster | undefined {
  return ownerClustersOf(object)
    .map((uid) => owners.get(uid))
    .find((cluster) => cluster !== undefined)
}

/** What is being deleted is on its way out, unless something holds it. */
function isGoing(object: ObjectMeta, now: number): boolean {
  return object.isDeleting && !isStuck(object, now)
}

function leakedClaim(context: ProblemContext, claim: IPAddressClaim): readonly Problem[] {
  if (!isLeaked(claim, context) || isGoing(claim, context.now)) return []
  const reference = refer('IPAddressClaim', claim)
  const held =
    claim.addressName === undefined
      ? 'and waits for an address'
      : `and keeps IPAddress ${claim.addressName} of ${formatPool(claim.poolRef)}`
  return [
    {
      kind: 'LeakedClaim',
      objects: [reference],
      message: `IPAddressClaim ${formatKey(claim)} is left over from ${describeOwner(claim)} ${held}`,
      next: claim.isDeleting ? showFinalizers(claim) : deleteCommand(reference),
    },
  ]
}

/** Made before its claim, the IPAddress that restores a VIP has an owner that exists. */
function leakedAddress(context: ProblemContext, ipAddress: IPAddress): readonly Problem[] {
  const { known, owners, view, now } = context
  const clusterName = clusterNameOf(ipAddress.claimName)
  if (clusterName === undefined || view.claimOf(ipAddress) !== undefined || isGoing(ipAddress, now)) return []
  if (ownerAmong(owners, ipAddress) !== undefined) return []
  const namesake = known.clusters.get(formatKey({ namespace: ipAddress.namespace, name: clusterName }))
  const reference = refer('IPAddress', ipAddress)
  return [
    {
      kind: 'LeakedAddress',
      objects: [reference],
      message: `IPAddress ${formatKey(ipAddress)} keeps ${ipAddress.address} of ${formatPool(ipAddress.poolRef)} for claim ${ipAddress.claimName}, which does not exist`,
      next:
        namesake === undefined
          ? deleteCommand(reference)
          : `capi-vip-allocator status ${formatKey(namesake)}`,
    },
  ]
}

function leakedReservation(context: ProblemContext, reservation: IPAddress): readonly Problem[] {
  if (isGoing(reservation, context.now)) return []
  const owner = ownerAmong(context.owners, reservation)
  const reference = refer('IPAddress', reservation)
  const what = `reservation ${formatKey(reservation)} keeps ${reservation.address} of ${formatPool(reservation.poolRef)} out of use`
  const next = deleteCommand(reference)
  if (owner === undefined) {
    const message = `${what} and is left over from ${describeOwner(reservation)}`
    return [{ kind: 'LeakedReservation', objects: [reference], message, next }]
  }
  // The rule by which a run of its Cluster lets it go.
  const isFree = isFreeBeside(owner, reservation.address, addressUseIn(context.known), context.variables)
  if (!isFree) return []
  const message = `${what}, which nobody else has any more`
  return [{ kind: 'LeakedReservation', objects: [reference, refer('Cluster', owner)], message, next }]
}

function describeOwner(object: ObjectMeta): string {
  const [uid] = ownerClustersOf(object)
  return uid === undefined ? 'a Cluster that does not exist' : `a Cluster (uid ${uid}) that does not exist`
}

/** Who holds an object that is being deleted. */
export function showFinalizers({ namespace, name }: IPAddressClaim): string {
  return `see what holds it: kubectl --namespace ${namespace} get ipaddressclaim ${name} --output jsonpath='{.metadata.finalizers}'`
}
