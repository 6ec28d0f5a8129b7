import { formatEndpoint, isValidEndpoint, type Cluster } from '../model/cluster.ts'
import { canonicalAddress } from '../model/address-text.ts'
import { hostsAt } from '../model/variable-path.ts'
import { shortened } from '../quote.ts'
import { recordedPair, recordedVip } from './ip-families.ts'
import { addressIn, hostInVariables, isBesideName, type VipRole } from './vip-role.ts'

/** Who set the VIP of one role, as far as the Cluster alone shows it. */
export type VipOwnership =
  | { readonly state: 'unset' }
  /** We assigned it, as the annotation records, and it is there. */
  | { readonly state: 'managed'; readonly address: string }
  /** We assigned it, and somebody removed it: it has to come back. */
  | { readonly state: 'drifted'; readonly address: string }
  /** Somebody else gave the control plane a host without a port. */
  | { readonly state: 'incomplete'; readonly address: string }
  /** `wasOurs`: we had assigned another one before, on which machines may still rely. */
  | { readonly state: 'external'; readonly address: string; readonly wasOurs: boolean }

/** Compares the address on the Cluster with the one that our annotation records. */
export function vipOwnershipOf(cluster: Cluster, vip: VipRole): VipOwnership {
  if (vip.first !== undefined) return secondOwnership(vipOwnershipOf(cluster, vip.first), cluster, vip)
  const address = addressIn(cluster, vip)
  const recorded = recordedVip(cluster, vip.role)
  if (address === '') {
    return recorded === undefined ? { state: 'unset' } : { state: 'drifted', address: recorded }
  }
  if (address === recorded) return { state: 'managed', address }
  if (vip.isEndpoint && !isValidEndpoint(cluster.controlPlaneEndpoint)) {
    return { state: 'incomplete', address }
  }
  return { state: 'external', address, wasOurs: recorded !== undefined }
}

/** The second address of a pair is what its first one is: a pair is whole or absent. */
function secondOwnership(first: VipOwnership, cluster: Cluster, { part }: VipRole): VipOwnership {
  const address = recordedVip(cluster, part)
  if (first.state === 'unset' || address === undefined) return { state: 'unset' }
  return first.state === 'managed' || first.state === 'drifted'
    ? { state: first.state, address }
    : { state: 'external', address, wasOurs: true }
}

/**
 * Whether only our annotation names the Cluster's VIP. Anybody can type an annotation, so it opens no pool; a host or a
 * variable counts as in use, no matter who wrote it.
 */
export function isOnRecordOnly(cluster: Cluster, vip: VipRole): boolean {
  const recorded = recordedVip(cluster, vip.part)
  if (recorded === undefined) return false
  if (vip.first !== undefined) return !isInVariables(cluster, vip, recorded)
  return vip.isEndpoint
    ? cluster.controlPlaneEndpoint.host === ''
    : hostInVariables(cluster, vip) === undefined
}

/** Whether somebody has changed or removed our record of a VIP that stays in place. Templates of its class may read the record. */
export function hasLostRecord(cluster: Cluster, previous: Cluster, vip: VipRole): boolean {
  const [now, before] = [vipOwnershipOf(cluster, vip), vipOwnershipOf(previous, vip)]
  if (before.state !== 'managed') return false
  const [pair, previousPair] = [recordedPair(cluster, vip.role), recordedPair(previous, vip.role)]
  const hasLostSecond = previousPair !== undefined && previousPair[1] !== pair?.[1]
  return hasLostSecond || (now.state === 'external' && now.address === before.address)
}

/**
 * Whether only our annotation names the VIP beside a DNS name, and the Cluster has no machines that could use it: another one
 * can take its place.
 */
export function isUnusedRecord(cluster: Cluster, vip: VipRole): boolean {
  const { isRendered, isAwaitingInfrastructure } = cluster
  return isBesideName(vip) && isOnRecordOnly(cluster, vip) && (!isRendered || isAwaitingInfrastructure)
}

/** Whether somebody else gave the Cluster its VIP, and none of ours can be in use: a claim of ours serves nobody. */
export function isExternallyOwned(ownership: VipOwnership): boolean {
  return ownership.state === 'incomplete' || (ownership.state === 'external' && !ownership.wasOurs)
}

/** `endpoint 10.0.0.10:6443`, `ingress VIP 10.0.0.11`. */
export function describeVip(cluster: Cluster, vip: VipRole): string {
  if (vip.first !== undefined) {
    return `${describeVip(cluster, vip.first)} with ${shortened(addressIn(cluster, vip))}`
  }
  return vip.isEndpoint
    ? `endpoint ${formatEndpoint(cluster.controlPlaneEndpoint)}`
    : `${vip.role} VIP ${shortened(addressIn(cluster, vip))}`
}

function isInVariables(cluster: Cluster, { variables }: VipRole, address: string): boolean {
  return variables.some(({ path }) =>
    hostsAt(cluster, path).some((host) => canonicalAddress(host) === canonicalAddress(address)),
  )
}
