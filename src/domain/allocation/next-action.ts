import {
  done,
  observe,
  refuse,
  wait,
  type Action,
  type ActionOf,
  type BoundClaim,
  type Fact,
  type Observed,
  type ObservedCluster,
  type PoolChoice,
} from './action.ts'
import { askedAddressOf } from './asked-address.ts'
import {
  claimAnnotationsFor,
  discardMadeBefore,
  isForAsked,
  obstacleToAsked,
  otherThanAskedAction,
  selectForAsked,
} from './asked-choice.ts'
import { clusterPatchFor, formatVip, presentVip, type PatchedAddress } from './cluster-patch.ts'
import {
  describeHolders,
  duplicateAction,
  freeDuplicatesOf,
  holdersOf,
  isFree,
  networkOfAddress,
  reservesAddresses,
} from './duplicate-addresses.ts'
import { desireFor, poolRequestFor } from './eligibility.ts'
import { givesBackAlone, recordedVip, whyFamiliesUnreadable } from './ip-families.ts'
import { keptClaimAction } from './kept-for-cluster.ts'
import { whyNotUsable } from './pool-selection.ts'
import { asksToReserve, whyUnreserved, poolToReserveFrom } from './reserved-endpoint.ts'
import { decideRestoration } from './restoration.ts'
import { earlierFor, isLeftBy, isObserve, selectInTurn } from './select-in-turn.ts'
import { disagreementOf, whyGivenElsewhere } from './given-values.ts'
import { annotated, providerAnnotationsFor } from './tried-pools.ts'
import { deleteUselessClaim, unboundClaimAction } from './unbound-claim.ts'
import { holdsVip, mayBeNamedBy, mayHoldVip } from './unowned-claim.ts'
import { confirmsVip } from './vip-condition.ts'
import { describeVip, isExternallyOwned, isUnusedRecord, vipOwnershipOf } from './vip-ownership.ts'
import { forSecond, isOutOfReach, viewOfSecond } from './second-view.ts'
import {
  addressIn,
  asPair,
  foreignPoolOf,
  pairFamily,
  secondOf,
  vipRoleIn,
  type VipRole,
} from './vip-role.ts'
import {
  addressFamilyFrom,
  canonicalAddress,
  familyOfAddress,
  type AddressFamily,
} from '../model/address-text.ts'
import {
  claimNameFor,
  longerClaimNameFor,
  missingLabels,
  ownershipOf,
  retainedFor,
  type IPAddressClaim,
} from '../model/claim.ts'
import type { Cluster } from '../model/cluster.ts'
import { addressOfPool } from '../model/ip-address.ts'
import { formatKey, type NamespacedName } from '../model/object-meta.ts'
import { findPoolKind } from '../model/pool-kind.ts'
import { poolKindsOf } from '../model/pool-kinds.ts'
import { formatPool, isReferredTo, poolRefTo, type IPPool, type IPPoolReference } from '../model/pool.ts'
import { retaining, retainOf } from '../model/retain.ts'
import { retainChangeOf } from '../model/retained-claim.ts'
import { ipFamiliesAnnotation, ipFamilyLabel, queuePriorityAnnotation } from '../names.ts'
import { quoted, withAddition } from '../quote.ts'
import { whyKept } from '../release/kept-claim.ts'
import { isOrphanOf } from '../release/release.ts'
import { roleSpecs, secondPartOf, type Role } from '../role.ts'
import { queuePriorityOf } from './waiter.ts'
import { decideVariables, endpointPortOf, isNewVip, withVariables } from './vip-variables.ts'

/**
 * Decides the one thing to do next for a VIP of a Cluster. This is the whole table, top to bottom: activities perform the
 * action, and every command that explains or predicts a run asks the same function.
 *
 * @returns an `observe` if the decision needs a fact that has not been read
 */
export function nextAction(observed: Observed, role: Role): Action {
  const { key, cluster } = observed
  return cluster === undefined ? clusterGone(key) : actionForCluster({ ...observed, cluster }, role)
}

function actionForCluster(observed: ObservedCluster, role: Role): Action {
  const { cluster, choice, clusterClass, variables } = observed
  const name = `Cluster ${formatKey(cluster)}`
  if (cluster.isDeleting) return done('ClusterDeleted', `${name} is being deleted`)
  // The class says which variables have the VIP.
  if (cluster.topology !== undefined && !has(observed, 'clusterClass')) return observe('clusterClass')
  const found = vipRoleIn(cluster, role, variables, clusterClass)

  const release = choice === undefined && !cluster.isPaused ? releaseAction(observed) : undefined
  if (release !== undefined) return release
  // A run that has selected a pool has found the VIP desired.
  const desire = choice === undefined ? desireFor(cluster, role, observed) : { desired: 'yes' as const }
  if (desire.desired === 'depends') return observe(desire.fact)
  if (desire.desired === 'no') return notDesiredAction(observed, found, desire.message)
  if (cluster.isPaused) {
    return wait('ClusterPaused', `${name} is paused; nothing is written until it is unpaused`)
  }
  if (desire.desired === 'unreadable') return refuse('AllocationFailed', desire.message)

  const fault = whyFamiliesUnreadable(cluster, clusterClass)
  if (fault !== undefined && vipOwnershipOf(cluster, found).state === 'unset') {
    return refuse('AllocationFailed', fault)
  }
  const paired = found.secondFamily === undefined ? pairByClaims(observed, found) : found
  if ('action' in paired) return paired
  return vipAction(observed, paired)
}

/**
 * A VIP without record of a second address. Its claims show whether somebody has removed that from the record of a pair; a
 * second claim of any other VIP is of no use.
 */
function pairByClaims(observed: ObservedCluster, vip: VipRole): VipRole | Action {
  const { cluster, claim, clusterClass, second } = observed
  if (!isClaimOfPair(claim)) return vip
  if (second === undefined) return observe('second')
  const family = familyShownByClaims(observed, vip)
  if (family !== undefined) {
    if (!has(observed, 'ipAddress')) return observe('ipAddress')
    const address = addressIn(cluster, vip)
    const isOurs = canonicalAddress(observed.ipAddress?.address ?? '') === canonicalAddress(address)
    if (isOurs) return asPair(vip, address, family)
  }
  const isUnset = vipOwnershipOf(cluster, vip).state === 'unset'
  if (isUnset && cluster.topology !== undefined && clusterClass === undefined) {
    const message = `Cluster ${formatKey(cluster)} has the claim of a pair, and its ClusterClass, which may ask for one, does not exist`
    return wait('WaitingForAddress', message)
  }
  return deleteSecondClaim(observed, `Cluster ${formatKey(cluster)} has no use for a second address`) ?? vip
}

function isClaimOfPair(claim: IPAddressClaim | undefined): boolean {
  return claim !== undefined && ipFamilyLabel in claim.labels
}

/** The family of a second address that the claims of a VIP in place show, whatever its record says; undefined: they show none. */
export function familyShownByClaims(
  { cluster, claim, second }: ObservedCluster,
  vip: VipRole,
): AddressFamily | undefined {
  const other = second?.claim
  if (!isClaimOfPair(claim) || other?.addressName === undefined || addressIn(cluster, vip) === '') {
    return undefined
  }
  const isOwn = !other.isDeleting && ownershipOf(other, cluster).owner === 'this-cluster'
  return isOwn ? addressFamilyFrom(other.labels[ipFamilyLabel]) : undefined
}

/** Deletes the Cluster's claim for a second address, before anything else is decided. */
function deleteSecondClaim({ cluster, second }: ObservedCluster, because: string): Action | undefined {
  const claim = second?.claim
  if (claim === undefined || claim.isDeleting) return undefined
  if (ownershipOf(claim, cluster).owner !== 'this-cluster') return undefined
  return forSecond({ action: 'deleteClaim', claim, because, outcome: 'restart' })
}

/** A VIP is assigned when each of its addresses is held by a claim: a pair is whole or absent. */
function vipAction(observed: ObservedCluster, vip: VipRole): Action {
  const first = addressAction(observed, vip)
  const secondVip = secondOf(vip)
  if (secondVip === undefined) return first.action === 'hold' ? assignAction(observed, vip, [first]) : first
  const { cluster, clusterClass } = observed
  const isNew = vipOwnershipOf(cluster, vip).state === 'unset'
  const givesBack = isNew && givesBackAlone(cluster, clusterClass)
  if (first.action !== 'hold' && !givesBack) return first
  if (observed.second === undefined) return observe('second')
  const second = addressAction(viewOfSecond(withOwnRecord(observed, vip, first)), secondVip)
  if (givesBack) {
    const back = giveBackAction(observed, first, second)
    if (back !== undefined) return back
  }
  if (first.action !== 'hold') return first
  return second.action === 'hold'
    ? assignAction(observed, vip, [first, second])
    : waitingWith(secondVip, `${first.bound.ipAddress.address} is held meanwhile`, second)
}

/** If a claim holds the address in place, the record of another one is wrong, and the second address is still that of this VIP. */
function withOwnRecord(observed: ObservedCluster, vip: VipRole, first: AddressAction): ObservedCluster {
  const { cluster } = observed
  const second = recordedVip(cluster, secondPartOf(vip.role))
  if (first.action !== 'hold' || first.isNew || second === undefined) return observed
  const { vipAnnotation } = roleSpecs[vip.role]
  const record = { [vipAnnotation]: `${addressIn(cluster, vip)},${second}` }
  return { ...observed, cluster: { ...cluster, annotations: { ...cluster.annotations, ...record } } }
}

/** Holds neither address of a pair while one of them cannot be had. Undefined: both can. */
function giveBackAction(
  observed: ObservedCluster,
  first: AddressAction,
  second: AddressAction,
): Action | undefined {
  const { cluster, claim } = observed
  const missing = isOutOfReach(second) ? forSecond(second) : isOutOfReach(first) ? first : undefined
  if (missing === undefined) return undefined
  const because = `neither address of the pair is held while one cannot be had: ${missing.message}`
  const back = deleteSecondClaim(observed, because)
  if (back !== undefined) return back
  const isHeld =
    claim !== undefined && !claim.isDeleting && ownershipOf(claim, cluster).owner === 'this-cluster'
  if (isHeld) return { action: 'deleteClaim', claim, because, outcome: 'restart' }
  return { ...missing, message: because }
}

/** The second address of a pair is missing. @param meanwhile what becomes of the first one */
function waitingWith({ family }: VipRole, meanwhile: string, second: Action): Action {
  const action = forSecond(second)
  if (action.action !== 'wait' && action.action !== 'refuse') return action
  return {
    ...action,
    message: `for the ${family ?? 'second'} address of the pair: ${action.message}; ${meanwhile}`,
  }
}

/** A claim of the Cluster holds an address for the VIP. `isNew`: the Cluster does not have it yet. */
interface Held {
  readonly action: 'hold'
  readonly vip: VipRole
  readonly bound: BoundClaim
  readonly isNew: boolean
}

type AddressAction = Action | Held

/** What to do until a claim holds one address of the VIP. */
function addressAction(observed: ObservedCluster, vip: VipRole): AddressAction {
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

/** Somebody else has set the VIP: complete what it lacks. One that replaced ours stays as it is. */
function externalAction(observed: ObservedCluster, vip: VipRole, words: string): Action {
  const { cluster } = observed
  if (isExternallyOwned(vipOwnershipOf(cluster, vip))) {
    const patch = patchAction(observed, vip, [])
    if (patch.action === 'patchCluster') return patch
  }
  const present = presentVip(cluster, vip)
  const disagreement = disagreementOf(cluster, vip, present)
  const message = `Cluster ${formatKey(cluster)} has ${describeVip(cluster, vip)} already, ${words}`
  return {
    ...done('EndpointAlreadySet', withAddition(message, disagreement)),
    vip: present,
    disagreement,
  }
}

/** Claims that were made before the Cluster refused the VIP are deleted. */
function notDesiredAction(observed: ObservedCluster, vip: VipRole, message: string): Action {
  const { cluster, claim, second } = observed
  const end = done('NoMatchingPool', message)
  const mayBePair = vip.secondFamily !== undefined || isClaimOfPair(claim)
  if (mayBePair && second === undefined) return observe('second')
  const isUnset = vipOwnershipOf(cluster, vip).state === 'unset'
  const isUselessSecond = mayBePair && isUnset && !cluster.isPaused
  const back = isUselessSecond ? deleteSecondClaim(observed, message) : undefined
  if (back !== undefined) return back
  const isUseless =
    claim !== undefined &&
    !claim.isDeleting &&
    !cluster.isPaused &&
    ownershipOf(claim, cluster).owner === 'this-cluster' &&
    isUnset
  return isUseless ? { action: 'deleteClaim', claim, because: message, outcome: end } : end
}

/** There is no Cluster of this name. */
export function clusterGone(key: NamespacedName): ActionOf<'done'> {
  return done('ClusterDeleted', `Cluster ${formatKey(key)} does not exist`)
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
  const pool = pools?.find((each) => isReferredTo(each, poolRef))
  return pool === undefined ? choice?.retain : retainOf(pool)
}

/** A host that somebody gave in a variable is an endpoint by hand, which only lacks its other half. */
function givenElsewhereAction(
  cluster: Cluster,
  vip: VipRole,
  addresses: readonly string[],
): Action | undefined {
  if (vipOwnershipOf(cluster, vip).state !== 'unset') return undefined
  const why = whyGivenElsewhere(cluster, vip, addresses)
  return why === undefined ? undefined : wait('ClusterRejected', `Cluster ${formatKey(cluster)}: ${why}`)
}

/**
 * What to do instead of creating the claim if the pool is no longer meant for the Cluster: a pause or a missing permission may
 * have held up the run for days. Undefined if the choice stands.
 */
function reselection(observed: ObservedCluster, vip: VipRole, choice: PoolChoice): Action | undefined {
  const { cluster, pools, isChoiceOld = false } = observed
  const { poolRef, restore } = choice
  const isUnset = vipOwnershipOf(cluster, vip).state === 'unset'
  // A VIP that there was before comes from its pool, whatever that is meant for now.
  if (restore !== undefined && !(isUnset && askedAddressOf(cluster, vip.part) !== undefined)) return undefined
  if (!isForAsked(cluster, vip, choice)) {
    return pools === undefined ? observe('pools') : choiceAction(observed, vip)
  }
  if (!isChoiceOld || findPoolKind(poolKindsOf(observed), poolRef) === undefined) return undefined
  if (pools === undefined) return observe('pools')
  const chosen = pools.find((pool) => isReferredTo(pool, poolRef))
  // A claim can wait for a pool that is paused, and leaves one that is full.
  const request = poolRequestFor(cluster, vip.part, observed)
  const stands = chosen !== undefined && whyNotUsable(request, chosen, true) === undefined
  if (!stands) return selectionAction(observed, vip)
  const earlier = earlierFor(observed, vip.role, chosen)
  if (isObserve(earlier)) return earlier
  return isLeftBy(earlier, chosen) ? undefined : selectionAction(observed, vip)
}

function choiceAction(observed: ObservedCluster, vip: VipRole): Action {
  const { cluster, pools, addressUse, variables, unreadable } = observed
  if (unreadable?.clusterClass !== undefined) return refuse('AllocationFailed', unreadable.clusterClass)
  if (queuePriorityOf(cluster) === undefined) {
    const value = quoted(cluster.annotations[queuePriorityAnnotation])
    const message = `annotation ${queuePriorityAnnotation} of Cluster ${formatKey(cluster)} is ${value}, expected an integer`
    return refuse('AllocationFailed', message)
  }
  const ownership = vipOwnershipOf(cluster, vip)
  const foreign = foreignPoolOf(cluster, vip.part, poolKindsOf(observed))
  if (foreign !== undefined && ownership.state === 'unset') {
    if (unreadable?.foreignPool !== undefined) return wait('PoolNotReady', unreadable.foreignPool)
    const obstacle = obstacleToAsked(observed, vip, foreign)
    return obstacle ?? { action: 'selectPool', choice: { poolRef: foreign, considered: [] } }
  }
  if (pools === undefined) return observe('pools')
  if (unreadable?.pools !== undefined || (ownership.state !== 'managed' && ownership.state !== 'drifted')) {
    return selectionAction(observed, vip)
  }
  if (addressUse === undefined) return observe('addressUse')
  const { address } = ownership
  const holders = holdersOf(address, { cluster, part: vip.part }, addressUse, variables)
  const decision = decideRestoration({ cluster, vip, address, holders, pools })
  switch (decision.decision) {
    case 'lost':
      return refuse('AddressLost', decision.message)
    case 'allocate-new':
      return selectionAction(observed, vip, decision.because)
    case 'restore': {
      return { action: 'selectPool', choice: choiceToRestore(observed, vip, decision) }
    }
    default:
      return decision satisfies never
  }
}

/** A provider that adopts no IPAddress is asked by an annotation. */
function choiceToRestore(
  observed: ObservedCluster,
  { role }: VipRole,
  { pool, address }: { readonly pool: IPPool; readonly address: string },
): PoolChoice {
  const { fixedAddress } = pool.poolKind
  const choice = { poolRef: poolRefTo(pool), considered: [], ...retaining(retainOf(pool)) }
  const needed = providerAnnotationsFor(pool, observed.cluster, role, observed)
  return typeof fixedAddress === 'object'
    ? { ...choice, ...annotated({ ...needed, [fixedAddress.claimAnnotation]: address }) }
    : { ...choice, restore: addressOfPool(pool, address), ...annotated(needed) }
}

/** @param insteadOf why it is not the address that the Cluster's annotation names */
function selectionAction(observed: ObservedCluster, vip: VipRole, insteadOf?: string): Action {
  const { cluster, unreadable } = observed
  if (unreadable?.pools !== undefined) {
    const { poolAnnotation } = roleSpecs[vip.role]
    const orElsewhere = `or name a pool of another IPAM provider in the Cluster's annotation ${poolAnnotation}`
    return wait('PoolNotReady', `${unreadable.pools}, ${orElsewhere}`)
  }
  const forAsked = selectForAsked(observed, vip)
  if (forAsked !== undefined) return inTurn(observed, vip, forAsked)
  const selection = selectInTurn(observed, vip)
  if (isObserve(selection)) return selection
  const { considered } = selection
  if (selection.outcome === 'none') {
    const { reason, isAfterOthers } = selection
    const message = withAddition(selection.message, insteadOf)
    return { action: 'wait', reason, message, considered, ...(isAfterOthers && { isAfterOthers }) }
  }
  const { pool } = selection
  const why = insteadOf === undefined ? {} : { insteadOf }
  const choice = {
    poolRef: poolRefTo(pool),
    considered,
    ...why,
    ...retaining(retainOf(pool)),
    ...annotated(providerAnnotationsFor(pool, cluster, vip.role, observed)),
  }
  return { action: 'selectPool', choice }
}

/** Who asks for a certain address waits for its turn as any other. */
function inTurn(observed: ObservedCluster, vip: VipRole, action: Action): Action {
  if (action.action !== 'selectPool') return action
  const pool = observed.pools?.find((each) => isReferredTo(each, action.choice.poolRef))
  if (pool === undefined) return action
  const earlier = earlierFor(observed, vip.role, pool)
  if (isObserve(earlier)) return earlier
  if (isLeftBy(earlier, pool)) return action
  const message = `${formatPool(pool)}: its free addresses go to Clusters with an earlier turn`
  return { ...wait('PoolExhausted', message), isAfterOthers: true }
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
        const longer = longerClaimNameFor(cluster, vip.part)
        return keptClaimAction(observed, vip, claim) ?? newClaimAction(observed, vip, longer)
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

/** Every address is held: write the VIP to the Cluster, unless somebody else has one of them. */
function assignAction(observed: ObservedCluster, vip: VipRole, held: readonly Held[]): Action {
  const { cluster, variables, attempt } = observed
  const addresses = held.map(({ bound }) => bound.ipAddress.address)
  const elsewhere = givenElsewhereAction(cluster, vip, addresses)
  if (elsewhere !== undefined) return elsewhere
  const patch = patchAction(observed, vip, held)
  if (patch.action !== 'patchCluster') return patch
  for (const { vip: own, bound, isNew } of held) {
    const view = own.first === undefined ? observed : viewOfSecond(observed)
    const tagged = own.first === undefined ? (action: Action) => action : forSecond
    if (!isNew) continue
    if (view.sameAddressUse === undefined) return tagged(observe('sameAddressUse'))
    const network = networkOfAddress(bound.ipAddress, view.sameAddressUse)
    const owner = { cluster, part: own.part, claimName: bound.claim.name, network }
    const holders = holdersOf(bound.ipAddress.address, owner, view.sameAddressUse, variables)
    const duplicate = duplicateAction(cluster, own.part, bound, holders, attempt)
    if (duplicate !== undefined) return tagged(duplicate)
  }
  return patch
}

/** A VIP never changes once set. The claim is deleted, unless machines may still use its address. */
function otherVipAction(cluster: Cluster, vip: VipRole, { claim, ipAddress }: BoundClaim): Action {
  const message = `Cluster ${formatKey(cluster)} has ${describeVip(cluster, vip)} already; ${ipAddress.address} is not assigned`
  const ownership = vipOwnershipOf(cluster, vip)
  return ownership.state === 'managed' || isExternallyOwned(ownership)
    ? deleteUselessClaim(cluster, vip, claim, message)
    : { ...done('EndpointAlreadySet', message), vip: presentVip(cluster, vip) }
}

/** @param held empty: only what a host that is not ours lacks, its port or the variables of the class */
function patchAction(observed: ObservedCluster, vip: VipRole, held: readonly Held[]): Action {
  const { cluster, claim, clusterClass, defaultPort } = observed
  const isNew = held.some((each) => each.isNew) || (held.length === 0 && isNewVip(cluster, vip, undefined))
  const [first, second] = held.map((each) => patchedAddress(observed, each))
  const address = first?.address
  const { verdicts, writes: variables } = decideVariables(
    cluster,
    vip,
    clusterClass,
    { address, secondAddress: second?.address },
    defaultPort,
  )
  const missing = verdicts.find(({ verdict }) => verdict === 'wait')
  // A VIP that is in place waits for no variable: a change of the class comes back to it.
  if (isNew && missing !== undefined) return wait('ClusterRejected', missing.because)
  const { assigned, patch } = clusterPatchFor(cluster, {
    vip,
    address,
    claimName: first?.claimName ?? claim?.name,
    network: first?.network,
    second,
    variables,
    port: endpointPortOf(cluster, vip, clusterClass, defaultPort),
  })
  const disagreement = disagreementOf(withVariables(cluster, variables), vip, assigned)
  if (patch !== undefined) {
    const writes = held.length === 0 ? 'rest' : 'vip'
    return { action: 'patchCluster', writes, patch, assigned, isNew, disagreement }
  }
  const message = withAddition(
    `Cluster ${formatKey(cluster)} has ${formatVip(assigned)} as it should`,
    disagreement,
  )
  return releaseAction(observed) ?? { ...done('Allocated', message), vip: assigned, disagreement }
}

/** A host that is in place keeps its spelling. The network of a new address is known when its uses have been read. */
function patchedAddress(observed: ObservedCluster, { vip, bound, isNew }: Held): PatchedAddress {
  const { cluster } = observed
  const { sameAddressUse } = vip.first === undefined ? observed : viewOfSecond(observed)
  return {
    address: isNew || vip.first !== undefined ? bound.ipAddress.address : addressIn(cluster, vip),
    claimName: bound.claim.name,
    network:
      isNew && sameAddressUse !== undefined ? networkOfAddress(bound.ipAddress, sameAddressUse) : undefined,
  }
}

/** Releases the reservations of addresses that nobody else has any more. */
function releaseAction({ cluster, addressUse, variables }: ObservedCluster): Action | undefined {
  if (!reservesAddresses(cluster)) return undefined
  if (addressUse === undefined) return observe('addressUse')
  const addresses = freeDuplicatesOf(cluster, addressUse, variables)
  return addresses.length === 0 ? undefined : { action: 'releaseReservations', addresses }
}

function waitUntilGone(claim: IPAddressClaim): Action {
  const message = `IPAddressClaim ${formatKey(claim)} is being deleted; a new one follows when it is gone`
  return wait('WaitingForAddress', message)
}

function has(observed: Observed, fact: Fact): boolean {
  return fact in observed
}
