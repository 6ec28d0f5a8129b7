import type { JsonObject } from './decode.ts'
import type { Role } from '../role.ts'

/**
 * How an IPAM provider is asked for a certain address. `pre-made`: it adopts an IPAddress that is there before its claim.
 * `claimAnnotation`: it reads the address from this annotation of the claim.
 */
export type FixedAddress = 'pre-made' | { readonly claimAnnotation: string }

/** A kind of pool, with all that differs from kind to kind. The rows are in `pool-kinds.ts`. */
export interface PoolKind {
  readonly apiGroup: string
  readonly kind: string
  /** The product to install if the kind is not served. */
  readonly provider: string
  /** Plural, as in paths and permissions; absent: the API server says. */
  readonly resource?: string
  /**
   * A global pool serves Clusters of every namespace, unless its annotations select some; any other pool those of its own.
   * Absent: the API server says.
   */
  readonly isGlobal?: boolean
  /** The versions that we can read, best first; empty: any that is served. */
  readonly versions: readonly string[]
  /** Whether a pool says how many addresses are free. */
  readonly isCounted: boolean
  /** Whether the provider comes back to a claim that it could not serve, as soon as it can. */
  readonly retriesClaims: boolean
  /** Whether the provider allocates no address of an IPAddress that somebody else made. */
  readonly heedsReservations: boolean
  /** Whether the provider takes a claim for its own by the name of its pool alone, whatever the kind. */
  readonly matchesByName?: true
  /** Undefined: its provider cannot be asked for a certain address. */
  readonly fixedAddress: FixedAddress | undefined
  /** Reads what the provider says of a pool. */
  readonly factsFrom: (pool: JsonObject) => PoolFacts
  /** The annotations that the provider needs on the claim for a VIP. */
  readonly claimAnnotations?: (
    pool: PoolFacts,
    claim: { readonly cluster: string; readonly role: Role },
  ) => Readonly<Record<string, string>>
}

/** What differs from kind to kind in a pool. */
export interface PoolFacts {
  /** Addresses, CIDRs and ranges `first-last`. Empty: the pool does not say. */
  readonly addresses: readonly string[]
  /** In the same forms: never allocated. */
  readonly excludedAddresses: readonly string[]
  /** Length of the network prefix of every address. */
  readonly prefix: number
  readonly gateway: string | undefined
  /** Allocates the addresses of subnet and broadcast too. */
  readonly givesReserved: boolean
  /** How long the provider keeps claim and address after a deletion. */
  readonly reuseGraceSeconds: number
  /** Undefined until the provider has counted. */
  readonly capacity: IPPoolCapacity | undefined
  /** In which its provider makes a record for every address; absent: in none. */
  readonly dnsZone?: string | undefined
}

/** In addresses. */
export interface IPPoolCapacity {
  readonly total: number
  readonly used: number
  readonly free: number
  readonly outOfRange: number
}

/** The kind of a pool that something refers to; undefined: it is not among these. */
export function findPoolKind(
  kinds: readonly PoolKind[],
  { apiGroup, kind }: Pick<PoolKind, 'apiGroup' | 'kind'>,
): PoolKind | undefined {
  return kinds.find((each) => each.kind === kind && each.apiGroup === apiGroup)
}

/** `a GlobalPool, or a Pool in namespace x` */
export function describePoolKinds(kinds: readonly PoolKind[], namespace: string): string {
  const global = kinds.filter(({ isGlobal }) => isGlobal === true)
  return [...global, ...kinds.filter(({ isGlobal }) => isGlobal !== true)]
    .map(({ kind, isGlobal }) => {
      const place = isGlobal === false ? ` in namespace ${namespace}` : ''
      return `${/^[AEIOU]/.test(kind) ? 'an' : 'a'} ${kind}${place}`
    })
    .join(', or ')
}

/** `Kind.group`, which is unique. */
export function fullNameOf({ kind, apiGroup }: Pick<PoolKind, 'apiGroup' | 'kind'>): string {
  return `${kind}.${apiGroup}`
}
