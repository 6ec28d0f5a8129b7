/**
 * The names the product shows to the outside, spelled here once more on purpose: a checker that took them from the
 * product would follow it into a mistake.
 */

export const ourManager = 'capi-vip-allocator'

/** Of an allocator that is told no other. */
export const ourTaskQueue = 'capi-vip-allocator'

/** Whether a field manager is ours: the conditions about VIPs have one for each role. */
export function isOurs(manager: string): boolean {
  return manager === ourManager || manager.startsWith(`${ourManager}-`)
}

const prefix = 'vip.capi.gorizond.io'
export const clusterClassKey = `${prefix}/cluster-class`
export const roleKey = `${prefix}/role`
export const reservedByLabel = `${prefix}/reserved-by`
export const ingressEnabledAnnotation = `${prefix}/ingress-enabled`

/** What a VIP is for, with all names that differ. */
export interface RoleWords {
  readonly role: 'control-plane' | 'ingress'
  readonly vipAnnotation: string
  readonly poolAnnotation: string
  readonly claimPrefix: string
  readonly conditionType: string
}

export const controlPlane: RoleWords = {
  role: 'control-plane',
  vipAnnotation: `${prefix}/control-plane-vip`,
  poolAnnotation: `${prefix}/control-plane-pool`,
  claimPrefix: 'vip-cp-',
  conditionType: `${prefix}/ControlPlaneVIPReady`,
}

export const ingress: RoleWords = {
  role: 'ingress',
  vipAnnotation: `${prefix}/ingress-vip`,
  poolAnnotation: `${prefix}/ingress-pool`,
  claimPrefix: 'vip-ingress-',
  conditionType: `${prefix}/IngressVIPReady`,
}

export const bothRoles: readonly RoleWords[] = [controlPlane, ingress]

/** The words a run may give as its reason (design, section 2). */
export const reasonWords: readonly string[] = [
  'PoolExhausted',
  'PoolNotReady',
  'AllocationFailed',
  'Allocated',
  'WaitingForAddress',
  'NoMatchingPool',
  'EndpointAlreadySet',
  'ClusterPaused',
  'ClusterDeleted',
  'ClaimConflict',
  'DuplicateAddress',
  'ClusterRejected',
  'AddressLost',
]

/** Failure types of a step that the API server did not let pass. */
export const serverFailures: readonly string[] = ['KubernetesUnavailable', 'KubernetesConflict']
