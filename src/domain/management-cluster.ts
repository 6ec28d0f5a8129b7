import { few } from './quote.ts'

/** What distinguishes this installation from others in the same Temporal namespace. */
export interface Installation {
  readonly taskQueue: string
  /** The name that `--management-cluster` gives; undefined: none. */
  readonly managementCluster?: string | undefined
  /** The uid of the management cluster's namespace kube-system; undefined if it cannot be read. */
  readonly managementClusterUid?: string | undefined
}

/** The namespace whose uid identifies a management cluster: it exists everywhere, and lives as long as the cluster. */
export const identifyingNamespace = 'kube-system'

/** What a person can do if two management clusters meet. */
export const separateManagementClusters =
  'give each management cluster a Temporal namespace of its own (TEMPORAL_NAMESPACE), or a name of its own (--management-cluster)'

/** A name in Temporal for the management cluster alone: `capi-vip-allocator@east`. Without a name of its own it stays. */
export function atManagementCluster(name: string, managementCluster: string | undefined): string {
  return managementCluster === undefined ? name : `${name}@${managementCluster}`
}

/** Whether something is of another management cluster. Without both uids nobody can know, and it counts as ours. */
export function isForeign(theirs: string | undefined, ours: string | undefined): boolean {
  return theirs !== undefined && ours !== undefined && theirs !== ours
}

/** @param ours the uid of this management cluster */
export function describeOtherManagementCluster(run: string, theirs: string, ours: string): string {
  return `${run} is of another management cluster, whose namespace ${identifyingNamespace} has uid ${theirs}; here it is ${ours}`
}

/** The identity of a Worker for Temporal. @param local what distinguishes the process */
export function workerIdentity(local: string, managementClusterUid: string | undefined): string {
  return managementClusterUid === undefined ? local : `${local} (management cluster ${managementClusterUid})`
}

/** The uid of the management cluster that a Worker names in its identity. */
export function managementClusterOf(identity: string): string | undefined {
  return /\(management cluster (\S+)\)$/.exec(identity)?.[1]
}

/** Says which Workers of other management clusters poll a task queue of ours; undefined if none does. */
export function describeForeignPollers(
  { taskQueue, managementClusterUid: ours }: Installation,
  polling: readonly { readonly identity: string }[],
): string | undefined {
  const foreign = polling
    .map(({ identity }) => identity)
    .filter((identity) => {
      return isForeign(managementClusterOf(identity), ours)
    })
  if (foreign.length === 0) return undefined
  const named = few([...new Set(foreign)].toSorted())
  return `Workers of another management cluster poll task queue ${taskQueue} too: ${named}; here the uid of namespace ${identifyingNamespace} is ${ours}`
}
