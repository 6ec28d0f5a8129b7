import {
  done,
  observe,
  refuse,
  wait,
  type Action,
  type ActionOf,
  type BoundClaim,
  type ObservedCluster,
  type PoolChoice,
  has,
} from './action.ts'
import { claimAnnotationsFor, discardMadeBefore, otherThanAskedAction } from './asked-choice.ts'
import { presentVip } from './cluster-patch.ts'
import { describeHolders, holdersOf, isFree } from './duplicate-addresses.ts'
import { poolRequestFor } from './eligibility.ts'
import { keptClaimAction } from './kept-for-cluster.ts'
import {
  asksToReserve,
  whyReservingUnreadable,
  whyUnreserved,
  poolToReserveFrom,
} from './reserved-endpoint.ts'
import { annotated } from './tried-pools.ts'
import { deleteUselessClaim, unboundClaimAction } from './unbound-claim.ts'
import { holdsVip, mayBeNamedBy, mayHoldVip } from './unowned-claim.ts'
import { confirmsVip } from './vip-condition.ts'
import { describeVip, isExternallyOwned, isUnusedRecord, vipOwnershipOf } from './vip-ownership.ts'
import { addressIn, pairFamily, type VipRole } from './vip-role.ts'
import { canonicalAddress, familyOfAddress } from '../model/address-text.ts'
import {
  claimNameFor,
  longerClaimNameFor,
  missingLabels,
  newClaimNameFor,
  ownershipOf,
  retainedFor,
  type IPAddressClaim,
} from '../model/claim.ts'
import type { Cluster } from '../model/cluster.ts'
import { addressOfPool } from '../model/ip-address.ts'
import { formatKey } from '../model/object-meta.ts'
import { findPoolKind } from '../model/pool-kind.ts'
import { poolKindsOf } from '../model/pool-kinds.ts'
import { findPool, formatPool, poolRefTo, type IPPoolReference } from '../model/pool.ts'
import { retaining, retainOf } from '../model/retain.ts'
import { retainChangeOf } from '../model/retained-claim.ts'
import { ipFamiliesAnnotation } from '../names.ts'
import { withAddition } from '../quote.ts'
import { whyKept } from '../release/kept-claim.ts'
import { isOrphanOf } from '../release/release.ts'
import { roleSpecs } from '../role.ts'
import { isNewVip } from './vip-variables.ts'
import { reselection, choiceAction } from './choose-pool.ts'
import { externalAction, givenElsewhereAction, type Held } from './assign-action.ts'

export type AddressAction = Action | Held

/** What to do until a claim holds one address of the VIP. */
export function addressAction(observed: ObservedCluster, vip: VipRole): AddressAction {
  const { cluster, claim } = observed
  const ownership = vipOwnershipOf(cluster, vip)
  if (claim !== undefined && ownershipOf(claim, cluster).owner === 'this-cluster') {
    // Nothing follows a claim that was given back, and its pool may keep it for long.
    const isGivenBack = claim.isDeleting && isExternallyOwned(ownership)
    if (!isGivenBack) return ownClaimAction(observed, vip, claim)
  }
  if (claim !== undefined && mayHoldVip(cluster, vip, claim)) {
    if (!has(observed, 'ipAddress')) return observe('ipAddress')
    if (holdsVip(cluster, vip, observed)) return { action: 'adoptClaim', claim, ...pairFamily(vip) }
  }
  switch (ownership.state) {
    case 'external':
    case 'incomplete':
      return typedAction(observed, vip)
    default:
      return claim === undefined
        ? newClaimAction(observed, vip, claimNameFor(cluster, vip.part))
        : foreignClaimAction(observed, vip, claim)
  }
}

/** Somebody else has set the VIP. It has its address reserved, if it asks for that. */
function typedAction(observed: ObservedCluster, vip: VipRole): Action {
  const words = 'and not from a claim of ours; no address is taken'
  const action = externalAction(observed, vip, words)
  if (action.action !== 'done') return action
  const { cluster, claim, pools, choice, unreadable } = observed
  const fault = vip.isEndpoint ? whyReservingUnreadable(cluster) : undefined
  if (fault !== undefined) {
    return externalAction(observed, vip, withAddition(words, `it is not reserved: ${fault}`))
  }
  if (!asksToReserve(cluster, vip.role) || unreadable?.pools !== undefined) return action
  if (choice?.restore !== undefined && claim === undefined) {
    return newClaimAction(observed, vip, claimNameFor(cluster, vip.part))
  }
  if (pools === undefined) return observe('pools')
  const request = poolRequestFor(cluster, vip.part, observed)
  const pool = poolToReserveFrom(cluster, vip, request, pools)
  if (pool === undefined) {
    return externalAction(observed, vip, withAddition(words, whyUnreserved(cluster, vip, request, pools)))
  }
  if (claim !== undefined) return foreignClaimAction(observed, vip, claim)
  if (observed.addressUse === undefined) return observe('addressUse')
  const { host } = cluster.controlPlaneEndpoint
  const holders = holdersOf(host, { cluster, part: vip.part }, observed.addressUse, observed.variables)
  if (!isFree(holders)) {
    const message = `${describeVip(cluster, vip)} of Cluster ${formatKey(cluster)} cannot be reserved in ${formatPool(pool)}: it is ${describeHolders(holders)}; give one of them another address`
    return wait('DuplicateAddress', message)
  }
  const restore = addressOfPool(pool, host)
  return {
    action: 'selectPool',
    choice: { poolRef: poolRefTo(pool), considered: [], restore, ...retaining(retainOf(pool)) },
  }
}

/** The Cluster has no claim: select a pool, then create the claim. A VIP that was ours before has to be the same again. */
function newClaimAction(observed: ObservedCluster, vip: VipRole, claimName: string): Action {
  const { cluster, choice } = observed
  const elsewhere = givenElsewhereAction(cluster, vip, [])
  if (elsewhere !== undefined) return elsewhere
  if (choice === undefined) return choiceAction(observed, vip)
  const { poolRef, restore } = choice
  const other = reselection(observed, vip, choice)
  if (other !== undefined) return other
  if (restore === undefined) {
    const asking = claimAnnotationsFor(cluster, vip, poolRef)
    return createClaim(observed, vip, poolRef, claimName, asking)
  }
  if (!has(observed, 'namedAddress')) return observe('namedAddress')
  const { namedAddress: present } = observed
  if (present === undefined) return { action: 'restoreAddress', address: restore, claimName }
  const isRestored =
    canonicalAddress(present.address) === canonicalAddress(restore.address) &&
    formatPool(present.poolRef) === formatPool(poolRef)
  if (isRestored && !present.isDeleting) return createClaim(observed, vip, poolRef, claimName)
  const discarded = discardMadeBefore(present)
  if (discarded !== undefined) return discarded
  const message = `IPAddress ${formatKey(present)} with ${present.address} has to go before ${restore.address} can be had again`
  return wait('WaitingForAddress', message)
}

function createClaim(
  observed: ObservedCluster,
  vip: VipRole,
  poolRef: IPPoolReference,
  claimName: string,
  asking: PoolChoice['annotations'] = {},
): ActionOf<'createClaim'> {
  const retain = retaining(retainFor(observed, poolRef))
  const annotations = annotated({ ...observed.choice?.annotations, ...asking })
  return { action: 'createClaim', poolRef, claimName, ...retain, ...annotations, ...pairFamily(vip) }
}

/** What a claim on this pool has to be made for; undefined: nobody knows. */
function retainFor({ pools, choice }: ObservedCluster, poolRef: IPPoolReference): string | undefined {
  const pool = pools && findPool(pools, poolRef)
  return pool === undefined ? choice?.retain : retainOf(pool)
}

/** A claim of our name that is not this Cluster's: adopt it, wait until it is gone, or leave it alone. */
function foreignClaimAction(observed: ObservedCluster, vip: VipRole, claim: IPAddressClaim): Action {
  if (claim.isDeleting) return dyingClaimAction(observed, vip, claim)
  const { cluster } = observed
  const name = `IPAddressClaim ${formatKey(claim)}`
  const ownership = ownershipOf(claim, cluster)
  switch (ownership.owner) {
    case 'this-cluster':
    case 'nobody':
      return { action: 'adoptClaim', claim, ...pairFamily(vip) }
    case 'previous-cluster': {
      const { uid: previousUid } = ownership
      if (retainedFor(claim) !== undefined) {
        const claimName = newClaimNameFor(cluster, vip.part, claim)
        return keptClaimAction(observed, vip, claim) ?? newClaimAction(observed, vip, claimName)
      }
      const because = `${name} belongs to the former Cluster ${formatKey(cluster)} (uid ${previousUid}); a new one follows when it is gone`
      return isOrphanOf(previousUid, claim, cluster)
        ? { action: 'discardClaim', claim, previousUid, because }
        : wait('WaitingForAddress', because)
    }
    case 'other': {
      const message = `${name} belongs to ${ownership.description} and is left alone; delete or rename it so that Cluster ${formatKey(cluster)} can have a claim of this name`
      return refuse('ClaimConflict', message)
    }
    default:
      return ownership satisfies never
  }
}

/** If something keeps the claim of a previous Cluster, the new one has a longer name. A lost VIP waits: the dying claim may hold it. */
function dyingClaimAction(observed: ObservedCluster, vip: VipRole, claim: IPAddressClaim): Action {
  const { cluster, pools } = observed
  const isPrevious = ownershipOf(claim, cluster).owner === 'previous-cluster'
  if (!isPrevious || vipOwnershipOf(cluster, vip).state !== 'unset') return waitUntilGone(claim)
  if (pools === undefined) return observe('pools')
  return whyKept(claim, pools) === undefined
    ? waitUntilGone(claim)
    : newClaimAction(observed, vip, longerClaimNameFor(cluster, vip.part))
}

function ownClaimAction(observed: ObservedCluster, vip: VipRole, claim: IPAddressClaim): AddressAction {
  if (claim.isDeleting) return waitUntilGone(claim)
  if (mayBeNamedBy(observed.cluster, vip, claim)) {
    // It gets no label, by which it would be one of ours.
    const words = `and IPAddressClaim ${formatKey(claim)} of before keeps its address, since that name may lead to it; delete the claim if it does not`
    return externalAction(observed, vip, words)
  }
  const retain = retainChangeOf(claim, retainFor(observed, claim.poolRef))
  if (retain !== undefined) return { action: 'convertClaim', claim, retain }
  const labels = missingLabels(claim, observed.cluster, vip.part, pairFamily(vip).family)
  if (labels !== undefined) return { action: 'labelClaim', claim, labels }
  if (claim.addressName === undefined) return unboundClaimAction(observed, vip, claim)
  if (!has(observed, 'ipAddress')) return observe('ipAddress')
  const { ipAddress } = observed
  if (ipAddress === undefined) {
    const address = formatKey({ namespace: claim.namespace, name: claim.addressName })
    return wait('WaitingForAddress', `IPAddress ${address} is not there yet`)
  }
  return boundClaimAction(observed, vip, { claim, ipAddress })
}

/** The claim has an address, unless the Cluster has another one, or another one is asked for. */
function boundClaimAction(observed: ObservedCluster, vip: VipRole, bound: BoundClaim): AddressAction {
  const { cluster } = observed
  const { address } = bound.ipAddress
  const isInPlace = addressIn(cluster, vip) !== ''
  // Nothing but its record shows the second address of a pair, and anybody can type that.
  const isMistyped = vip.first !== undefined && isInPlace && confirmsVip(cluster, vip.part, address)
  const isNew = isNewVip(cluster, vip, address) && !isMistyped
  if (isNew && isInPlace && !isUnusedRecord(cluster, vip)) return otherVipAction(cluster, vip, bound)
  const other = isNew
    ? (otherFamilyAction(observed, vip, bound) ?? otherThanAskedAction(cluster, vip, bound))
    : undefined
  return other ?? { action: 'hold', vip, bound, isNew }
}

/** A new VIP follows the families that are asked for, whatever its claim was made for. */
function otherFamilyAction(
  observed: ObservedCluster,
  vip: VipRole,
  { claim, ipAddress: { address } }: BoundClaim,
): Action | undefined {
  const { cluster } = observed
  const family = familyOfAddress(address)
  if (vip.family === undefined || family === undefined || family === vip.family) return undefined
  if (vipOwnershipOf(cluster, vip).state !== 'unset') return undefined
  const because = `IPAddressClaim ${formatKey(claim)} holds ${address}, and an ${vip.family} address is asked for by ${ipFamiliesAnnotation}`
  if (findPoolKind(poolKindsOf(observed), claim.poolRef) !== undefined) {
    return { action: 'deleteClaim', claim, because, outcome: 'restart' }
  }
  const { poolAnnotation } = roleSpecs[vip.role]
  return refuse(
    'AllocationFailed',
    `${because}; name a pool with ${vip.family} addresses in the annotation ${poolAnnotation}, and delete the claim`,
  )
}

/** A VIP never changes once set. The claim is deleted, unless machines may still use its address. */
function otherVipAction(cluster: Cluster, vip: VipRole, { claim, ipAddress }: BoundClaim): Action {
  const message = `Cluster ${formatKey(cluster)} has ${describeVip(cluster, vip)} already; ${ipAddress.address} is not assigned`
  const ownership = vipOwnershipOf(cluster, vip)
  return ownership.state === 'managed' || isExternallyOwned(ownership)
    ? deleteUselessClaim(cluster, vip, claim, message)
    : { ...done('EndpointAlreadySet', message), vip: presentVip(cluster, vip) }
}

function waitUntilGone(claim: IPAddressClaim): Action {
  const message = `IPAddressClaim ${formatKey(claim)} is being deleted; a new one follows when it is gone`
  return wait('WaitingForAddress', message)
}
