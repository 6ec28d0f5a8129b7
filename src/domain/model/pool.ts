import { arrayOf, integerOf, isObject, nonEmptyStringOf, objectOf, stringOf } from './decode.ts'
import { hasPausedAnnotation, objectMetaFrom, type ObjectMeta } from './object-meta.ts'
import { labelSelectorFrom, matchesLabels, type Labels, type LabelSelector } from './label-selector.ts'
import { namespaceSelectorAnnotation, networkAnnotation } from '../names.ts'
import { poolKinds, type IPPoolKind } from './pool-kind.ts'

/** CAPI's IPPoolReference: no namespace, since claim, address and a namespaced pool share one. */
export interface IPPoolReference {
  readonly apiGroup: string
  readonly kind: string
  readonly name: string
}

/** The facts about an IP pool that decisions use. */
export interface IPPool extends ObjectMeta {
  readonly kind: IPPoolKind
  readonly isPaused: boolean
  /** `spec.addresses`: addresses, CIDRs and ranges `first-last`. */
  readonly addresses: readonly string[]
  /** `spec.excludedAddresses`, in the same forms: never allocated. */
  readonly excludedAddresses: readonly string[]
  /** `spec.prefix`: length of the network prefix of every address. */
  readonly prefix: number
  readonly gateway: string | undefined
  /** `spec.allocateReservedIPAddresses`: allocates the addresses of subnet and broadcast too. */
  readonly givesReserved: boolean
  /** `spec.addressReuseGracePeriodSeconds`: how long the provider keeps claim and address after a deletion. */
  readonly reuseGraceSeconds: number
  /** Undefined until the provider has counted. */
  readonly capacity: IPPoolCapacity | undefined
  /** Which Namespaces may use it; undefined: it has no selector, or is not global. */
  readonly namespaceSelector: LabelSelector | 'unreadable' | undefined
  /** Whether the selector matches the Namespace for which `poolsUsableBy` returned the pool; absent: nobody knows. */
  readonly selectsNamespace?: boolean
}

/** `status.ipAddresses`, in addresses. */
export interface IPPoolCapacity {
  readonly total: number
  readonly used: number
  readonly free: number
  readonly outOfRange: number
}

/** @param kind items of a list have none */
export function ipPoolFrom(kind: IPPoolKind, object: unknown): IPPool {
  const meta = objectMetaFrom(object)
  const spec = objectOf(objectOf(object)['spec'])
  return {
    ...meta,
    kind,
    isPaused: hasPausedAnnotation(meta),
    addresses: stringsIn(spec['addresses']),
    excludedAddresses: stringsIn(spec['excludedAddresses']),
    prefix: integerOf(spec['prefix']) ?? 0,
    gateway: nonEmptyStringOf(spec['gateway']),
    givesReserved: spec['allocateReservedIPAddresses'] === true,
    reuseGraceSeconds: integerOf(spec['addressReuseGracePeriodSeconds']) ?? 0,
    capacity: capacityFrom(objectOf(objectOf(object)['status'])['ipAddresses']),
    namespaceSelector: namespaceSelectorFrom(kind, meta.annotations),
  }
}

function namespaceSelectorFrom(
  kind: IPPoolKind,
  { [namespaceSelectorAnnotation]: text }: ObjectMeta['annotations'],
): IPPool['namespaceSelector'] {
  if (!poolKinds[kind].isGlobal || text === undefined) return undefined
  return labelSelectorFrom(text) ?? 'unreadable'
}

function stringsIn(value: unknown): readonly string[] {
  return arrayOf(value).filter((entry) => typeof entry === 'string')
}

/** Whether a pool selects by the labels of Namespaces, so that these have to be read. */
export function selectsByLabels({ namespaceSelector }: Pick<IPPool, 'namespaceSelector'>): boolean {
  return namespaceSelector !== undefined && namespaceSelector !== 'unreadable'
}

/**
 * Whether a pool selects a Namespace; undefined if it has no selector that can be read, or the labels are unknown.
 *
 * @param labels of the Namespace
 */
export function selectsNamespace(
  { namespaceSelector: selector }: Pick<IPPool, 'namespaceSelector'>,
  labels: Labels | undefined,
): boolean | undefined {
  if (labels === undefined || selector === undefined || selector === 'unreadable') return undefined
  return matchesLabels(selector, labels)
}

/** The network that a pool's addresses are on; `""`: the one that has no name. */
export function networkOf({ annotations }: Pick<IPPool, 'annotations'>): string {
  return annotations[networkAnnotation]?.trim() ?? ''
}

/** For people and logs: `<kind>/vip-pool`. */
export function formatPool(pool: { readonly kind: string; readonly name: string }): string {
  return `${pool.kind}/${pool.name}`
}

/** `<namespace> Kind/name`, which is unique. */
export function placeOf(pool: {
  readonly kind: string
  readonly namespace: string
  readonly name: string
}): string {
  return `${pool.namespace} ${formatPool(pool)}`
}

/**
 * Addresses that are at least still available; undefined until the provider has counted. The provider counts an allocated
 * address outside the pool's ranges as used, so `free` alone can be 0 or less although an address is available.
 */
export function availableAddresses(pool: IPPool): number | undefined {
  return pool.capacity === undefined ? undefined : pool.capacity.free + pool.capacity.outOfRange
}

/** `0 of 5 addresses free`, and why some may come back only later. */
export function describeExhausted({ capacity, reuseGraceSeconds }: IPPool): string {
  const found = `0 of ${capacity?.total ?? 0} addresses free`
  return reuseGraceSeconds === 0
    ? found
    : `${found}, and addressReuseGracePeriodSeconds keeps each for ${reuseGraceSeconds} s after its Cluster is deleted`
}

function capacityFrom(value: unknown): IPPoolCapacity | undefined {
  if (!isObject(value)) return undefined
  const count = (field: string): number => integerOf(value[field]) ?? 0
  return { total: count('total'), used: count('used'), free: count('free'), outOfRange: count('outOfRange') }
}

export function poolRefTo({ kind, name }: Pick<IPPool, 'kind' | 'name'>): IPPoolReference {
  return { apiGroup: poolKinds[kind].apiGroup, kind, name }
}

export function poolRefFrom(value: unknown): IPPoolReference {
  const ref = objectOf(value)
  return { apiGroup: stringOf(ref['apiGroup']), kind: stringOf(ref['kind']), name: stringOf(ref['name']) }
}
