import {
  observe,
  refuse,
  wait,
  type Action,
  type ActionOf,
  type BoundClaim,
  type ObservedCluster,
  type PoolChoice,
} from './action.ts'
import { askedAddressOf, describeAsked, readableAddressOf } from './asked-address.ts'
import { describeHolders, holdersOf, isFree, type AddressHolders } from './duplicate-addresses.ts'
import { poolRequestFor } from './eligibility.ts'
import { selectIPPool, usablePools, verdictsBeside } from './pool-selection.ts'
import { annotated, providerAnnotationsFor } from './tried-pools.ts'
import { vipOwnershipOf } from './vip-ownership.ts'
import { networkOfVip, recordedVip } from './ip-families.ts'
import type { VipRole } from './vip-role.ts'
import { canonicalAddress } from '../model/address-text.ts'
import { newClaimNameFor, type IPAddressClaim } from '../model/claim.ts'
import type { Cluster } from '../model/cluster.ts'
import { addressOfPool, isMadeBeforeClaim, type IPAddress } from '../model/ip-address.ts'
import { formatKey } from '../model/object-meta.ts'
import { fixedAddressOf } from '../model/pool-kinds.ts'
import { formatPool, networkOf, poolRefTo, type IPPoolReference } from '../model/pool.ts'
import { retaining, retainOf } from '../model/retain.ts'
import { partSpecs, type VipPart } from '../role.ts'

/**
 * Selects the pool for an address that the Cluster asks for. Of several that have it, the first one on whose network nobody
 * has it.
 *
 * @returns undefined if the Cluster asks for none, or if no pool that it can use has it
 */
export function selectForAsked(observed: ObservedCluster, vip: VipRole): Action | undefined {
  const { cluster, pools = [], addressUse } = observed
  const { part } = vip
  const asked = askedAddressOf(cluster, part)
  if (asked === undefined) return undefined
  if (asked.asks === 'unreadably') return refuse('AllocationFailed', asked.message)
  const { address } = asked
  const request = poolRequestFor(cluster, part, observed)
  const usable = usablePools(request, pools)
  if (usable.length === 0) return undefined
  if (addressUse === undefined) return observe('addressUse')
  const found = usable.map((pool) => ({
    pool,
    holders: holdersOfAsked(observed, part, address, networkOf(pool)),
  }))
  const free = found.find(({ holders }) => isFree(holders))?.pool
  if (free !== undefined) {
    const poolRef = poolRefTo(free)
    const considered = verdictsBeside(request, pools, poolRef, `has ${address}, which the Cluster asks for`)
    const restore = free.poolKind.fixedAddress === 'pre-made' && { restore: addressOfPool(free, address) }
    const needed = annotated(providerAnnotationsFor(free, cluster, vip.role, observed))
    const choice = { poolRef, considered, ...restore, ...retaining(retainOf(free)), ...needed }
    return { action: 'selectPool', choice }
  }
  const discard = discardUnwanted(observed, part)
  if (discard !== undefined) return discard
  const taken = new Map(found.map(({ pool, holders }) => [formatPool(pool), holders]))
  const considered = selectIPPool(request, pools).considered.map((each) => {
    const holders = taken.get(formatPool(each))
    if (holders === undefined) return each
    return { ...each, verdict: 'rejected' as const, because: `${address} is ${describeHolders(holders)}` }
  })
  const [first] = taken.values()
  return { ...waitForHolders(cluster, part, address, first), considered }
}

/** Discards the IPAddress of an address that the Cluster asked for before, so that nobody waits for it in vain. */
function discardUnwanted(
  { cluster, claim, addressUse }: ObservedCluster,
  part: VipPart,
): ActionOf<'discardAddress'> | undefined {
  const { namespace } = cluster
  const name = newClaimNameFor(cluster, part, claim)
  const made = addressUse?.ipAddresses.find((each) => each.namespace === namespace && each.name === name)
  return made && discardMadeBefore(made)
}

/** What keeps a Cluster from having the address it asks for from a pool of another IPAM provider; undefined: nothing, or it asks for none. */
export function obstacleToAsked(
  observed: ObservedCluster,
  vip: VipRole,
  poolRef: IPPoolReference,
): Action | undefined {
  const { cluster, addressUse } = observed
  const { part } = vip
  const asked = askedAddressOf(cluster, part)
  if (asked === undefined) return undefined
  if (asked.asks === 'unreadably') return refuse('AllocationFailed', asked.message)
  const { address } = asked
  if (fixedAddressOf(poolRef) === undefined) {
    const { addressAnnotation, poolAnnotation } = partSpecs[part]
    const message = `Cluster ${formatKey(cluster)} asks for ${describeAsked(address, part)}, and the IPAM provider of ${poolRef.kind}.${poolRef.apiGroup} cannot be asked for a certain address; remove ${addressAnnotation}, or name another pool in ${poolAnnotation}`
    return refuse('AllocationFailed', message)
  }
  if (addressUse === undefined) return observe('addressUse')
  const holders = holdersOfAsked(observed, part, address, networkOfVip(cluster, part))
  return isFree(holders) ? undefined : waitForHolders(cluster, part, address, holders)
}

function holdersOfAsked(
  { cluster, claim, addressUse, variables }: ObservedCluster,
  part: VipPart,
  address: string,
  network: string,
): AddressHolders {
  const own = { cluster, part, network, claimName: newClaimNameFor(cluster, part, claim) }
  return holdersOf(address, own, addressUse ?? { clusters: [], ipAddresses: [] }, variables)
}

function waitForHolders(
  cluster: Cluster,
  part: VipPart,
  address: string,
  holders: AddressHolders = { clusters: [], ipAddresses: [] },
): ActionOf<'wait'> {
  const message = `Cluster ${formatKey(cluster)} asks for ${describeAsked(address, part)}, which is ${describeHolders(holders)}; it gets the address when nobody has it any more, or correct the annotation`
  return wait('DuplicateAddress', message)
}

/** Whether a choice of an earlier step still is for the address that the Cluster asks for. */
export function isForAsked(cluster: Cluster, vip: VipRole, { poolRef, restore }: PoolChoice): boolean {
  const asked = askedAddressOf(cluster, vip.part)
  if (asked === undefined || vipOwnershipOf(cluster, vip).state !== 'unset') return true
  if (asked.asks === 'unreadably') return false
  const fixed = fixedAddressOf(poolRef)
  return fixed === 'pre-made' ? isSame(restore?.address, asked.address) : fixed !== undefined
}

/** The annotations by which the claim for a new VIP asks its IPAM provider for the address; undefined if it needs none. */
export function claimAnnotationsFor(
  cluster: Cluster,
  vip: VipRole,
  poolRef: IPPoolReference,
): Readonly<Record<string, string>> | undefined {
  const address = readableAddressOf(cluster, vip.part)
  const fixed = fixedAddressOf(poolRef)
  if (address === undefined || typeof fixed !== 'object') return undefined
  return vipOwnershipOf(cluster, vip).state === 'unset' ? { [fixed.claimAnnotation]: address } : undefined
}

/**
 * What to do about the Cluster's claim without an address if it does not lead to the one that the Cluster asks for; undefined if
 * it does, or if the Cluster asks for none.
 *
 * @param namedAddress the IPAddress that has the claim's name
 */
export function misledClaimAction(
  cluster: Cluster,
  vip: VipRole,
  claim: IPAddressClaim,
  namedAddress: IPAddress | undefined,
): Action | undefined {
  const asked = vipOwnershipOf(cluster, vip).state === 'unset' ? askedAddressOf(cluster, vip.part) : undefined
  if (asked?.asks === 'unreadably') return refuse('AllocationFailed', asked.message)
  if (namedAddress !== undefined) {
    const isOfPool = formatPool(namedAddress.poolRef) === formatPool(claim.poolRef)
    const isWanted = isOfPool && (asked === undefined || isSame(namedAddress.address, asked.address))
    return isWanted ? undefined : discardMadeBefore(namedAddress)
  }
  if (asked === undefined || asksProviderFor(claim, asked.address)) return undefined
  const because = `IPAddressClaim ${formatKey(claim)} is for any address, and Cluster ${formatKey(cluster)} asks for ${describeAsked(asked.address, vip.part)}`
  return { action: 'deleteClaim', claim, because, outcome: 'restart' }
}

/** Deletes an IPAddress that no claim has adopted, and that is of no use any more; undefined if that is not ours to do. */
export function discardMadeBefore(ipAddress: IPAddress): ActionOf<'discardAddress'> | undefined {
  if (!isMadeBeforeClaim(ipAddress) || ipAddress.isDeleting) return undefined
  const because = `IPAddress ${formatKey(ipAddress)} with ${ipAddress.address} was created before its claim, and is not the one that is wanted`
  return { action: 'discardAddress', ipAddress, because }
}

/** What to do about a claim with an address that is new to the Cluster and not the one that it asks for. */
export function otherThanAskedAction(
  cluster: Cluster,
  vip: VipRole,
  { claim, ipAddress }: BoundClaim,
): Action | undefined {
  const asked = askedAddressOf(cluster, vip.part)
  if (asked === undefined || isSame(recordedVip(cluster, vip.part), ipAddress.address)) return undefined
  if (asked.asks === 'unreadably') return refuse('AllocationFailed', asked.message)
  if (isSame(ipAddress.address, asked.address)) return undefined
  const because = `IPAddressClaim ${formatKey(claim)} has ${ipAddress.address}, and Cluster ${formatKey(cluster)} asks for ${describeAsked(asked.address, vip.part)}`
  if (!asksProviderFor(claim, asked.address))
    return { action: 'deleteClaim', claim, because, outcome: 'restart' }
  const message = `${because}, as the claim does, too: its IPAM provider gives another one; correct the annotation, or delete the claim to have its provider try again`
  return refuse('AllocationFailed', message)
}

/** Whether the claim itself asks its provider for the address. */
function asksProviderFor({ poolRef, annotations }: IPAddressClaim, address: string): boolean {
  const fixed = fixedAddressOf(poolRef)
  return typeof fixed === 'object' && isSame(annotations[fixed.claimAnnotation], address)
}

/** In words: why a claim has to get a certain address. */
export function whyThisAddress(cluster: Cluster, vip: VipRole, address: string): string {
  if (isSame(recordedVip(cluster, vip.part), address)) return 'which the Cluster had before'
  if (isSame(readableAddressOf(cluster, vip.part), address)) return 'which the Cluster asks for'
  return isSame(cluster.controlPlaneEndpoint.host, address)
    ? 'which is its endpoint'
    : 'which the Cluster had before'
}

function isSame(one: string | undefined, other: string): boolean {
  return one !== undefined && canonicalAddress(one) === canonicalAddress(other)
}
