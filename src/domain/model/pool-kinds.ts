import { ipamGroup } from '../names.ts'
import { arrayOf, integerOf, isObject, nonEmptyStringOf, objectOf, type JsonObject } from './decode.ts'
import {
  findPoolKind,
  type FixedAddress,
  type IPPoolCapacity,
  type PoolFacts,
  type PoolKind,
} from './pool-kind.ts'

const inCluster = {
  apiGroup: ipamGroup,
  provider: 'the in-cluster IPAM provider',
  versions: ['v1alpha2', 'v1alpha1'],
  fixedAddress: 'pre-made',
  factsFrom: inClusterFacts,
} as const

/** The namespaced pool of the in-cluster provider. */
export const inClusterPool: PoolKind = {
  ...inCluster,
  kind: 'InClusterIPPool',
  resource: 'inclusterippools',
  isGlobal: false,
}

/** Its pool for all namespaces. */
export const globalInClusterPool: PoolKind = {
  ...inCluster,
  kind: 'GlobalInClusterIPPool',
  resource: 'globalinclusterippools',
  isGlobal: true,
}

/** The kinds of pools that are used unless others are configured. The provider's prefix pools allocate networks, and are never used. */
export const inClusterPoolKinds: readonly PoolKind[] = [inClusterPool, globalInClusterPool]

/** The kinds of pools of an installation. */
export function poolKindsOf({
  poolKinds = inClusterPoolKinds,
}: {
  readonly poolKinds?: readonly PoolKind[] | undefined
}): readonly PoolKind[] {
  return poolKinds
}

/** Other kinds, as `Kind.group`, whose providers can be asked for a certain address. */
const fixedAddressElsewhere: Readonly<Record<string, FixedAddress>> = {
  'IPPool.ipam.metal3.io': { claimAnnotation: 'ipAddress' },
}

/** How the provider of a pool is asked for a certain address; undefined: it cannot be, as far as is known. */
export function fixedAddressOf(ref: Pick<PoolKind, 'apiGroup' | 'kind'>): FixedAddress | undefined {
  const own = findPoolKind(inClusterPoolKinds, ref)
  return own === undefined ? fixedAddressElsewhere[`${ref.kind}.${ref.apiGroup}`] : own.fixedAddress
}

/** The namespace of the pool of a claim in this namespace; `""` for a global one. */
export function poolNamespaceFor(ref: Pick<PoolKind, 'apiGroup' | 'kind'>, claimNamespace: string): string {
  return findPoolKind(inClusterPoolKinds, ref)?.isGlobal === true ? '' : claimNamespace
}

function inClusterFacts(pool: JsonObject): PoolFacts {
  const spec = objectOf(pool['spec'])
  return {
    addresses: stringsIn(spec['addresses']),
    excludedAddresses: stringsIn(spec['excludedAddresses']),
    prefix: integerOf(spec['prefix']) ?? 0,
    gateway: nonEmptyStringOf(spec['gateway']),
    givesReserved: spec['allocateReservedIPAddresses'] === true,
    reuseGraceSeconds: integerOf(spec['addressReuseGracePeriodSeconds']) ?? 0,
    capacity: capacityFrom(objectOf(pool['status'])['ipAddresses']),
  }
}

function capacityFrom(value: unknown): IPPoolCapacity | undefined {
  if (!isObject(value)) return undefined
  const count = (field: string): number => integerOf(value[field]) ?? 0
  return { total: count('total'), used: count('used'), free: count('free'), outOfRange: count('outOfRange') }
}

function stringsIn(value: unknown): readonly string[] {
  return arrayOf(value).filter((entry) => typeof entry === 'string')
}
