import { uidOf, type RawSighting } from '../../stack/raw-watch.ts'
import type { JsonObject } from '../../../src/domain/model/decode.ts'
import type { ClusterFacts, PoolFacts } from './facts.ts'
import type { RoleWords } from './names.ts'

/** One version of an object of a kind, or its end, as it was seen. */
export interface Sighting extends RawSighting {
  readonly kind: 'Cluster' | 'IPAddressClaim' | 'IPAddress'
}

/** The world at one moment, by consistent lists. */
export interface Snapshot {
  readonly clusters: readonly JsonObject[]
  readonly claims: readonly JsonObject[]
  readonly addresses: readonly JsonObject[]
  readonly inClusterPools: readonly JsonObject[]
  readonly globalPools: readonly JsonObject[]
  /** What Temporal says about `allocate-vip/<namespace>/<cluster>`, by `namespace/cluster`; absent: no such run. */
  readonly runs: ReadonlyMap<string, Run>
}

/** The latest run of a Cluster's workflow id. */
export interface Run {
  /** Temporal's word, for example `RUNNING` or `COMPLETED`. */
  readonly status: string
  /** The one that Workers have to poll for it to get further. */
  readonly taskQueue: string
  /** Of a completed run. */
  readonly result: unknown
  /** Between two steps: a workflow task is due or being worked on. */
  readonly isDeciding: boolean
  readonly pendingActivities: readonly PendingActivity[]
}

export interface PendingActivity {
  readonly type: string
  /** An attempt is being made now; otherwise it waits for the next one. */
  readonly isRunning: boolean
  readonly failureType: string
  readonly failureMessage: string
}

/** A Cluster for which an invariant need not hold, as the caller knows. */
export interface Excuse {
  readonly invariant: 'I3' | 'I6' | 'I8'
  /** `namespace/name`. */
  readonly cluster: string
  readonly because: string
}

/** All that the checker judges by. */
export interface Observations {
  /** In any order. */
  readonly sightings: readonly Sighting[]
  /** Without one, only what the sightings tell is judged: I1, I2 and I5. */
  readonly snapshot?: Snapshot
  /** The snapshot was taken at quiet: I3, I4, I6 and I7 are judged, and no run may be between two steps. */
  readonly isQuiet?: boolean
  /** Milliseconds that a person's write may be unknown to us; 10 s if absent. */
  readonly graceMs?: number
  readonly excuses?: readonly Excuse[]
  /** Local time in milliseconds: what we wrote before need not be found in Temporal, which was emptied then. */
  readonly temporalSince?: number
  /** The task queue that is polled; absent: whichever a run is on. */
  readonly taskQueue?: string
  /** Whether a pool is meant for a Cluster's role; `isPoolByLabel` if absent. */
  readonly isPoolFor?: (pool: PoolFacts, cluster: ClusterFacts, words: RoleWords) => boolean
}

export const defaultGraceMs = 10_000

/** All sightings in the order in which etcd wrote them. */
export function inOrder(sightings: readonly Sighting[]): readonly Sighting[] {
  return sightings.toSorted((a, b) =>
    a.resourceVersion < b.resourceVersion ? -1 : a.resourceVersion > b.resourceVersion ? 1 : 0,
  )
}

/** The sightings of one kind by uid, each object's in order. */
export function byUid(
  sightings: readonly Sighting[],
  kind: Sighting['kind'],
): ReadonlyMap<string, readonly Sighting[]> {
  return Map.groupBy(
    inOrder(sightings).filter((sighting) => sighting.kind === kind),
    ({ object }) => uidOf(object),
  )
}

export function isExcused(
  observations: Observations,
  invariant: Excuse['invariant'],
  cluster: { readonly key: string },
): boolean {
  return (observations.excuses ?? []).some(
    (excuse) => excuse.invariant === invariant && excuse.cluster === cluster.key,
  )
}
