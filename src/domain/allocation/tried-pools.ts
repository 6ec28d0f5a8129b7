import type { Cluster } from '../model/cluster.ts'
import { arrayOf, integerOf, objectOf, stringOf } from '../model/decode.ts'
import { fullNameOf } from '../model/pool-kind.ts'
import { availableAddresses, type IPPool, type IPPoolReference } from '../model/pool.ts'
import { triedPoolsAnnotation } from '../names.ts'
import type { Role } from '../role.ts'
import { triedAgainAfterMs } from '../timings.ts'

/*
 * An IPAM provider that does not count its addresses says on a claim that there is none. The claim is given back, and its
 * successor on another pool has in an annotation which pools were tried: so no pool is tried again before it has changed or
 * some time has passed, for every reader alike, and nothing goes back and forth.
 */

/** A pool that was tried, as it was then. */
export interface TriedPool {
  /** `Kind.group/name` */
  readonly pool: string
  readonly generation: number
  /** Addresses that were available; absent: nobody knew. */
  readonly available?: number
  /** RFC 3339. */
  readonly at: string
}

/** The pools that were tried for a VIP, and the present. */
export interface Tries {
  readonly tried?: readonly TriedPool[] | undefined
  /** Milliseconds since the epoch; absent: the time that has passed is not known. */
  readonly now?: number | undefined
}

/** @param text of the annotation; what cannot be read was not tried */
export function triedPoolsIn(text: string | undefined): readonly TriedPool[] {
  return arrayOf(parsed(text))
    .map(objectOf)
    .map(({ pool, generation, available, at }) => {
      const count = integerOf(available)
      return {
        pool: stringOf(pool),
        generation: integerOf(generation) ?? 0,
        ...(count !== undefined && { available: count }),
        at: stringOf(at),
      }
    })
    .filter(({ pool, at }) => pool !== '' && !Number.isNaN(Date.parse(at)))
}

/** As `triedPoolsIn` reads it. */
export function triedPoolsText(tried: readonly TriedPool[]): string {
  return JSON.stringify(tried)
}

function parsed(text = '[]'): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return []
  }
}

/** @param at milliseconds since the epoch */
export function triedNow(pool: IPPool, at: number): TriedPool {
  const available = availableAddresses(pool)
  return {
    pool: textOf({ ...pool.poolKind, name: pool.name }),
    generation: pool.generation,
    ...(available !== undefined && { available }),
    at: new Date(at).toISOString(),
  }
}

/** The try of a pool among these. */
export function tryOf(ref: IPPoolReference, tried: readonly TriedPool[]): TriedPool | undefined {
  return tried.find(({ pool }) => pool === textOf(ref))
}

/** Why a pool is not tried again yet; undefined if it is. */
export function whyNotAgain(pool: IPPool, { tried = [], now }: Tries): string | undefined {
  const before = tryOf({ ...pool.poolKind, name: pool.name }, tried)
  if (before === undefined || before.generation !== pool.generation) return undefined
  const available = availableAddresses(pool)
  if (available !== undefined && available > (before.available ?? 0)) return undefined
  const due = Date.parse(before.at) + triedAgainAfterMs
  if (now !== undefined && now >= due) return undefined
  return `was tried at ${before.at} and gave no address that can be used; it is tried again when it changes, at the latest after ${new Date(due).toISOString()}`
}

/** The tries that keep a pool from being tried again. */
export function standing(
  tried: readonly TriedPool[],
  pools: readonly IPPool[],
  now?: number,
): readonly TriedPool[] {
  return tried.filter((each) =>
    pools.some(
      (pool) =>
        each.pool === textOf({ ...pool.poolKind, name: pool.name }) &&
        whyNotAgain(pool, { tried: [each], now }) !== undefined,
    ),
  )
}

/** The annotations that a new claim on a pool gets: what its provider needs, and which pools were tried. */
export function providerAnnotationsFor(
  pool: IPPool,
  cluster: Pick<Cluster, 'name'>,
  role: Role,
  { tried = [], now }: Tries,
): Readonly<Record<string, string>> {
  const { claimAnnotations, retriesClaims } = pool.poolKind
  const needed = claimAnnotations?.(pool, { cluster: cluster.name, role }) ?? {}
  if (retriesClaims || now === undefined) return needed
  const own = triedNow(pool, now)
  const others = tried.filter((each) => each.pool !== own.pool)
  return { ...needed, [triedPoolsAnnotation]: triedPoolsText([...others, own]) }
}

/** Nothing to add is left out. */
export function annotated(annotations: Readonly<Record<string, string>>): {
  readonly annotations?: Readonly<Record<string, string>>
} {
  return Object.keys(annotations).length === 0 ? {} : { annotations }
}

function textOf({ kind, apiGroup, name }: IPPoolReference): string {
  return `${fullNameOf({ kind, apiGroup })}/${name}`
}
