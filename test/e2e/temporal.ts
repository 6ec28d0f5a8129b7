import { Client, Connection } from '@temporalio/client'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { eventually } from '../support/eventually.ts'
import { workflowIdFor } from '../../src/workflows/contract.ts'

/** A person's view of Temporal. */
export interface TemporalView {
  readonly client: Client
  /**
   * Resolves when the Cluster's run has failed at least once in the given activity for the given reason, and
   * waits to try it again. The server tells no event of that, so it is asked again and again.
   */
  untilWaiting(cluster: { namespace: string; name: string }, activity: string, reason: string): Promise<void>
  close(): Promise<void>
}

export async function viewTemporal(stack: StackConnection): Promise<TemporalView> {
  const connection = await Connection.connect({ address: stack.temporal.address })
  const client = new Client({ connection })
  return {
    client,
    untilWaiting: async (cluster, activity, reason) => {
      await eventually(`${activity} to wait with ${reason}`, async () => {
        const pending = await pendingActivities(client, workflowIdFor(cluster))
        return pending.find(({ type, failure }) => type === activity && failure === reason)
      })
    },
    close: () => connection.close(),
  }
}

async function pendingActivities(
  client: Client,
  workflowId: string,
): Promise<readonly { readonly type: string; readonly failure: string }[]> {
  const description = await client.workflow.getHandle(workflowId).describe()
  return (description.raw.pendingActivities ?? []).map(({ activityType, lastFailure }) => ({
    type: activityType?.name ?? '',
    failure: lastFailure?.applicationFailureInfo?.type ?? '',
  }))
}
