import { ipamGroup } from '../names.ts'

/**
 * How an IPAM provider is asked for a certain address. `pre-made`: it adopts an IPAddress that is there before its claim.
 * `claimAnnotation`: it reads the address from this annotation of the claim.
 */
export type FixedAddress = 'pre-made' | { readonly claimAnnotation: string }

interface PoolKindSpec {
  readonly apiGroup: string
  /** Plural, as in paths and permissions. */
  readonly resource: string
  /** A global pool serves Clusters of every namespace, unless its annotation lists some; any other pool those of its own. */
  readonly isGlobal: boolean
  /** Of two matching pools, the one with the lower rank is preferred. */
  readonly rank: number
  /** Undefined: its provider cannot be asked for a certain address. */
  readonly fixedAddress: FixedAddress | undefined
}

/** All that differs from kind to kind. The provider's prefix pools allocate networks, and are never used. */
export const poolKinds = {
  InClusterIPPool: {
    apiGroup: ipamGroup,
    resource: 'inclusterippools',
    isGlobal: false,
    rank: 0,
    fixedAddress: 'pre-made',
  },
  GlobalInClusterIPPool: {
    apiGroup: ipamGroup,
    resource: 'globalinclusterippools',
    isGlobal: true,
    rank: 1,
    fixedAddress: 'pre-made',
  },
} as const satisfies Readonly<Record<string, PoolKindSpec>>

export type IPPoolKind = keyof typeof poolKinds

export function isIPPoolKind(kind: string): kind is IPPoolKind {
  return Object.hasOwn(poolKinds, kind)
}

/** Whether pools of a reference's kind are in the table. Any other kind is another IPAM provider's. */
export function isKnownPoolKind({
  apiGroup,
  kind,
}: {
  readonly apiGroup: string
  readonly kind: string
}): boolean {
  return isIPPoolKind(kind) && poolKinds[kind].apiGroup === apiGroup
}

/** Kinds outside of the table, as `Kind.group`, whose providers can be asked for a certain address. */
const fixedAddressElsewhere: Readonly<Record<string, FixedAddress>> = {
  'IPPool.ipam.metal3.io': { claimAnnotation: 'ipAddress' },
}

/** How the provider of a pool is asked for a certain address; undefined: it cannot be, as far as is known. */
export function fixedAddressOf({
  apiGroup,
  kind,
}: {
  readonly apiGroup: string
  readonly kind: string
}): FixedAddress | undefined {
  if (isIPPoolKind(kind) && poolKinds[kind].apiGroup === apiGroup) return poolKinds[kind].fixedAddress
  return fixedAddressElsewhere[`${kind}.${apiGroup}`]
}

/** In the order of their ranks. */
export const ipPoolKinds: readonly IPPoolKind[] = Object.keys(poolKinds)
  .filter(isIPPoolKind)
  .toSorted((a, b) => poolKinds[a].rank - poolKinds[b].rank)

/** The namespace of the pool of a claim in this namespace; `""` for a global one. */
export function poolNamespaceFor(kind: string, claimNamespace: string): string {
  return isIPPoolKind(kind) && poolKinds[kind].isGlobal ? '' : claimNamespace
}

/** `a GlobalInClusterIPPool, or an InClusterIPPool in namespace x` */
export function describePoolKinds(namespace: string): string {
  return ipPoolKinds
    .toReversed()
    .map((kind) => {
      const place = poolKinds[kind].isGlobal ? '' : ` in namespace ${namespace}`
      return `${/^[AEIOU]/.test(kind) ? 'an' : 'a'} ${kind}${place}`
    })
    .join(', or ')
}
