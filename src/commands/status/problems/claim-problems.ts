import { isFreeBeside } from '../../../domain/allocation/duplicate-addresses.ts'
import { poolsIn, type Snapshot } from '../../../domain/allocation/snapshot.ts'
import {
  clusterNameOf,
  ownerClustersOf,
  roleOfOwnClaim,
  type IPAddressClaim,
} from '../../../domain/model/claim.ts'
import type { Cluster } from '../../../domain/model/cluster.ts'
import { inUseAnswerOf, isReservation, type IPAddress } from '../../../domain/model/ip-address.ts'
import { formatKey, isStuck, type ObjectMeta } from '../../../domain/model/object-meta.ts'
import { findPoolKind } from '../../../domain/model/pool-kind.ts'
import { poolKindsOf } from '../../../domain/model/pool-kinds.ts'
import { formatPool, placeOf, poolPlacesOf } from '../../../domain/model/pool.ts'
import { isInGracePeriod } from '../../../domain/release/kept-claim.ts'
import { deleteCommand, refer, type Problem, type ProblemContext } from './problem.ts'

/** Claims of ours that name a pool which does not exist, and those whose deletion is stuck. Leaked ones are found as such. */
export function claimProblems({ snapshot, orphaned, queries, now }: ProblemContext): readonly Problem[] {
  const claims = [...snapshot.claims.values()].filter(
    (claim) => roleOfOwnClaim(claim) !== undefined && !orphaned.has(claim),
  )
  const pools = new Set(poolsIn(snapshot).map(placeOf))
  // The pools of other providers have not been read, nor those that we may not list.
  const isPoolUnknown = (claim: IPAddressClaim): boolean => {
    const poolKind = findPoolKind(poolKindsOf(queries.settings), claim.poolRef)
    if (poolKind === undefined || snapshot.unlistedPools?.has(poolKind.kind) === true) return false
    return !poolPlacesOf(claim).some((place) => pools.has(place))
  }
  return [
    ...claims.filter(isPoolUnknown).map(unknownPool),
    ...claims.filter((claim) => isHeld(claim, snapshot, now)).map(stuckClaim),
  ]
}

/** Whether something holds a claim that is being deleted, other than the grace period of its pool. */
function isHeld(claim: IPAddressClaim, snapshot: Snapshot, now: number): boolean {
  return isStuck(claim, now) && !isInGracePeriod(claim, poolsIn(snapshot), now)
}

function unknownPool(claim: IPAddressClaim): Problem {
  const reference = refer('IPAddressClaim', claim)
  const pool = formatPool(claim.poolRef)
  const message = `IPAddressClaim ${formatKey(claim)} is on ${pool}, which does not exist`
  const next =
    claim.addressName === undefined
      ? `create ${pool}, or have another pool chosen: ${deleteCommand(reference)}`
      : `create ${pool} again with the addresses it had, so that nobody else is given them`
  return { kind: 'UnknownPool', objects: [reference], message, next }
}

function stuckClaim(claim: IPAddressClaim): Problem {
  const message = `IPAddressClaim ${formatKey(claim)} is being deleted since ${claim.deletionTimestamp ?? 'long ago'}; its Cluster gets no new one before it is gone`
  return {
    kind: 'StuckClaim',
    objects: [refer('IPAddressClaim', claim)],
    message,
    next: showFinalizers(claim),
  }
}

/** Claims, IPAddresses and reservations of ours whose Cluster is gone, and reservations that keep nobody away. */
export function leakProblems(context: ProblemContext): readonly Problem[] {
  const { snapshot, orphaned, now } = context
  // An object that is being deleted is about to go, unless something holds it.
  const isStaying = (object: ObjectMeta): boolean => !object.isDeleting || isStuck(object, now)
  return [
    ...[...orphaned].filter((claim) => !claim.isDeleting || isHeld(claim, snapshot, now)).map(leakedClaim),
    ...[...snapshot.ipAddresses.values()]
      .filter((ipAddress) => isStaying(ipAddress) && snapshot.unlisted?.has(ipAddress.namespace) !== true)
      .flatMap((ipAddress) =>
        isReservation(ipAddress) ? leakedReservation(context, ipAddress) : leakedAddress(context, ipAddress),
      ),
  ]
}

function leakedClaim(claim: IPAddressClaim): Problem {
  const reference = refer('IPAddressClaim', claim)
  const held =
    claim.addressName === undefined
      ? 'and waits for an address'
      : `and keeps IPAddress ${claim.addressName} of ${formatPool(claim.poolRef)}`
  const message = `IPAddressClaim ${formatKey(claim)} is left over from ${describeOwner(claim)} ${held}`
  const next = claim.isDeleting ? showFinalizers(claim) : deleteCommand(reference)
  return { kind: 'LeakedClaim', objects: [reference], message, next }
}

/** An IPAddress that restores a VIP is created before its claim: its owner exists. */
function leakedAddress(
  { snapshot, owners, queries }: ProblemContext,
  ipAddress: IPAddress,
): readonly Problem[] {
  const { namespace, claimName, labels, address, poolRef } = ipAddress
  const clusterName = clusterNameOf(claimName, labels)
  if (clusterName === undefined || queries.claimOf(ipAddress) !== undefined) return []
  if (ownerAmong(owners, ipAddress) !== undefined) return []
  const reference = refer('IPAddress', ipAddress)
  const message = `IPAddress ${formatKey(ipAddress)} keeps ${address} of ${formatPool(poolRef)} for claim ${claimName}, which does not exist`
  const cluster = formatKey({ namespace, name: clusterName })
  const next = snapshot.clusters.has(cluster)
    ? `capi-vip-allocator status ${cluster}`
    : deleteCommand(reference)
  return [{ kind: 'LeakedAddress', objects: [reference], message, next }]
}

function leakedReservation(context: ProblemContext, reservation: IPAddress): readonly Problem[] {
  const { owners, addressUse, queries } = context
  const { address, poolRef } = reservation
  const owner = ownerAmong(owners, reservation)
  const reference = refer('IPAddress', reservation)
  const what = `reservation ${formatKey(reservation)} keeps ${address} of ${formatPool(poolRef)} out of use`
  const next = deleteCommand(reference)
  if (owner === undefined) {
    const message = `${what} and is left over from ${describeOwner(reservation)}`
    return [{ kind: 'LeakedReservation', objects: [reference], message, next }]
  }
  const answer = inUseAnswerOf(reservation)
  if (answer !== undefined) {
    const message = `${what}, since ${answer}`
    return [
      {
        kind: 'AddressInUse',
        objects: [reference, refer('Cluster', owner)],
        message,
        next: howToRelease(reservation),
      },
    ]
  }
  // By the same rule, a run of the Cluster releases it.
  if (!isFreeBeside(owner, address, addressUse, queries.settings.variables)) return []
  const objects = [reference, refer('Cluster', owner)]
  return [{ kind: 'LeakedReservation', objects, message: `${what}, which nobody else has any more`, next }]
}

function howToRelease({ address, poolRef }: IPAddress): string {
  return `find the host that has ${address}, and exclude the address from ${formatPool(poolRef)}; if nobody has it: capi-vip-allocator release ${address}`
}

function ownerAmong(owners: ProblemContext['owners'], object: ObjectMeta): Cluster | undefined {
  return ownerClustersOf(object)
    .map((uid) => owners.get(uid))
    .find((cluster) => cluster !== undefined)
}

function describeOwner(object: ObjectMeta): string {
  const [uid] = ownerClustersOf(object)
  return uid === undefined ? 'a Cluster that does not exist' : `a Cluster (uid ${uid}) that does not exist`
}

/** The command that shows who holds an object that is being deleted. */
function showFinalizers({ namespace, name }: IPAddressClaim): string {
  return `see what holds it: kubectl --namespace ${namespace} get ipaddressclaim ${name} --output jsonpath='{.metadata.finalizers}'`
}
