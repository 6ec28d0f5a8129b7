import { activityInfo, log } from '@temporalio/activity'
import {
  describeOtherManagementCluster,
  isForeign,
  separateManagementClusters,
} from '../domain/management-cluster.ts'
import { otherManagementCluster, retryLater, translatingFailures } from './failures.ts'

/** How a Worker recognizes runs of its management cluster. */
export interface ManagementClusterPorts {
  /** The uid of this management cluster; undefined if it cannot be read. Rejects if it may be readable later. */
  readonly managementClusterUid: () => Promise<string | undefined>
  /** Called with a message for every activity that is left to another management cluster. */
  readonly onForeignRun?: (message: string) => void
}

/** The field of an activity's input that says whose it is. */
interface Owned {
  readonly managementClusterUid?: string
}

/**
 * Lets an activity fail, to be retried, if it is of another management cluster: what it would find here says nothing about
 * its own. Nothing is read, written or reported to the run, so a Worker of that management cluster can take the next attempt.
 */
export function leaveForeignRuns(
  ports: ManagementClusterPorts,
): <I extends Owned, R>(run: (input: I) => Promise<R>) => (input: I) => Promise<R> {
  const reported = new Set<string>()
  return (run) => async (input) => {
    const { managementClusterUid: theirs } = input
    // A run that was started by hand names none.
    if (theirs === undefined) return run(input)
    const ours = await translatingFailures(otherManagementCluster, () => ports.managementClusterUid())
    if (ours === undefined || !isForeign(theirs, ours)) return run(input)
    const { workflowExecution } = activityInfo()
    const { workflowId = '', runId = '' } = workflowExecution ?? {}
    const found = describeOtherManagementCluster(`run ${runId} of ${workflowId}`, theirs, ours)
    const message = `${found}; ${separateManagementClusters}`
    ports.onForeignRun?.(found)
    // Once for each management cluster: a run that waits is handed out every minute.
    log[reported.has(theirs) ? 'debug' : 'warn'](`Left alone: ${message}`, { reason: otherManagementCluster })
    reported.add(theirs)
    throw retryLater(otherManagementCluster, message)
  }
}
