import { formatEndpoint, isValidEndpoint, variableOf, type Cluster } from '../model/cluster.ts'
import { nonEmptyStringOf } from '../model/decode.ts'
import { shortened } from '../quote.ts'
import { roleSpecs, type Role, type VipRole } from '../role.ts'

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
  const address = addressIn(cluster, vip)
  const recorded = recordedVip(cluster, vip.role)
  if (address === '') {
    return recorded === undefined ? { state: 'unset' } : { state: 'drifted', address: recorded }
  }
  if (address === recorded) return { state: 'managed', address }
  if (roleSpecs[vip.role].isEndpoint && !isValidEndpoint(cluster.controlPlaneEndpoint)) {
    return { state: 'incomplete', address }
  }
  return { state: 'external', address, wasOurs: recorded !== undefined }
}

/**
 * Whether only our annotation names the Cluster's VIP. Anybody can type an annotation, so it opens no pool; a host or a
 * variable counts as in use, no matter who wrote it.
 */
export function isOnRecordOnly(cluster: Cluster, { role, variable }: VipRole): boolean {
  if (recordedVip(cluster, role) === undefined) return false
  return roleSpecs[role].isEndpoint
    ? cluster.controlPlaneEndpoint.host === ''
    : typeof variableOf(cluster, variable) !== 'string'
}

/** Whether somebody else gave the Cluster its VIP, and none of ours can be in use: a claim of ours serves nobody. */
export function isExternallyOwned(ownership: VipOwnership): boolean {
  return ownership.state === 'incomplete' || (ownership.state === 'external' && !ownership.wasOurs)
}

/** The VIP that we assigned, as our annotation records it. */
export function recordedVip(cluster: Cluster, role: Role): string | undefined {
  return nonEmptyStringOf(cluster.annotations[roleSpecs[role].vipAnnotation])
}

/** `endpoint 10.0.0.10:6443`, `ingress VIP 10.0.0.11`. */
export function describeVip(cluster: Cluster, vip: VipRole): string {
  const { noun, isEndpoint } = roleSpecs[vip.role]
  const value = isEndpoint ? formatEndpoint(cluster.controlPlaneEndpoint) : shortened(addressIn(cluster, vip))
  return `${noun} ${value}`
}

/** The control plane's host; for ingress the variable, else the annotation. `""` if there is none. */
export function addressIn(cluster: Cluster, { role, variable }: VipRole): string {
  if (roleSpecs[role].isEndpoint) return cluster.controlPlaneEndpoint.host
  const value = variableOf(cluster, variable)
  return typeof value === 'string' ? value : (recordedVip(cluster, role) ?? '')
}
