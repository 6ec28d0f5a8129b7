import { observe, wait, type Action, type ObservedCluster, has } from './action.ts'
import { recordedVip } from './ip-families.ts'
import { vipOwnershipOf } from './vip-ownership.ts'
import { forSecond, isOutOfReach } from './second-view.ts'
import { addressIn, asPair, type VipRole } from './vip-role.ts'
import { addressFamilyFrom, canonicalAddress, type AddressFamily } from '../model/address-text.ts'
import { ownershipOf, type IPAddressClaim } from '../model/claim.ts'
import { formatKey } from '../model/object-meta.ts'
import { ipFamilyLabel } from '../names.ts'
import { roleSpecs, secondPartOf } from '../role.ts'
import type { AddressAction } from './hold-address.ts'

/**
 * A VIP without record of a second address. Its claims show whether somebody has removed that from the record of a pair; a
 * second claim of any other VIP is of no use.
 */
export function pairByClaims(observed: ObservedCluster, vip: VipRole): VipRole | Action {
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

export function isClaimOfPair(claim: IPAddressClaim | undefined): boolean {
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
export function deleteSecondClaim({ cluster, second }: ObservedCluster, because: string): Action | undefined {
  const claim = second?.claim
  if (claim === undefined || claim.isDeleting) return undefined
  if (ownershipOf(claim, cluster).owner !== 'this-cluster') return undefined
  return forSecond({ action: 'deleteClaim', claim, because, outcome: 'restart' })
}

/** If a claim holds the address in place, the record of another one is wrong, and the second address is still that of this VIP. */
export function withOwnRecord(
  observed: ObservedCluster,
  vip: VipRole,
  first: AddressAction,
): ObservedCluster {
  const { cluster } = observed
  const second = recordedVip(cluster, secondPartOf(vip.role))
  if (first.action !== 'hold' || first.isNew || second === undefined) return observed
  const { vipAnnotation } = roleSpecs[vip.role]
  const record = { [vipAnnotation]: `${addressIn(cluster, vip)},${second}` }
  return { ...observed, cluster: { ...cluster, annotations: { ...cluster.annotations, ...record } } }
}

/** Holds neither address of a pair while one of them cannot be had. Undefined: both can. */
export function giveBackAction(
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
export function waitingWith({ family }: VipRole, meanwhile: string, second: Action): Action {
  const action = forSecond(second)
  if (action.action !== 'wait' && action.action !== 'refuse') return action
  return {
    ...action,
    message: `for the ${family ?? 'second'} address of the pair: ${action.message}; ${meanwhile}`,
  }
}
