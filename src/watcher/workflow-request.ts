import type { ClusterIdentity } from '../domain/model/claim.ts'
import type { NamespacedName } from '../domain/model/object-meta.ts'
import type { HeldAddress } from '../domain/release/release.ts'
import { releaseWorkflowIdFor, workflowIdFor } from '../workflows/contract.ts'

/**
 * A request to Temporal about the run that allocates a Cluster's VIPs, and its reason: `start` it unless it is running;
 * `signal` it to retry now, if it is running; or `signal-with-start`, which loses no signal between two runs.
 */
export interface AllocationRequest {
  readonly action: 'start' | 'signal-with-start' | 'signal'
  readonly reason: string
}

/** The same about the run that confirms the release of what a deleted Cluster held. */
export type ReleaseRequest =
  | {
      readonly action: 'start-release'
      readonly deleted: ClusterIdentity
      readonly held: readonly HeldAddress[]
      /** Also if such a run has ended: it has missed something. */
      readonly again: boolean
      /** Also have a run that is under way look again; absent: it looks by itself. */
      readonly wakes?: boolean
      readonly reason: string
    }
  | { readonly action: 'signal-release'; readonly deleted: ClusterIdentity; readonly reason: string }

export type WorkflowRequest = AllocationRequest | ReleaseRequest

/** `already-started`: there was such a run. `signaled`: if there was one. */
export type RequestOutcome = 'started' | 'already-started' | 'signaled-with-start' | 'signaled'

/**
 * The id of the run that a request is about. A Cluster and a deleted one of its name have runs of their own.
 *
 * @param managementCluster the name that `--management-cluster` gives
 */
export function workflowIdOf(
  cluster: NamespacedName,
  request: WorkflowRequest,
  managementCluster?: string,
): string {
  return 'deleted' in request
    ? releaseWorkflowIdFor(request.deleted, managementCluster)
    : workflowIdFor(cluster, managementCluster)
}

/** Whether a request is only sent while its Cluster needs a run. */
export function isConditional({ action }: WorkflowRequest): boolean {
  return action === 'start' || action === 'signal-with-start'
}

/** Merges two requests about one run. A run that is signaled may end before it sees why a start was requested. */
export function mergeRequests(earlier: WorkflowRequest, later: WorkflowRequest): WorkflowRequest {
  if (later.action === 'signal-with-start') return later
  // Whatever the order: a run that starts reads everything.
  if (later.action === 'start-release') {
    return earlier.action === 'start-release' && earlier.wakes === true ? { ...later, wakes: true } : later
  }
  if (earlier.action === later.action) return later
  if (later.action === 'signal-release' || earlier.action === 'signal-with-start') return earlier
  return { action: 'signal-with-start', reason: `${earlier.reason}; ${later.reason}` }
}
