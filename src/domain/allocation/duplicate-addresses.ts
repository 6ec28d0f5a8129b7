import { refuse, wait, type Action } from './action.ts'
import { decideDuplicate, holdersOf, isFree, type AddressHolders, type AddressUse } from './address-holder.ts'
import { recordedVip } from './vip-ownership.ts'
import { claimNameFor, type IPAddressClaim } from '../model/claim.ts'
import type { IPAddress } from '../model/ip-address.ts'
import { formatKey } from '../model/object-meta.ts'
import { attemptsUntilStepBack } from '../timings.ts'
import type { Cluster } from '../model/cluster.ts'
import { commaSeparated } from '../model/decode.ts'
import { duplicateAddressesAnnotation } from '../names.ts'
import { canonicalAddress } from '../model/address-text.ts'
import { annotationOperations, conditionalOn, type JsonPatch } from '../model/json-patch.ts'
import { defaultRole, vipRole, type VariableNames, type VipRole } from '../role.ts'

/** Addresses that the Cluster's claims were given although others have them. It is never assigned one of these. */
export function duplicateAddressesOf(cluster: Cluster): readonly string[] {
  return commaSeparated(cluster.annotations[duplicateAddressesAnnotation])
}

export function isKnownDuplicate(cluster: Cluster, address: string): boolean {
  const wanted = canonicalAddress(address)
  return duplicateAddressesOf(cluster).some((each) => canonicalAddress(each) === wanted)
}

/** Whether the Cluster keeps addresses reserved because others have them. */
export function reservesAddresses(cluster: Cluster): boolean {
  return duplicateAddressesOf(cluster).length > 0
}

/** The duplicates of the Cluster, and this one. */
export function duplicatesWith(cluster: Cluster, address: string): readonly string[] {
  const duplicates = duplicateAddressesOf(cluster)
  return isKnownDuplicate(cluster, address) ? duplicates : [...duplicates, address]
}

/** The duplicates of the Cluster, without these. */
export function duplicatesWithout(cluster: Cluster, addresses: readonly string[]): readonly string[] {
  return duplicateAddressesOf(cluster).filter((address) => !addresses.includes(address))
}

/** Those that nobody else has any more: the Cluster need not keep them reserved. */
export function freeDuplicatesOf(
  cluster: Cluster,
  use: AddressUse,
  variables: VariableNames,
): readonly string[] {
  return duplicateAddressesOf(cluster).filter((address) => isFreeBeside(cluster, address, use, variables))
}

/** Whether nobody but the Cluster has the address. */
export function isFreeBeside(
  cluster: Cluster,
  address: string,
  use: AddressUse,
  variables: VariableNames,
): boolean {
  const vip = vipRole(defaultRole, variables)
  const seeker = { cluster, vip, claimName: claimNameFor(cluster, defaultRole) }
  return isFree(holdersOf(address, seeker, use, variables))
}

/**
 * The patch that records these duplicates and no others. It is conditional on the Cluster as read, and so puts an
 * end to every attempt that read before it and would assign one of them now.
 */
export function duplicateAddressesPatch(cluster: Cluster, addresses: readonly string[]): JsonPatch {
  const list = addresses.length === 0 ? undefined : addresses.join(',')
  return [conditionalOn(cluster), ...annotationOperations(cluster, duplicateAddressesAnnotation, list)]
}

/** An address of the Cluster's claim that is not on the Cluster yet, and who else has it. */
export interface NewAddress {
  readonly claim: IPAddressClaim
  readonly ipAddress: IPAddress
  readonly holders: AddressHolders
  /** Attempts of the step so far; undefined: no end of the wait is to be expected. */
  readonly attempt: number | undefined
}

/** What keeps a new address from being written to the Cluster; undefined: nothing does. */
export function duplicateAction(
  cluster: Cluster,
  { role }: VipRole,
  { claim, ipAddress, holders, attempt = 1 }: NewAddress,
): Action | undefined {
  const { address } = ipAddress
  const decision = decideDuplicate(ipAddress, holders)
  if (decision.decision === 'assign' && !isKnownDuplicate(cluster, address)) return undefined
  const because = decision.decision === 'assign' ? `${address} was somebody else's` : decision.message
  if (recordedVip(cluster, role) === address) {
    const message = `${because}, and was the VIP of Cluster ${formatKey(cluster)} before; give one of them another address`
    return refuse('DuplicateAddress', message)
  }
  return decision.decision === 'wait' && attempt < attemptsUntilStepBack
    ? wait('DuplicateAddress', `${because}, which has to step back first`)
    : { action: 'stepBack', claim, ipAddress, because }
}
