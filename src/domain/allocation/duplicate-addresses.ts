import { holdersOf, isFree, type AddressUse } from './address-holder.ts'
import { claimNameFor } from '../model/claim.ts'
import type { Cluster } from '../model/cluster.ts'
import { commaSeparated } from '../model/decode.ts'
import { duplicateAddressesAnnotation } from '../names.ts'
import { canonicalAddress } from '../model/address-text.ts'
import { annotationOperations, conditionalOn, type JsonPatch } from '../model/json-patch.ts'
import { defaultRole, vipRole, type VariableNames } from '../role.ts'

/** Addresses that the Cluster's claims were given although others have them. It is never assigned one of these. */
export function duplicateAddressesOf(cluster: Cluster): readonly string[] {
  return commaSeparated(cluster.annotations[duplicateAddressesAnnotation])
}

export function isKnownDuplicate(cluster: Cluster, address: string): boolean {
  const wanted = canonicalAddress(address)
  return duplicateAddressesOf(cluster).some((each) => canonicalAddress(each) === wanted)
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
