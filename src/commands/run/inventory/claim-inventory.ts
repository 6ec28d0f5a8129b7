import type { Snapshot } from '../../../domain/allocation/snapshot.ts'
import { clusterNameOf, ownershipOf, roleOfClaim, type IPAddressClaim } from '../../../domain/model/claim.ts'
import { formatKey } from '../../../domain/model/object-meta.ts'
import { roleKey } from '../../../domain/names.ts'
import type { Role } from '../../../domain/role.ts'

/** The number of our claims for a role in a namespace. */
export interface ClaimCount {
  readonly role: Role
  readonly namespace: string
  readonly total: number
  /** Bound to an address. */
  readonly ready: number
  /** Not bound yet. */
  readonly pending: number
}

/** The role of a claim that we made or adopted, by its name and label; undefined for any other claim. */
export function roleOfOurs(claim: IPAddressClaim): Role | undefined {
  const role = roleOfClaim(claim.name)
  return claim.labels[roleKey] === role ? role : undefined
}

/** Counts our claims by role and namespace. */
export function countClaims({ claims }: Snapshot): readonly ClaimCount[] {
  const ours = [...claims.values()].flatMap((claim) => {
    const role = roleOfOurs(claim)
    return role === undefined ? [] : [{ claim, role, namespace: claim.namespace }]
  })
  const groups = Map.groupBy(ours, ({ role, namespace }) => `${role} ${namespace}`)
  return [...groups.values()].flatMap((alike) =>
    alike.slice(0, 1).map(({ role, namespace }) => {
      const ready = alike.filter(({ claim }) => claim.addressName !== undefined).length
      return { role, namespace, total: alike.length, ready, pending: alike.length - ready }
    }),
  )
}

/** When a claim was first seen without its Cluster, in milliseconds since the epoch, by the claim's uid. */
export type OrphanedSince = ReadonlyMap<string, number>

/**
 * Tracks since when each of our claims has been without its Cluster: garbage collection needs a moment to delete it.
 *
 * @param before the previous result
 * @param now milliseconds since the epoch
 */
export function orphanedSince(snapshot: Snapshot, before: OrphanedSince, now: number): OrphanedSince {
  const orphans = [...snapshot.claims.values()].filter(
    (claim) => roleOfOurs(claim) !== undefined && isOrphan(claim, snapshot),
  )
  return new Map(orphans.map(({ uid }) => [uid, before.get(uid) ?? now]))
}

/** Milliseconds after which a claim without its Cluster counts as leaked. */
const leakedAfterMs = 60_000

/** The uids of the claims that count as leaked. */
export function orphanedForLong(since: OrphanedSince, now: number): ReadonlySet<string> {
  return new Set([...since].filter(([, at]) => now - at >= leakedAfterMs).map(([uid]) => uid))
}

/** Its Cluster does not exist, or was recreated under the same name. */
function isOrphan(claim: IPAddressClaim, { clusters }: Snapshot): boolean {
  const { namespace } = claim
  const cluster = clusters.get(formatKey({ namespace, name: clusterNameOf(claim.name) ?? '' }))
  return cluster === undefined || ownershipOf(claim, cluster).owner === 'former-cluster'
}
