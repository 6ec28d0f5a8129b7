import type { Snapshot } from '../../../domain/allocation/snapshot.ts'
import { roleOfOwnClaim } from '../../../domain/model/claim.ts'
import { orphanedClaims } from '../../../domain/release/release.ts'
import { leakAfterMs } from '../../../domain/release/release-verdict.ts'
import type { Role } from '../../../domain/role.ts'

export interface ClaimCount {
  readonly role: Role
  readonly namespace: string
  readonly total: number
  /** Bound to an address. */
  readonly ready: number
  readonly pending: number
}

/** Counts our claims by role and namespace. */
export function countClaims({ claims }: Snapshot): readonly ClaimCount[] {
  const ours = [...claims.values()].flatMap((claim) => {
    const role = roleOfOwnClaim(claim)
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

/** Tracks since when each of our claims has been without its Cluster: garbage collection needs a moment to delete it. */
export function orphanedSince(snapshot: Snapshot, before: OrphanedSince, now: number): OrphanedSince {
  return new Map(orphanedClaims(snapshot).map(({ uid }) => [uid, before.get(uid) ?? now]))
}

/** The uids of the claims that count as leaked. */
export function orphanedForLong(since: OrphanedSince, now: number): ReadonlySet<string> {
  return new Set([...since].filter(([, at]) => now - at >= leakAfterMs).map(([uid]) => uid))
}
