import { setTimeout as delay } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import type { StackConnection } from '../../dev/stack/connection.ts'
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
      for (;;) {
        const pending = await pendingActivities(client, workflowIdFor(cluster))
        if (pending.some(({ type, failure }) => type === activity && failure === reason)) return
        await delay(50)
      }
    },
    close: () => connection.close(),
  }
}

async function pendingActivities(
  client: Client,
  workflowId: string,
): Promise<readonly { readonly type: string; readonly failure: string }[]> {
  const description = await client.workflow
    .getHandle(workflowId)
    .describe()
    .catch(() => undefined)
  return (description?.raw.pendingActivities ?? []).map(({ activityType, lastFailure }) => ({
    type: activityType?.name ?? '',
    failure: lastFailure?.applicationFailureInfo?.type ?? '',
  }))
}
