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
import { clusterPatchFor, formatVip, presentVip } from './cluster-patch.ts'
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
import { keptClaimAction } from './kept-for-cluster.ts'
import { selectIPPool, whyNotUsable } from './pool-selection.ts'
import { asksToReserve, whyUnreserved, poolToReserveFrom } from './reserved-endpoint.ts'
import { decideRestoration } from './restoration.ts'
import { disagreementOf, whyGivenElsewhere } from './given-values.ts'
import { deleteUselessClaim, unboundClaimAction } from './unbound-claim.ts'
import { holdsVip, mayBeNamedBy, mayHoldVip } from './unowned-claim.ts'
import { addressIn, describeVip, isExternallyOwned, isUnusedRecord, vipOwnershipOf } from './vip-ownership.ts'
import { canonicalAddress } from '../model/address-text.ts'
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
import { formatPool, isReferredTo, poolRefTo, type IPPoolReference } from '../model/pool.ts'
import { retaining, retainOf } from '../model/retain.ts'
import { retainChangeOf } from '../model/retained-claim.ts'
import { withAddition } from '../quote.ts'
import { whyKept } from '../release/kept-claim.ts'
import { isOrphanOf } from '../release/release.ts'
import { roleSpecs, type Role } from '../role.ts'
import { foreignPoolOf, vipRoleIn, type VipRole } from './vip-role.ts'
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
  const { cluster, claim, choice, clusterClass, variables } = observed
  const name = `Cluster ${formatKey(cluster)}`
  if (cluster.isDeleting) return done('ClusterDeleted', `${name} is being deleted`)
  // The class says which variables have the VIP.
  if (cluster.topology !== undefined && !has(observed, 'clusterClass')) return observe('clusterClass')
  const vip = vipRoleIn(cluster, role, variables, clusterClass)

  const release = choice === undefined && !cluster.isPaused ? releaseAction(observed) : undefined
  if (release !== undefined) return release
  // A run that has selected a pool has found the VIP desired.
  const desire = choice === undefined ? desireFor(cluster, role, observed) : { desired: 'yes' as const }
  if (desire.desired === 'depends') return observe(desire.fact)
  if (desire.desired === 'no') return notDesiredAction(observed, vip, desire.message)
  if (cluster.isPaused) {
    return wait('ClusterPaused', `${name} is paused; nothing is written until it is unpaused`)
  }
  if (desire.desired === 'unreadable') return refuse('AllocationFailed', desire.message)

  const ownership = vipOwnershipOf(cluster, vip)
  if (claim !== undefined && ownershipOf(claim, cluster).owner === 'this-cluster') {
    // Nothing follows a claim that was given back, and its pool may keep it for long.
    const isGivenBack = claim.isDeleting && isExternallyOwned(ownership)
    if (!isGivenBack) return ownClaimAction(observed, vip, claim)
  }
  if (claim !== undefined && mayHoldVip(cluster, vip, claim)) {
    if (!has(observed, 'ipAddress')) return observe('ipAddress')
    if (holdsVip(cluster, vip, observed)) return { action: 'adoptClaim', claim }
  }
  switch (ownership.state) {
    case 'external':
    case 'incomplete':
      return typedAction(observed, vip)
    default:
      return claim === undefined
        ? newClaimAction(observed, vip, claimNameFor(cluster, role))
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
    return newClaimAction(observed, vip, claimNameFor(cluster, vip.role))
  }
  if (pools === undefined) return observe('pools')
  const request = poolRequestFor(cluster, vip.role)
  const pool = poolToReserveFrom(cluster, vip, request, pools)
  if (pool === undefined) {
    return externalAction(observed, vip, withAddition(words, whyUnreserved(cluster, vip, request, pools)))
  }
  if (claim !== undefined) return foreignClaimAction(observed, vip, claim)
  if (observed.addressUse === undefined) return observe('addressUse')
  const { host } = cluster.controlPlaneEndpoint
  const holders = holdersOf(host, { cluster, role: vip.role }, observed.addressUse, observed.variables)
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
    const patch = patchAction(observed, vip, undefined)
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

/** A claim that was made before the Cluster refused the VIP is deleted. */
function notDesiredAction({ cluster, claim }: ObservedCluster, vip: VipRole, message: string): Action {
  const end = done('NoMatchingPool', message)
  const isUseless =
    claim !== undefined &&
    !claim.isDeleting &&
    !cluster.isPaused &&
    ownershipOf(claim, cluster).owner === 'this-cluster' &&
    vipOwnershipOf(cluster, vip).state === 'unset'
  return isUseless ? { action: 'deleteClaim', claim, because: message, outcome: end } : end
}

/** There is no Cluster of this name. */
export function clusterGone(key: NamespacedName): ActionOf<'done'> {
  return done('ClusterDeleted', `Cluster ${formatKey(key)} does not exist`)
}

/** The Cluster has no claim: select a pool, then create the claim. A VIP that was ours before has to be the same again. */
function newClaimAction(observed: ObservedCluster, vip: VipRole, claimName: string): Action {
  const { cluster, choice } = observed
  const elsewhere = givenElsewhereAction(cluster, vip, undefined)
  if (elsewhere !== undefined) return elsewhere
  if (choice === undefined) return choiceAction(observed, vip)
  const { poolRef, restore } = choice
  const other = reselection(observed, vip, choice)
  if (other !== undefined) return other
  if (restore === undefined) {
    const annotations = claimAnnotationsFor(cluster, vip, poolRef)
    return { ...createClaim(observed, poolRef, claimName), ...(annotations && { annotations }) }
  }
  if (!has(observed, 'namedAddress')) return observe('namedAddress')
  const { namedAddress: present } = observed
  if (present === undefined) return { action: 'restoreAddress', address: restore, claimName }
  const isRestored =
    canonicalAddress(present.address) === canonicalAddress(restore.address) &&
    formatPool(present.poolRef) === formatPool(poolRef)
  if (isRestored && !present.isDeleting) return createClaim(observed, poolRef, claimName)
  const discarded = discardMadeBefore(present)
  if (discarded !== undefined) return discarded
  const message = `IPAddress ${formatKey(present)} with ${present.address} has to go before ${restore.address} can be had again`
  return wait('WaitingForAddress', message)
}

function createClaim(
  observed: ObservedCluster,
  poolRef: IPPoolReference,
  claimName: string,
): ActionOf<'createClaim'> {
  return { action: 'createClaim', poolRef, claimName, ...retaining(retainFor(observed, poolRef)) }
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
  address: string | undefined,
): Action | undefined {
  if (vipOwnershipOf(cluster, vip).state !== 'unset') return undefined
  const why = whyGivenElsewhere(cluster, vip, address)
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
  if (restore !== undefined && !(isUnset && askedAddressOf(cluster, vip.role) !== undefined)) return undefined
  if (!isForAsked(cluster, vip, choice)) {
    return pools === undefined ? observe('pools') : choiceAction(observed, vip)
  }
  if (!isChoiceOld || findPoolKind(poolKindsOf(observed), poolRef) === undefined) return undefined
  if (pools === undefined) return observe('pools')
  const chosen = pools.find((pool) => isReferredTo(pool, poolRef))
  // A claim can wait for a pool that is paused, and leaves one that is full.
  const stands =
    chosen !== undefined && whyNotUsable(poolRequestFor(cluster, vip.role), chosen, true) === undefined
  return stands ? undefined : selectionAction(observed, vip)
}

function choiceAction(observed: ObservedCluster, vip: VipRole): Action {
  const { cluster, pools, addressUse, variables, unreadable } = observed
  if (unreadable?.clusterClass !== undefined) return refuse('AllocationFailed', unreadable.clusterClass)
  const ownership = vipOwnershipOf(cluster, vip)
  const foreign = foreignPoolOf(cluster, vip.role, poolKindsOf(observed))
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
  const holders = holdersOf(address, { cluster, role: vip.role }, addressUse, variables)
  const decision = decideRestoration({ cluster, vip, address, holders, pools })
  switch (decision.decision) {
    case 'lost':
      return refuse('AddressLost', decision.message)
    case 'allocate-new':
      return selectionAction(observed, vip, decision.because)
    case 'restore': {
      const { pool } = decision
      const restore = addressOfPool(pool, decision.address)
      const choice = { poolRef: poolRefTo(pool), considered: [], restore, ...retaining(retainOf(pool)) }
      return { action: 'selectPool', choice }
    }
    default:
      return decision satisfies never
  }
}

/** @param insteadOf why it is not the address that the Cluster's annotation names */
function selectionAction(observed: ObservedCluster, vip: VipRole, insteadOf?: string): Action {
  const { cluster, pools = [], unreadable } = observed
  if (unreadable?.pools !== undefined) {
    const { poolAnnotation } = roleSpecs[vip.role]
    const orElsewhere = `or name a pool of another IPAM provider in the Cluster's annotation ${poolAnnotation}`
    return wait('PoolNotReady', `${unreadable.pools}, ${orElsewhere}`)
  }
  const forAsked = selectForAsked(observed, vip)
  if (forAsked !== undefined) return forAsked
  const selection = selectIPPool(poolRequestFor(cluster, vip.role, poolKindsOf(observed)), pools)
  const { considered } = selection
  if (selection.outcome === 'none') {
    const message = withAddition(selection.message, insteadOf)
    return { action: 'wait', reason: selection.reason, message, considered }
  }
  const { pool } = selection
  const why = insteadOf === undefined ? {} : { insteadOf }
  const choice = { poolRef: poolRefTo(pool), considered, ...why, ...retaining(retainOf(pool)) }
  return { action: 'selectPool', choice }
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
      return { action: 'adoptClaim', claim }
    case 'previous-cluster': {
      const { uid: previousUid } = ownership
      if (retainedFor(claim) !== undefined) {
        const longer = longerClaimNameFor(cluster, vip.role)
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
    : newClaimAction(observed, vip, longerClaimNameFor(cluster, vip.role))
}

function ownClaimAction(observed: ObservedCluster, vip: VipRole, claim: IPAddressClaim): Action {
  if (claim.isDeleting) return waitUntilGone(claim)
  if (mayBeNamedBy(observed.cluster, vip, claim)) {
    // It gets no label, by which it would be one of ours.
    const words = `and IPAddressClaim ${formatKey(claim)} of before keeps its address, since that name may lead to it; delete the claim if it does not`
    return externalAction(observed, vip, words)
  }
  const retain = retainChangeOf(claim, retainFor(observed, claim.poolRef))
  if (retain !== undefined) return { action: 'convertClaim', claim, retain }
  const labels = missingLabels(claim, observed.cluster, vip.role)
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

/** The claim has an address: write it to the Cluster, unless the Cluster has another one or somebody else has this one. */
function boundClaimAction(observed: ObservedCluster, vip: VipRole, bound: BoundClaim): Action {
  const { cluster, sameAddressUse, variables, attempt } = observed
  const { ipAddress } = bound
  const isNew = isNewVip(cluster, vip, ipAddress.address)
  const present = addressIn(cluster, vip)
  if (isNew && present !== '' && !isUnusedRecord(cluster, vip)) return otherVipAction(cluster, vip, bound)
  const elsewhere = givenElsewhereAction(cluster, vip, ipAddress.address)
  if (elsewhere !== undefined) return elsewhere
  const notAsked = isNew ? otherThanAskedAction(cluster, vip, bound) : undefined
  if (notAsked !== undefined) return notAsked
  // A host keeps its spelling.
  const patch = patchAction(observed, vip, isNew ? ipAddress.address : present)
  if (patch.action !== 'patchCluster' || !isNew) return patch
  if (sameAddressUse === undefined) return observe('sameAddressUse')
  const holders = holdersOf(
    ipAddress.address,
    {
      cluster,
      role: vip.role,
      claimName: bound.claim.name,
      network: networkOfAddress(ipAddress, sameAddressUse),
    },
    sameAddressUse,
    variables,
  )
  return duplicateAction(cluster, vip.role, bound, holders, attempt) ?? patch
}

/** A VIP never changes once set. The claim is deleted, unless machines may still use its address. */
function otherVipAction(cluster: Cluster, vip: VipRole, { claim, ipAddress }: BoundClaim): Action {
  const message = `Cluster ${formatKey(cluster)} has ${describeVip(cluster, vip)} already; ${ipAddress.address} is not assigned`
  const ownership = vipOwnershipOf(cluster, vip)
  return ownership.state === 'managed' || isExternallyOwned(ownership)
    ? deleteUselessClaim(cluster, vip, claim, message)
    : { ...done('EndpointAlreadySet', message), vip: presentVip(cluster, vip) }
}

/** @param address undefined: only what a host that is not ours lacks, its port or the variables of the class */
function patchAction(observed: ObservedCluster, vip: VipRole, address: string | undefined): Action {
  const { cluster, claim, ipAddress, sameAddressUse, clusterClass, defaultPort } = observed
  const isNew = isNewVip(cluster, vip, address)
  const { verdicts, writes: variables } = decideVariables(cluster, vip, clusterClass, address, defaultPort)
  const missing = verdicts.find(({ verdict }) => verdict === 'wait')
  // A VIP that is in place waits for no variable: a change of the class comes back to it.
  if (isNew && missing !== undefined) return wait('ClusterRejected', missing.because)
  const network =
    isNew && ipAddress !== undefined && sameAddressUse !== undefined
      ? networkOfAddress(ipAddress, sameAddressUse)
      : undefined
  const { assigned, patch } = clusterPatchFor(cluster, {
    vip,
    address,
    claimName: claim?.name,
    network,
    variables,
    port: endpointPortOf(cluster, vip, clusterClass, defaultPort),
  })
  const disagreement = disagreementOf(withVariables(cluster, variables), vip, assigned)
  if (patch !== undefined) {
    const writes = address === undefined ? 'rest' : 'vip'
    return { action: 'patchCluster', writes, patch, assigned, isNew, disagreement }
  }
  const message = withAddition(
    `Cluster ${formatKey(cluster)} has ${formatVip(assigned)} as it should`,
    disagreement,
  )
  return releaseAction(observed) ?? { ...done('Allocated', message), vip: assigned, disagreement }
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
