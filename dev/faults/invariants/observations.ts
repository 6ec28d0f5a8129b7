import { uidOf, type ObservedVersion } from '../../stack/raw-watch.ts'
import type { JsonObject } from '../../../src/domain/model/decode.ts'
import type { ClusterFacts, PoolFacts } from './facts.ts'
import type { RoleWords } from './names.ts'

/** One version of an object, or its deletion, with its kind. */
export interface RecordedVersion extends ObservedVersion {
  readonly kind: 'Cluster' | 'IPAddressClaim' | 'IPAddress' | 'Namespace'
}

/** All objects and runs at one time, from consistent lists. */
export interface Snapshot {
  readonly clusters: readonly JsonObject[]
  readonly claims: readonly JsonObject[]
  readonly addresses: readonly JsonObject[]
  readonly inClusterPools: readonly JsonObject[]
  readonly globalPools: readonly JsonObject[]
  readonly namespaces: readonly JsonObject[]
  /** Runs of `allocate-vip/<namespace>/<cluster>` by `<namespace>/<cluster>`, if there is one. */
  readonly runs: ReadonlyMap<string, Run>
}

/** The latest run of a workflow id. */
export interface Run {
  /** Temporal's status, for example `RUNNING` or `COMPLETED`. */
  readonly status: string
  /** Workers must poll it for the run to make progress. */
  readonly taskQueue: string
  /** Of a completed run. */
  readonly result: unknown
  /** A workflow task is scheduled or running. */
  readonly isDeciding: boolean
  readonly pendingActivities: readonly PendingActivity[]
}

export interface PendingActivity {
  readonly type: string
  /** Whether an attempt is running, as opposed to waiting. */
  readonly isRunning: boolean
  readonly failureType: string
  readonly failureMessage: string
}

/** A Cluster for which an invariant need not hold. */
export interface Excuse {
  readonly invariant: 'I3' | 'I6' | 'I8'
  /** `namespace/name`. */
  readonly cluster: string
  readonly because: string
}

/** The input of all invariants. */
export interface Observations {
  /** In any order. */
  readonly versions: readonly RecordedVersion[]
  /** If absent, only I1, I2 and I5 are checked. */
  readonly snapshot?: Snapshot
  /**
   * Whether the snapshot was taken at quiet: only then are I3, I4, I6 and I7 checked, and no run may be between two
   * steps.
   */
  readonly isQuiet?: boolean
  /** Milliseconds for which another writer's change may be unknown to us; 10 s if absent. */
  readonly graceMs?: number
  readonly excuses?: readonly Excuse[]
  /** Local time in milliseconds: runs for earlier writes may be missing, because Temporal lost its data. */
  readonly temporalSince?: number
  /** The task queue that Workers poll; if absent, every queue counts as polled. */
  readonly taskQueue?: string
  /** Whether a pool is for a role of a Cluster; `isPoolByLabel` if absent. */
  readonly isPoolFor?: (pool: PoolFacts, cluster: ClusterFacts, words: RoleWords) => boolean
}

export const defaultGraceMs = 10_000

/** The versions in the order in which etcd wrote them. */
export function inOrder(versions: readonly RecordedVersion[]): readonly RecordedVersion[] {
  return versions.toSorted((a, b) =>
    a.resourceVersion < b.resourceVersion ? -1 : a.resourceVersion > b.resourceVersion ? 1 : 0,
  )
}

/** The versions of one kind by uid, each object's in order. */
export function byUid(
  versions: readonly RecordedVersion[],
  kind: RecordedVersion['kind'],
): ReadonlyMap<string, readonly RecordedVersion[]> {
  return Map.groupBy(
    inOrder(versions).filter((version) => version.kind === kind),
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
