/**
 * The product's public names, repeated here on purpose: if the invariants imported them from the product, they would
 * share its faults.
 */

export const ourManager = 'capi-vip-allocator'

/** The allocator's default. */
export const ourTaskQueue = 'capi-vip-allocator'

/** Whether a field manager is ours; each role's condition has its own. */
export function isOurs(manager: string): boolean {
  return manager === ourManager || manager.startsWith(`${ourManager}-`)
}

const prefix = 'vip.capi.gorizond.io'
export const clusterClassKey = `${prefix}/cluster-class`
export const roleKey = `${prefix}/role`
export const retainAnnotation = `${prefix}/retain`
export const clusterUidAnnotation = `${prefix}/cluster-uid`
export const keptUntilAnnotation = `${prefix}/kept-until`
export const reservedByLabel = `${prefix}/reserved-by`
export const inUseAnnotation = `${prefix}/in-use`
export const probePortsAnnotation = `${prefix}/probe-ports`
export const priorityAnnotation = `${prefix}/priority`
export const queuePriorityAnnotation = `${prefix}/queue-priority`
export const namespaceSelectorAnnotation = `${prefix}/namespace-selector`
export const ipFamiliesAnnotation = `${prefix}/ip-families`
export const reserveEndpointAnnotation = `${prefix}/reserve-endpoint`
export const ingressEnabledAnnotation = `${prefix}/ingress-enabled`

/** The names that belong to a role. */
export interface RoleWords {
  readonly role: 'control-plane' | 'ingress'
  readonly vipAnnotation: string
  readonly poolAnnotation: string
  readonly addressAnnotation: string
  readonly claimPrefix: string
  /** Of the claim for the second address of a pair. */
  readonly secondClaimPrefix: string
  readonly conditionType: string
}

export const controlPlane: RoleWords = {
  role: 'control-plane',
  vipAnnotation: `${prefix}/control-plane-vip`,
  poolAnnotation: `${prefix}/control-plane-pool`,
  addressAnnotation: `${prefix}/control-plane-address`,
  claimPrefix: 'vip-cp-',
  secondClaimPrefix: 'vip-cp2-',
  conditionType: `${prefix}/ControlPlaneVIPReady`,
}

export const ingress: RoleWords = {
  role: 'ingress',
  vipAnnotation: `${prefix}/ingress-vip`,
  poolAnnotation: `${prefix}/ingress-pool`,
  addressAnnotation: `${prefix}/ingress-address`,
  claimPrefix: 'vip-ingress-',
  secondClaimPrefix: 'vip-ingress2-',
  conditionType: `${prefix}/IngressVIPReady`,
}

export const bothRoles: readonly RoleWords[] = [controlPlane, ingress]

/** Reasons that a run may report. */
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

/** Reasons of a condition for which a Cluster is in the queue. */
export const queueReasons: readonly string[] = ['PoolExhausted', 'PoolNotReady', 'NoMatchingPool']

/** Failure types of a step whose request the API server did not accept. */
export const serverFailures: readonly string[] = ['KubernetesUnavailable', 'KubernetesConflict']
