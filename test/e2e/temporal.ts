import { Client, Connection } from '@temporalio/client'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { eventually } from '../support/eventually.ts'
import { workflowIdFor } from '../../src/workflows/contract.ts'

/** An activity that has failed at least once, and is tried again. */
export interface Wait {
  readonly activity: string
  readonly reason: string
  readonly message: string
  /** What the failure carries besides its message. */
  readonly details: readonly unknown[]
}

/** A person's view of Temporal. */
export interface TemporalView {
  readonly client: Client
  /**
   * Resolves when the Cluster's run has failed at least once in the given activity for the given reason, and
   * waits to try it again. The server tells no event of that, so it is asked again and again.
   */
  untilWaiting(cluster: { namespace: string; name: string }, activity: string, reason: string): Promise<void>
  /** The same, whatever the activity (and the reason); resolves with what a person sees of the wait. */
  untilWaitingFor(cluster: { namespace: string; name: string }, reason?: string): Promise<Wait>
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
        return pending.find((wait) => wait.activity === activity && wait.reason === reason)
      })
    },
    untilWaitingFor: (cluster, reason) =>
      eventually(`${workflowIdFor(cluster)} to wait with ${reason ?? 'any reason'}`, async () => {
        const pending = await pendingActivities(client, workflowIdFor(cluster))
        return pending.find((wait) => wait.message !== '' && wait.reason === (reason ?? wait.reason))
      }),
    close: () => connection.close(),
  }
}

async function pendingActivities(client: Client, workflowId: string): Promise<readonly Wait[]> {
  const description = await client.workflow.getHandle(workflowId).describe()
  return (description.raw.pendingActivities ?? []).map(({ activityType, lastFailure }) => ({
    activity: activityType?.name ?? '',
    reason: lastFailure?.applicationFailureInfo?.type ?? '',
    message: lastFailure?.message ?? '',
    details: (lastFailure?.applicationFailureInfo?.details?.payloads ?? []).map((payload): unknown =>
      JSON.parse(Buffer.from(payload.data ?? []).toString()),
    ),
  }))
}
