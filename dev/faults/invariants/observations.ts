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
  /** Pools of another IPAM provider; absent: there are none. */
  readonly otherPools?: readonly JsonObject[]
  /** Absent: VIPs have no DNS names. */
  readonly dnsEndpoints?: readonly JsonObject[]
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

/** A host that answered at an address, in local milliseconds. */
export interface AnsweringHost {
  readonly address: string
  readonly from: number
  /** Absent: it answers still. */
  readonly to?: number
}

/** The input of all invariants. */
export interface Observations {
  /** In any order. */
  readonly versions: readonly RecordedVersion[]
  /** If absent, only I1, I2 and I5 are checked. */
  readonly snapshot?: Snapshot
  /**
   * Whether the snapshot was taken at quiet: only then are I3, I4, I6, I7 and I15 checked, and no run may be between two
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
  /** Local time in milliseconds, since when no fault has been in force: I13 is checked from then on. Absent: it is not checked. */
  readonly fairSince?: number
  /** What answered at addresses that are probed. */
  readonly answered?: readonly AnsweringHost[]
  /** The DNS name of a VIP; if absent, I15 is not checked. */
  readonly dnsNameOf?: (cluster: ClusterFacts, words: RoleWords) => string
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

/** The last of these versions of an object before a resourceVersion; undefined if it was not there then. */
export function lastBefore(
  versions: readonly RecordedVersion[],
  resourceVersion: bigint,
): RecordedVersion | undefined {
  const last = versions.findLast((version) => version.resourceVersion < resourceVersion)
  return last?.isGone === true ? undefined : last
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
