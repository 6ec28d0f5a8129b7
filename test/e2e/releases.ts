import { WorkflowNotFoundError, type Client } from '@temporalio/client'
import type { ClusterIdentity } from '../../src/domain/model/claim.ts'
import { releaseWorkflowIdFor, type ReleaseVipResult } from '../../src/workflows/contract.ts'
import { eventually } from '../support/eventually.ts'

/** How the run ended that confirms what a deleted Cluster has released; waits until it has begun, and ended. */
export async function releaseOf(client: Client, cluster: ClusterIdentity): Promise<ReleaseVipResult> {
  const handle = client.workflow.getHandle(releaseWorkflowIdFor(cluster))
  await eventually(`the release of ${cluster.name}`, () => handle.describe())
  return (await handle.result()) as ReleaseVipResult
}

/** Whether there is, or was, such a run. */
export async function hasRelease(client: Client, cluster: ClusterIdentity): Promise<boolean> {
  try {
    await client.workflow.getHandle(releaseWorkflowIdFor(cluster)).describe()
    return true
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false
    throw error
  }
}

/** Resolves with the message under Pending Activities once the run waits with the given failure type, and these words. */
export async function untilReleaseWaits(
  client: Client,
  cluster: ClusterIdentity,
  type: string,
  words: string,
): Promise<string> {
  const handle = client.workflow.getHandle(releaseWorkflowIdFor(cluster))
  let seen = 'nothing'
  try {
    return await eventually(`the release of ${cluster.name} to wait with ${type}`, async () => {
      const { raw } = await handle.describe()
      const failure = raw.pendingActivities?.[0]?.lastFailure
      const message = failure?.message ?? ''
      seen = `${failure?.applicationFailureInfo?.type}: ${message}`
      return failure?.applicationFailureInfo?.type === type && message.includes(words) ? message : undefined
    })
  } catch (cause) {
    throw new Error(`instead, it waits with ${seen}`, { cause })
  }
}
