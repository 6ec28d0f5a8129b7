import type { AddressUse } from '../../../domain/allocation/action.ts'
import type { Snapshot, SnapshotQueries } from '../../../domain/allocation/snapshot.ts'
import { mayBeClaimNameOf, type IPAddressClaim } from '../../../domain/model/claim.ts'
import type { Cluster } from '../../../domain/model/cluster.ts'
import type { NamespacedName } from '../../../domain/model/object-meta.ts'

/** The closed list of what no workflow shows, as it can be found in the objects themselves. */
export const problemKinds = [
  /** One address in several places. */
  'DuplicateAddress',
  /** The VIP that we assigned is in place, and no claim holds it. */
  'UnheldEndpoint',
  /** A claim of ours holds an address for a Cluster that has another one. */
  'StrayClaim',
  /** A variable of a Cluster has another host or port than its VIP. */
  'OtherInVariable',
  /** What was made for a Cluster is still there, and the Cluster is not. */
  'LeakedClaim',
  'LeakedAddress',
  'LeakedReservation',
  /** Something outside of the management cluster answers at an address of a pool. */
  'AddressInUse',
  /** A claim names a pool that does not exist. */
  'UnknownPool',
  /** A claim is being deleted for longer than that takes. */
  'StuckClaim',
] as const

export type ProblemKind = (typeof problemKinds)[number]

/** An object that a problem concerns. */
export interface ObjectReference extends NamespacedName {
  readonly kind: 'Cluster' | 'IPAddressClaim' | 'IPAddress'
}

export interface Problem {
  readonly kind: ProblemKind
  readonly objects: readonly ObjectReference[]
  /** What is wrong, in a sentence. */
  readonly message: string
  /** What to do about it: a command, or an action in words. */
  readonly next: string
}

/** Everything that the searches for problems read. */
export interface ProblemContext {
  readonly snapshot: Snapshot
  readonly queries: SnapshotQueries
  readonly addressUse: AddressUse
  /** The claims of ours whose Cluster is gone. */
  readonly orphaned: ReadonlySet<IPAddressClaim>
  /** All Clusters by uid. */
  readonly owners: ReadonlyMap<string, Cluster>
  /** Milliseconds since the epoch. */
  readonly now: number
}

export function refer(kind: ObjectReference['kind'], { namespace, name }: NamespacedName): ObjectReference {
  return { kind, namespace, name }
}

/** The command by which a person deletes an object. */
export function deleteCommand({ kind, namespace, name }: ObjectReference): string {
  return `kubectl --namespace ${namespace} delete ${kind.toLowerCase()} ${name}`
}

/** Whether a problem concerns a Cluster, or an object whose name belongs to that Cluster. */
export function concerns({ objects }: Problem, cluster: NamespacedName): boolean {
  return objects.some(
    ({ kind, namespace, name }) =>
      namespace === cluster.namespace &&
      (kind === 'Cluster' ? name === cluster.name : mayBeClaimNameOf(cluster, name)),
  )
}
