import {
  describeForeignPollers,
  identifyingNamespace,
  isForeign,
  separateManagementClusters,
  type Installation,
} from '../../../domain/management-cluster.ts'
import { counted, few } from '../../../domain/quote.ts'
import { isPolling } from '../../../domain/workflow-run.ts'
import { fault, orOk, warning, type CheckOutcome, type Reading } from './check-result.ts'
import type { TaskQueueFacts } from './temporal.ts'

/** A running workflow on our task queue. */
export interface OwnedRun {
  readonly workflowId: string
  /** The management cluster that started it; absent if a person did. */
  readonly managementClusterUid?: string | undefined
}

export interface SharedQueueFacts {
  readonly installation: Installation
  /** Why the uid of this management cluster is not known, if so. */
  readonly uid: Reading<string>
  readonly taskQueue: Reading<TaskQueueFacts>
  /** The runs on our task queue, the first hundred. */
  readonly runs: Reading<readonly OwnedRun[]>
}

/** Checks that no other management cluster has Workers or runs on our task queue. */
export function checkManagementCluster(facts: SharedQueueFacts, now: number): readonly CheckOutcome[] {
  const { uid, installation } = facts
  const { taskQueue } = installation
  if ('unread' in uid) {
    const found = `which management cluster this is cannot be read, so runs name none: ${uid.unread}`
    const fix = `permit to get Namespace ${identifyingNamespace}, as deploy/manifests/cluster-role.yaml does; without it, ${separateManagementClusters}`
    return [warning(found, fix)]
  }
  const fix = `${separateManagementClusters}; doctor has to be given those of the allocator too`
  const found = [describePollers(facts, now), describeRuns(facts)].filter((each) => each !== undefined)
  return orOk(
    found.map((each) => fault(each, fix)),
    `no other management cluster uses task queue ${taskQueue}; the uid of namespace ${identifyingNamespace} is ${uid.read}`,
  )
}

function describePollers({ installation, taskQueue }: SharedQueueFacts, now: number): string | undefined {
  if ('unread' in taskQueue) return undefined
  const { workflowPollers, activityPollers } = taskQueue.read
  const polling = [...workflowPollers, ...activityPollers].filter((poller) => isPolling(poller, now))
  return describeForeignPollers(installation, polling)
}

function describeRuns({ installation, runs }: SharedQueueFacts): string | undefined {
  if ('unread' in runs) return undefined
  const { taskQueue, managementClusterUid: ours } = installation
  const foreign = runs.read.filter(({ managementClusterUid }) => isForeign(managementClusterUid, ours))
  if (foreign.length === 0) return undefined
  const ids = few(foreign.map(({ workflowId }) => workflowId))
  return `another management cluster has ${counted(foreign.length, 'run')} on task queue ${taskQueue}: ${ids}`
}
