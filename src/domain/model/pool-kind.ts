import { ipamGroup } from '../names.ts'

/** All that differs from one kind of IP pool to another, before an object of it is read. */
export interface PoolKindSpec {
  readonly apiGroup: string
  /** Plural, as paths and permissions have it. */
  readonly resource: string
  /** A global pool serves Clusters of every namespace, unless its annotation lists some; any other, those of its own. */
  readonly isGlobal: boolean
  /** Of two pools that match, the one of the lower rank goes first. */
  readonly rank: number
}

/** The kinds of pools that a VIP can come from. The provider's prefix pools allocate networks, and are never used. */
export const poolKinds = {
  InClusterIPPool: { apiGroup: ipamGroup, resource: 'inclusterippools', isGlobal: false, rank: 0 },
  GlobalInClusterIPPool: { apiGroup: ipamGroup, resource: 'globalinclusterippools', isGlobal: true, rank: 1 },
} as const satisfies Readonly<Record<string, PoolKindSpec>>

export type IPPoolKind = keyof typeof poolKinds

export function isIPPoolKind(kind: string): kind is IPPoolKind {
  return Object.hasOwn(poolKinds, kind)
}

/** In the order of their ranks. */
export const ipPoolKinds: readonly IPPoolKind[] = Object.keys(poolKinds)
  .filter(isIPPoolKind)
  .toSorted((a, b) => poolKinds[a].rank - poolKinds[b].rank)

/** The namespace of a pool that a claim in this namespace names; `""` for a global one. */
export function poolNamespaceFor(kind: string, claimNamespace: string): string {
  return isIPPoolKind(kind) && poolKinds[kind].isGlobal ? '' : claimNamespace
}

/** The kinds as a person would list them, the widest scope first: `a B, or an A in namespace x`. */
export function describePoolKinds(namespace: string): string {
  return ipPoolKinds
    .toReversed()
    .map((kind) => {
      const place = poolKinds[kind].isGlobal ? '' : ` in namespace ${namespace}`
      return `${/^[AEIOU]/.test(kind) ? 'an' : 'a'} ${kind}${place}`
    })
    .join(', or ')
}
