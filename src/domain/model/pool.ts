import { objectOf, stringOf } from './decode.ts'
import { hasPausedAnnotation, objectMetaFrom, type ObjectMeta } from './object-meta.ts'
import { labelSelectorFrom, matchesLabels, type Labels, type LabelSelector } from './label-selector.ts'
import { namespaceSelectorAnnotation, networkAnnotation } from '../names.ts'
import type { PoolFacts, PoolKind } from './pool-kind.ts'

/** CAPI's IPPoolReference: no namespace, since claim, address and a namespaced pool share one. */
export interface IPPoolReference {
  readonly apiGroup: string
  readonly kind: string
  readonly name: string
}

/** The facts about an IP pool that decisions use. One without namespace is global. */
export interface IPPool extends ObjectMeta, PoolFacts {
  readonly kind: string
  readonly poolKind: PoolKind
  readonly isPaused: boolean
  /** Which Namespaces may use it; undefined: it has no selector, or is not global. */
  readonly namespaceSelector: LabelSelector | 'unreadable' | undefined
  /** Whether the selector matches the Namespace for which `poolsUsableBy` returned the pool; absent: nobody knows. */
  readonly selectsNamespace?: boolean
}

/** @param poolKind items of a list have none */
export function ipPoolFrom(poolKind: PoolKind, object: unknown): IPPool {
  const meta = objectMetaFrom(object)
  return {
    ...meta,
    kind: poolKind.kind,
    poolKind,
    isPaused: hasPausedAnnotation(meta),
    ...poolKind.factsFrom(objectOf(object)),
    namespaceSelector: namespaceSelectorFrom(meta),
  }
}

/** Whether a pool serves Clusters of every namespace, unless its annotations select some. */
export function isGlobalPool({ namespace }: Pick<IPPool, 'namespace'>): boolean {
  return namespace === ''
}

function namespaceSelectorFrom(meta: ObjectMeta): IPPool['namespaceSelector'] {
  const text = meta.annotations[namespaceSelectorAnnotation]
  if (!isGlobalPool(meta) || text === undefined) return undefined
  return labelSelectorFrom(text) ?? 'unreadable'
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

/** Whether a claim, or an IPAddress, that refers to this pool is on this one. */
export function isPoolOf(
  pool: IPPool,
  { namespace, poolRef }: { readonly namespace: string; readonly poolRef: IPPoolReference },
): boolean {
  return isReferredTo(pool, poolRef) && (isGlobalPool(pool) || pool.namespace === namespace)
}

/** The same among the pools that one namespace can use. */
export function isReferredTo(pool: IPPool, { apiGroup, kind, name }: IPPoolReference): boolean {
  return pool.name === name && pool.kind === kind && pool.poolKind.apiGroup === apiGroup
}

/** Whether two references in one namespace are to the same pool. */
export function areSamePool(one: IPPoolReference, other: IPPoolReference): boolean {
  return one.name === other.name && one.kind === other.kind && one.apiGroup === other.apiGroup
}

/** The pool of a claim or of an IPAddress, among those that its namespace can use; undefined: it is not among them. */
export function findPool(pools: readonly IPPool[], poolRef: IPPoolReference): IPPool | undefined {
  return pools.find((pool) => isReferredTo(pool, poolRef))
}

/** The pool's namespace and reference as one text, which is unique. */
export function placeOf(pool: IPPool): string {
  return placeIn(pool.namespace, poolRefTo(pool))
}

/** The places where the pool of a claim or of an IPAddress may be: it is global, or in the same namespace. */
export function poolPlacesOf({
  namespace,
  poolRef,
}: {
  readonly namespace: string
  readonly poolRef: IPPoolReference
}): readonly string[] {
  return ['', namespace].map((each) => placeIn(each, poolRef))
}

function placeIn(namespace: string, { apiGroup, kind, name }: IPPoolReference): string {
  return `${namespace} ${kind}.${apiGroup}/${name}`
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

export function poolRefTo({
  poolKind: { apiGroup, kind },
  name,
}: Pick<IPPool, 'poolKind' | 'name'>): IPPoolReference {
  return { apiGroup, kind, name }
}

export function poolRefFrom(value: unknown): IPPoolReference {
  const ref = objectOf(value)
  return { apiGroup: stringOf(ref['apiGroup']), kind: stringOf(ref['kind']), name: stringOf(ref['name']) }
}
