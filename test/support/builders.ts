import { globalInClusterPool, inClusterPoolKinds } from '../../src/domain/model/pool-kinds.ts'
import { ipPoolFrom, type IPPool } from '../../src/domain/model/pool.ts'
import type { Observed, WaitingQueue } from '../../src/domain/allocation/action.ts'
import { clusterClassFrom, type ClusterClass } from '../../src/domain/model/cluster-class.ts'
import { objectMetaFrom, type ObjectMeta } from '../../src/domain/model/object-meta.ts'
import { clusterFrom, type Cluster } from '../../src/domain/model/cluster.ts'
import { ipAddressFrom, type IPAddress } from '../../src/domain/model/ip-address.ts'
import {
  clusterNameOf,
  ipAddressClaimFrom,
  roleOfClaim,
  type IPAddressClaim,
} from '../../src/domain/model/claim.ts'
import { vipRoleIn, type VipRole } from '../../src/domain/allocation/vip-role.ts'
import { roleSpecs, type Role, type VariableNames } from '../../src/domain/role.ts'
import type { RunningWorkflow } from '../../src/domain/workflow-run.ts'

/** Objects as the API server returns them, decoded by the product; tests name only the fields they need. */

type Labels = Readonly<Record<string, string>>

interface MetaOptions {
  namespace?: string
  name?: string
  uid?: string
  labels?: Labels
  annotations?: Labels
  deleting?: boolean
  created?: string
  generation?: number
  owners?: readonly object[]
  finalizers?: readonly string[]
}

function metadata(options: MetaOptions, fallback: { namespace?: string; name: string }): object {
  const { namespace = fallback.namespace, name = fallback.name, labels, annotations, owners } = options
  return {
    ...(namespace !== undefined && { namespace }),
    name,
    uid: options.uid ?? `uid-of-${name}`,
    resourceVersion: '100',
    generation: options.generation ?? 1,
    creationTimestamp: options.created ?? '2026-01-02T03:04:05Z',
    ...(labels && { labels }),
    ...(annotations && { annotations }),
    ...(owners && { ownerReferences: owners }),
    ...(options.finalizers && { finalizers: options.finalizers }),
    ...(options.deleting === true && { deletionTimestamp: '2026-01-02T04:00:00Z' }),
  }
}

export interface ClusterOptions extends MetaOptions {
  paused?: boolean
  topology?: object | null
  endpoint?: object
  apiServerPort?: number
  conditions?: readonly object[]
  availabilityGates?: readonly string[]
  /** Cluster API has rendered the topology. */
  rendered?: boolean
  /** `status.phase`; `Provisioning`: there are no machines yet. */
  phase?: string
}

export const variables: VariableNames = { 'control-plane': 'clusterVip', ingress: 'ingressVip' }

export const aClass = 'rke2-cluster-class'

/** A Cluster `clusters/demo` of ClusterClass `rke2-cluster-class` without endpoint, in v1beta2. */
export function clusterObject(options: ClusterOptions = {}): object {
  const { topology = { classRef: { name: aClass }, version: 'v1.35.4' } } = options
  return {
    apiVersion: 'cluster.x-k8s.io/v1beta2',
    kind: 'Cluster',
    metadata: metadata(options, { namespace: 'clusters', name: 'demo' }),
    spec: {
      ...(options.paused !== undefined && { paused: options.paused }),
      ...(topology !== null && { topology }),
      ...(options.rendered === true && { infrastructureRef: { kind: 'DemoCluster', name: 'demo-x' } }),
      ...(options.endpoint && { controlPlaneEndpoint: options.endpoint }),
      ...(options.apiServerPort !== undefined && {
        clusterNetwork: { apiServerPort: options.apiServerPort },
      }),
      ...(options.availabilityGates && {
        availabilityGates: options.availabilityGates.map((conditionType) => ({ conditionType })),
      }),
    },
    ...((options.conditions ?? options.phase) !== undefined && {
      status: {
        ...(options.conditions && { conditions: options.conditions }),
        ...(options.phase !== undefined && { phase: options.phase }),
      },
    }),
  }
}

export function aCluster(options: ClusterOptions = {}): Cluster {
  return clusterFrom(clusterObject(options))
}

/** The roles in a Cluster whose endpoint is no DNS name and whose class names no variables. */
export const controlPlane: VipRole = vipRoleIn(aCluster(), 'control-plane', variables, undefined)
export const ingress: VipRole = vipRoleIn(aCluster(), 'ingress', variables, undefined)

/** ClusterClass `clusters/rke2-cluster-class` with variables in spec and status. */
export function aClusterClass(variables: {
  declared: readonly string[]
  accepted: readonly string[]
  annotations?: Readonly<Record<string, string>>
  /** OpenAPI schemas of accepted variables; none: any value. */
  schemas?: Readonly<Record<string, object>>
  /** Variables that its patches read. */
  read?: readonly string[]
}): ClusterClass {
  const { schemas = {}, read = [] } = variables
  return clusterClassFrom({
    metadata: {
      ...metadata({}, { namespace: 'clusters', name: aClass }),
      annotations: variables.annotations ?? {},
    },
    spec: {
      variables: variables.declared.map((name) => ({ name })),
      patches: read.map((variable) => ({ definitions: [{ jsonPatches: [{ valueFrom: { variable } }] }] })),
    },
    status: {
      variables: variables.accepted.map((name) => ({
        name,
        definitions: [{ schema: { openAPIV3Schema: schemas[name] ?? {} } }],
      })),
    },
  })
}

/** A ClusterClass whose variables Cluster API core has accepted as they are declared. */
export function classOfShape(shape: {
  readonly annotations?: Readonly<Record<string, string>>
  /** `spec.variables`. */
  readonly variables: readonly object[]
  /** `spec.patches`. */
  readonly patches: readonly object[]
}): ClusterClass {
  const { annotations = {}, variables, patches } = shape
  return clusterClassFrom({
    metadata: { ...metadata({}, { namespace: 'clusters', name: aClass }), annotations },
    spec: { variables, patches },
    status: { variables: variables.map((each) => ({ ...each, definitions: [{ ...each, from: 'inline' }] })) },
  })
}

/** Of the in-cluster provider. */
export type InClusterKind = 'InClusterIPPool' | 'GlobalInClusterIPPool'

export interface PoolOptions extends MetaOptions {
  kind?: InClusterKind
  capacity?: { total: number; used: number; free: number; outOfRange: number }
  addresses?: readonly string[]
  excludedAddresses?: readonly string[]
  prefix?: number
  gateway?: string
  givesReserved?: boolean
  graceSeconds?: number
}

/** GlobalInClusterIPPool `vip-pool` for `rke2-cluster-class` with the addresses 10.0.0.10 to .20, all free. */
export function aPool(options: PoolOptions = {}): IPPool {
  const { kind = 'GlobalInClusterIPPool', capacity = { total: 11, used: 0, free: 11, outOfRange: 0 } } =
    options
  const labels = options.labels ?? { 'vip.capi.gorizond.io/cluster-class': aClass }
  const fallback =
    kind === 'InClusterIPPool' ? { namespace: 'clusters', name: 'vip-pool' } : { name: 'vip-pool' }
  const poolKind = inClusterPoolKinds.find((each) => each.kind === kind) ?? globalInClusterPool
  return ipPoolFrom(poolKind, {
    metadata: metadata({ ...options, labels }, fallback),
    spec: {
      addresses: options.addresses ?? ['10.0.0.10-10.0.0.20'],
      ...(options.excludedAddresses && { excludedAddresses: options.excludedAddresses }),
      prefix: options.prefix ?? 24,
      ...(options.gateway !== undefined && { gateway: options.gateway }),
      ...(options.givesReserved !== undefined && { allocateReservedIPAddresses: options.givesReserved }),
      ...(options.graceSeconds !== undefined && { addressReuseGracePeriodSeconds: options.graceSeconds }),
    },
    status: { ipAddresses: capacity },
  })
}

/** Namespace `clusters`. */
export function aNamespace(options: Pick<MetaOptions, 'name' | 'labels'> = {}): ObjectMeta {
  return objectMetaFrom({ metadata: metadata(options, { name: 'clusters' }) })
}

/** A pool whose addresses the provider has not counted yet. */
export function anUncountedPool(options: PoolOptions = {}): IPPool {
  return { ...aPool(options), capacity: undefined }
}

export function ownerReference(cluster: { name: string; uid: string }): object {
  const { name, uid } = cluster
  return { apiVersion: 'cluster.x-k8s.io/v1beta2', kind: 'Cluster', name, uid, controller: true }
}

export interface ClaimOptions extends MetaOptions {
  poolName?: string
  poolKind?: InClusterKind
  addressName?: string
}

/** Claim `clusters/vip-cp-demo` on GlobalInClusterIPPool `vip-pool`, owned by the builder's Cluster and labeled so, unbound. */
export function aClaim(options: ClaimOptions = {}): IPAddressClaim {
  const { name = 'vip-cp-demo', owners = [ownerReference(aCluster())] } = options
  const isOurs = options.owners === undefined && roleOfClaim(name) !== undefined
  const ours = {
    'cluster.x-k8s.io/cluster-name': clusterNameOf(name, options.labels ?? {}) ?? '',
    'vip.capi.gorizond.io/role': roleOfClaim(name) ?? '',
  }
  const labels = { ...(isOurs && ours), ...options.labels }
  return ipAddressClaimFrom({
    metadata: metadata({ ...options, owners, labels }, { namespace: 'clusters', name: 'vip-cp-demo' }),
    spec: {
      clusterName: 'demo',
      poolRef: {
        apiGroup: 'ipam.cluster.x-k8s.io',
        kind: options.poolKind ?? 'GlobalInClusterIPPool',
        name: options.poolName ?? 'vip-pool',
      },
    },
    ...(options.addressName !== undefined && { status: { addressRef: { name: options.addressName } } }),
  })
}

/** The builder's claim, bound, on a pool that retains addresses for a day: it outlives its Cluster, whose uid it has. */
export function aRetainedClaim(options: ClaimOptions = {}): IPAddressClaim {
  return aClaim({
    owners: [],
    labels: { 'cluster.x-k8s.io/cluster-name': 'demo', 'vip.capi.gorizond.io/role': 'control-plane' },
    addressName: 'vip-cp-demo',
    ...options,
    annotations: {
      'vip.capi.gorizond.io/cluster-uid': 'uid-of-demo',
      'vip.capi.gorizond.io/retain': '24h',
      ...options.annotations,
    },
  })
}

/** IPAddress `clusters/vip-cp-demo`, 10.0.0.10. */
export function anIPAddress(
  options: MetaOptions & { address?: string; claimName?: string; poolName?: string } = {},
): IPAddress {
  const { poolName = 'vip-pool' } = options
  return ipAddressFrom({
    metadata: metadata(options, { namespace: 'clusters', name: 'vip-cp-demo' }),
    spec: {
      address: options.address ?? '10.0.0.10',
      prefix: 24,
      claimRef: { name: options.claimName ?? 'vip-cp-demo' },
      poolRef: { apiGroup: 'ipam.cluster.x-k8s.io', kind: 'GlobalInClusterIPPool', name: poolName },
    },
  })
}

/** A condition of ours, in v1beta2. */
export function aVipCondition(
  options: {
    role?: Role
    status?: string
    reason?: string
    message?: string
    since?: string
  } = {},
): object {
  const {
    role = 'control-plane',
    status = 'True',
    reason = 'Allocated',
    message = 'as it should be',
  } = options
  const { since = '2026-01-02T03:04:05Z' } = options
  return { type: roleSpecs[role].conditionType, status, reason, message, lastTransitionTime: since }
}

/** A running workflow. */
export function aRun(facts: Partial<RunningWorkflow> = {}): RunningWorkflow {
  return {
    workflowId: 'allocate-vip/clusters/demo',
    runId: 'run-1',
    taskQueue: 'ours',
    pollers: [],
    workflowTaskAttempt: 0,
    readyForMs: undefined,
    isWaiting: false,
    beginsAt: undefined,
    ...facts,
  }
}

export const nobodyWaits: WaitingQueue = {
  waiters: [],
  poolsOf: () => [],
  claimOf: () => undefined,
  classOf: () => undefined,
}

/** The observed objects around a Cluster. */
export function anObservation(things: Partial<Observed> = {}): Observed {
  const cluster = 'cluster' in things ? things.cluster : aCluster()
  const nobody = { clusters: [], ipAddresses: [] }
  const { addressUse = nobody } = things
  return {
    key: { namespace: 'clusters', name: 'demo' },
    claim: undefined,
    ipAddress: undefined,
    namedAddress: undefined,
    pools: [aPool()],
    clusterClass: aClusterClass({ declared: ['clusterVip'], accepted: ['clusterVip'] }),
    variables,
    defaultPort: 6443,
    waiting: nobodyWaits,
    ...things,
    cluster,
    addressUse,
    sameAddressUse: things.sameAddressUse ?? addressUse,
  }
}
