import {
  done,
  observe,
  refuse,
  wait,
  type Action,
  type ActionOf,
  type Fact,
  type Observed,
  type PoolChoice,
} from './action.ts'
import { clusterPatchFor, formatVip, presentVip } from './cluster-patch.ts'
import { duplicateAction, freeDuplicatesOf, reservesAddresses } from './duplicate-addresses.ts'
import { desireFor, poolRequestFor } from './eligibility.ts'
import { selectIPPool } from './pool-selection.ts'
import { holdersOf } from './address-holder.ts'
import { decideRestoration } from './restoration.ts'
import { unboundClaimAction } from './unbound-claim.ts'
import { addressIn, describeVip, isExternallyOwned, vipOwnershipOf } from './vip-ownership.ts'
import { classForVariable, decideVipVariable } from './vip-variable.ts'
import { claimNameFor, ownershipOf, type IPAddressClaim } from '../model/claim.ts'
import { canonicalAddress } from '../model/address-text.ts'
import type { Cluster } from '../model/cluster.ts'
import { addressOfPool, decideRestoredAddress, type IPAddress } from '../model/ip-address.ts'
import { formatKey, type NamespacedName } from '../model/object-meta.ts'
import { poolRefTo } from '../model/pool.ts'
import { alsoSaying } from '../quote.ts'
import { isOrphanOf } from '../release/release.ts'
import type { VipRole } from '../role.ts'

/**
 * Decides the one thing to do next for a VIP of a Cluster. This is the whole table, top to bottom: activities
 * perform what it says, and every command that explains or predicts a run asks it too.
 *
 * @returns an `observe` if the decision needs a fact that has not been read
 */
export function nextAction(observed: Observed, vip: VipRole): Action {
  const { key, cluster, claim, choice } = observed
  if (cluster === undefined) return clusterGone(key)
  const name = `Cluster ${formatKey(cluster)}`
  if (cluster.isDeleting) return done('ClusterDeleted', `${name} is being deleted`)

  const letGo = choice === undefined && !cluster.isPaused ? releaseAction(observed, cluster) : undefined
  if (letGo !== undefined) return letGo
  // A run that has made its choice has found the VIP desired.
  const desire = choice === undefined ? desireFor(cluster, vip, observed.pools) : { desired: 'yes' as const }
  if (desire.desired === 'depends-on-pools') return observe('pools')
  if (desire.desired === 'no') return done('NoMatchingPool', desire.message)
  if (cluster.isPaused) {
    return wait('ClusterPaused', `${name} is paused; nothing is written until it is unpaused`)
  }
  if (desire.desired === 'unreadable') return refuse('AllocationFailed', desire.message)

  if (claim !== undefined && ownershipOf(claim, cluster).owner === 'this-cluster') {
    return ownClaimAction(observed, cluster, vip, claim)
  }
  switch (vipOwnershipOf(cluster, vip).state) {
    case 'external': {
      const message = `${name} has ${describeVip(cluster, vip)} already, and not from a claim of ours; no address is taken`
      return { ...done('EndpointAlreadySet', message), vip: presentVip(cluster, vip) }
    }
    case 'incomplete':
      return patchAction(observed, cluster, vip, undefined)
    default:
      return claim === undefined ? newClaimAction(observed, cluster, vip) : foreignClaimAction(cluster, claim)
  }
}

/** There is no Cluster of this name. */
export function clusterGone(key: NamespacedName): ActionOf<'done'> {
  return done('ClusterDeleted', `Cluster ${formatKey(key)} does not exist`)
}

/** The Cluster has no claim: choose a pool, then make the claim. A VIP that was ours before has to be the same again. */
function newClaimAction(observed: Observed, cluster: Cluster, vip: VipRole): Action {
  const { choice } = observed
  if (choice === undefined) return choiceAction(observed, cluster, vip)
  const { poolRef, restore } = choice
  if (restore === undefined) return { action: 'createClaim', poolRef }
  if (!has(observed, 'namedAddress')) return observe('namedAddress')
  const restored = decideRestoredAddress(observed.namedAddress, restore)
  switch (restored.decision) {
    case 'create':
      return { action: 'restoreAddress', address: restore }
    case 'in-place':
      return { action: 'createClaim', poolRef }
    case 'wait':
      return wait(restored.reason, restored.message)
    default:
      return restored satisfies never
  }
}

function choiceAction(observed: Observed, cluster: Cluster, vip: VipRole): Action {
  const { pools, addressUse, variables } = observed
  if (pools === undefined) return observe('pools')
  const ownership = vipOwnershipOf(cluster, vip)
  if (ownership.state !== 'managed' && ownership.state !== 'drifted') {
    return selectionAction(observed, cluster, vip)
  }
  if (addressUse === undefined) return observe('addressUse')
  const { address } = ownership
  const seeker = { cluster, vip, claimName: claimNameFor(cluster, vip.role) }
  const decision = decideRestoration(
    cluster,
    vip,
    address,
    holdersOf(address, seeker, addressUse, variables),
    pools,
  )
  switch (decision.decision) {
    case 'lost':
      return refuse('AddressLost', decision.message)
    case 'allocate-anew':
      return selectionAction(observed, cluster, vip, decision.because)
    case 'restore': {
      const restore = addressOfPool(decision.pool, decision.address)
      return selected({ poolRef: poolRefTo(decision.pool), considered: [], restore })
    }
    default:
      return decision satisfies never
  }
}

/** @param insteadOf why it is not the address that the Cluster's annotation names */
function selectionAction(
  { pools = [] }: Observed,
  cluster: Cluster,
  vip: VipRole,
  insteadOf?: string,
): Action {
  const selection = selectIPPool(poolRequestFor(cluster, vip.role), pools)
  const { considered } = selection
  if (selection.outcome === 'none') {
    const message = alsoSaying(selection.message, insteadOf)
    return { action: 'wait', reason: selection.reason, message, considered }
  }
  const poolRef = poolRefTo(selection.pool)
  return selected({ poolRef, considered, ...(insteadOf !== undefined && { insteadOf }) })
}

/** A claim under our name that is not this Cluster's: adopt it, wait until it is gone, or leave it alone. */
function foreignClaimAction(cluster: Cluster, claim: IPAddressClaim): Action {
  if (claim.isDeleting) return waitUntilGone(claim)
  const name = `IPAddressClaim ${formatKey(claim)}`
  const ownership = ownershipOf(claim, cluster)
  switch (ownership.owner) {
    case 'this-cluster':
    case 'nobody':
      return { action: 'adoptClaim', claim }
    case 'former-cluster': {
      const { uid: formerUid } = ownership
      const because = `${name} belongs to the former Cluster ${formatKey(cluster)} (uid ${formerUid}); a new one follows when it is gone`
      return isOrphanOf(formerUid, claim, cluster)
        ? { action: 'discardClaim', claim, formerUid, because }
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

function ownClaimAction(observed: Observed, cluster: Cluster, vip: VipRole, claim: IPAddressClaim): Action {
  if (claim.isDeleting) return waitUntilGone(claim)
  if (claim.addressName === undefined) return unboundClaimAction(observed, cluster, vip, claim)
  if (!has(observed, 'ipAddress')) return observe('ipAddress')
  const { ipAddress } = observed
  if (ipAddress === undefined) {
    const address = formatKey({ namespace: claim.namespace, name: claim.addressName })
    return wait('WaitingForAddress', `IPAddress ${address} is not there yet`)
  }
  return boundClaimAction(observed, cluster, vip, { claim, ipAddress })
}

interface BoundClaim {
  readonly claim: IPAddressClaim
  readonly ipAddress: IPAddress
}

/** The claim has an address: write it to the Cluster, unless the Cluster or somebody else has one that goes first. */
function boundClaimAction(observed: Observed, cluster: Cluster, vip: VipRole, bound: BoundClaim): Action {
  const { claim, ipAddress } = bound
  const present = addressIn(cluster, vip)
  const isOther = present !== '' && canonicalAddress(present) !== canonicalAddress(ipAddress.address)
  if (isOther) return otherVipAction(cluster, vip, bound)
  if (classForVariable(cluster, vip) !== undefined && !has(observed, 'clusterClass')) {
    return observe('clusterClass')
  }
  // A host stays as it is spelled.
  const patch = patchAction(observed, cluster, vip, present === '' ? ipAddress.address : present)
  if (patch.action !== 'patchCluster' || present !== '') return patch
  if (observed.sameAddressUse === undefined) return observe('sameAddressUse')
  const seeker = { cluster, vip, claimName: claim.name }
  const holders = holdersOf(ipAddress.address, seeker, observed.sameAddressUse, observed.variables)
  return duplicateAction(cluster, vip, { claim, ipAddress, holders, attempt: observed.attempt }) ?? patch
}

/** A VIP never changes once set. The claim goes, unless machines may still use what it holds. */
function otherVipAction(cluster: Cluster, vip: VipRole, { claim, ipAddress }: BoundClaim): Action {
  const message = `Cluster ${formatKey(cluster)} has ${describeVip(cluster, vip)} already; ${ipAddress.address} is not assigned`
  const ownership = vipOwnershipOf(cluster, vip)
  const end = { ...done('EndpointAlreadySet', message), vip: presentVip(cluster, vip) }
  if (ownership.state !== 'managed' && !isExternallyOwned(ownership)) return end
  const outcome = ownership.state === 'external' ? end : 'restart'
  return { action: 'deleteClaim', claim, because: message, outcome }
}

/** @param address undefined: only the port of a host that is not ours is missing */
function patchAction(
  observed: Observed,
  cluster: Cluster,
  vip: VipRole,
  address: string | undefined,
): Action {
  const variable = decideVipVariable(cluster, vip, observed.clusterClass)
  if (address !== undefined && variable.decision === 'wait') return wait(variable.reason, variable.message)
  const hasVariable = variable.decision === 'write'
  const { defaultPort } = observed
  const { assigned, patch } = clusterPatchFor(cluster, { vip, address, hasVariable, defaultPort })
  if (patch !== undefined) {
    const writes = address === undefined ? 'port' : 'vip'
    return { action: 'patchCluster', writes, patch, assigned, isNew: addressIn(cluster, vip) === '' }
  }
  const message = `Cluster ${formatKey(cluster)} has ${formatVip(assigned)} as it should`
  return releaseAction(observed, cluster) ?? { ...done('Allocated', message), vip: assigned }
}

/** Reservations for addresses that nobody else has any more go. */
function releaseAction(observed: Observed, cluster: Cluster): Action | undefined {
  if (!reservesAddresses(cluster)) return undefined
  if (observed.addressUse === undefined) return observe('addressUse')
  const addresses = freeDuplicatesOf(cluster, observed.addressUse, observed.variables)
  return addresses.length === 0 ? undefined : { action: 'releaseReservations', addresses }
}

function waitUntilGone(claim: IPAddressClaim): Action {
  const message = `IPAddressClaim ${formatKey(claim)} is being deleted; a new one follows when it is gone`
  return wait('WaitingForAddress', message)
}

function has(observed: Observed, fact: Fact): boolean {
  return fact in observed
}

function selected(choice: PoolChoice): Action {
  return { action: 'selectPool', choice }
}
