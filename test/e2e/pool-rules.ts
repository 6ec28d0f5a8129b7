import type { PoolOptions } from './world.ts'

/** What a row can name: the ClusterClass of its Cluster, and the namespace of both. */
export interface RowNames {
  readonly className: string
  readonly namespace: string
}

/** Some pools, and the one of them that a Cluster has to get its address from. */
export interface PoolRule {
  /** Ends the sentence "comes from …". */
  readonly pool: string
  /** By the key that `chosen` names. If nothing else is said, a pool is for the class, and named `<class>-<key>`. */
  readonly pools: (names: RowNames) => Readonly<Record<string, PoolOptions>>
  readonly chosen: string
  /** Value of the Cluster's annotation that names its pool. */
  readonly explicit?: (names: RowNames) => string
}

const classKey = 'vip.capi.gorizond.io/cluster-class'
const roleKey = 'vip.capi.gorizond.io/role'
const global = 'GlobalInClusterIPPool'

function priority(value: string): PoolOptions {
  return { annotations: { 'vip.capi.gorizond.io/priority': value } }
}

function onlyFor(namespaces: string): PoolOptions {
  return { kind: global, annotations: { 'vip.capi.gorizond.io/namespaces': namespaces } }
}

function listing(classes: string): PoolOptions {
  return { className: 'true', annotations: { [classKey]: classes } }
}

/** In each row the pool that would come first by its name is not the one to choose, unless the name decides. */
export const poolRules: readonly PoolRule[] = [
  {
    pool: 'the pool labeled with the ClusterClass',
    pools: () => ({ a: { className: 'another-class' }, b: {} }),
    chosen: 'b',
  },
  {
    pool: 'the pool labeled "true" whose list has the ClusterClass',
    pools: ({ className }) => ({
      a: listing(`another-class,not-${className}`),
      b: listing(` another-class , ${className}`),
    }),
    chosen: 'b',
  },
  {
    pool: 'a pool whose list has the ClusterClass with its namespace',
    pools: ({ className, namespace }) => ({
      a: listing(`elsewhere/${className}`),
      b: listing(`${namespace}/${className}`),
    }),
    chosen: 'b',
  },
  {
    pool: 'a pool without role rather than one for ingress',
    pools: () => ({ a: { labels: { [roleKey]: 'ingress' } }, b: {} }),
    chosen: 'b',
  },
  {
    pool: 'the pool with the role as its label',
    pools: () => ({
      a: { labels: { [roleKey]: 'ingress' } },
      b: { labels: { [roleKey]: 'control-plane' } },
    }),
    chosen: 'b',
  },
  {
    pool: 'the pool with the role in its list, whatever its label',
    pools: () => ({
      a: { labels: { [roleKey]: 'control-plane' }, annotations: { [roleKey]: 'ingress' } },
      b: { labels: { [roleKey]: 'ingress' }, annotations: { [roleKey]: 'control-plane, ingress' } },
    }),
    chosen: 'b',
  },
  {
    pool: 'the pool that names the role rather than one that names none',
    pools: () => ({ a: priority('100'), b: { labels: { [roleKey]: 'control-plane' } } }),
    chosen: 'b',
  },
  {
    pool: 'a global pool that names the role rather than a namespaced one that names none',
    pools: () => ({ a: {}, b: { kind: global, labels: { [roleKey]: 'control-plane' } } }),
    chosen: 'b',
  },
  {
    pool: 'a namespaced pool rather than a global one of higher priority',
    pools: () => ({ a: { kind: global, ...priority('100') }, b: {} }),
    chosen: 'b',
  },
  {
    pool: 'the pool of higher priority, by number and not by text',
    pools: () => ({ a: priority('9'), b: priority('10') }),
    chosen: 'b',
  },
  {
    pool: 'a pool without priority rather than one below zero',
    pools: () => ({ a: priority('-1'), b: {} }),
    chosen: 'b',
  },
  {
    pool: 'a pool whose priority can be read',
    pools: () => ({ a: priority('high'), b: priority('-5') }),
    chosen: 'b',
  },
  {
    pool: 'the pool whose name comes first, all else being equal',
    pools: () => ({ b: {}, a: {} }),
    chosen: 'a',
  },
  {
    pool: 'a global pool that is open to the namespace',
    pools: ({ namespace }) => ({ a: onlyFor('elsewhere'), b: onlyFor(`elsewhere, ${namespace}`) }),
    chosen: 'b',
  },
  {
    pool: 'a global pool that is open to all rather than one that is open to none',
    pools: () => ({ a: onlyFor(''), b: { kind: global } }),
    chosen: 'b',
  },
  {
    pool: 'a pool that is not paused',
    pools: () => ({ a: { annotations: { 'cluster.x-k8s.io/paused': '' } }, b: {} }),
    chosen: 'b',
  },
  {
    pool: 'the pool that the Cluster names, be it of another class and role',
    pools: () => ({
      a: priority('100'),
      b: { className: 'another-class', labels: { [roleKey]: 'ingress' } },
    }),
    chosen: 'b',
    explicit: ({ className }) => `${className}-b`,
  },
  {
    pool: 'the pool of the kind that the Cluster names',
    pools: ({ namespace }) => ({ a: { name: `${namespace}-twin` }, b: { kind: global, name: 'twin' } }),
    chosen: 'b',
    explicit: ({ namespace }) => `${global}/${namespace}-twin`,
  },
]
