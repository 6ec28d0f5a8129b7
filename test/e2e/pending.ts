import { WorkflowNotFoundError } from '@temporalio/client'
import { retryNowUpdate, workflowIdFor } from '../../src/workflows/contract.ts'
import { eventually } from '../support/eventually.ts'
import type { TemporalView } from './temporal.ts'

type Key = { readonly namespace: string; readonly name: string }

/** A step that has failed and will be tried again, as Pending Activities show it. */
export interface PendingStep {
  readonly activity: string
  readonly reason: string
  readonly message: string
  /** The attempt that comes next, or is under way. */
  readonly attempt: number
  /** How long the last failure asked to wait; undefined while an attempt is under way. */
  readonly retryInSeconds: number | undefined
}

/** Resolves when the Cluster's run waits in the given step for the given reason. */
export async function untilPending(
  temporal: TemporalView,
  cluster: Key,
  activity: string,
  reason: string,
): Promise<PendingStep> {
  let steps: readonly PendingStep[] = []
  try {
    return await eventually(`${cluster.name} to wait in ${activity} for ${reason}`, async () => {
      steps = await pendingSteps(temporal, cluster)
      return steps.find((step) => step.activity === activity && step.reason === reason)
    })
  } catch (cause) {
    throw new Error(`instead, ${cluster.name} waits with ${JSON.stringify(steps)}`, { cause })
  }
}

/** The steps of the Cluster's run that have failed and will be tried again. */
export async function pendingSteps(temporal: TemporalView, cluster: Key): Promise<readonly PendingStep[]> {
  const description = await temporal.client.workflow.getHandle(workflowIdFor(cluster)).describe()
  return (description.raw.pendingActivities ?? []).map(
    ({ activityType, lastFailure, attempt, ...timing }) => ({
      activity: activityType?.name ?? '',
      reason: lastFailure?.applicationFailureInfo?.type ?? '',
      message: lastFailure?.message ?? '',
      attempt: attempt ?? 0,
      retryInSeconds: timing.currentRetryInterval?.seconds?.toNumber(),
    }),
  )
}

/** Has the Cluster's run look again now, as a person does. One that has ended meanwhile needs no look. */
export async function retryNow(temporal: TemporalView, cluster: Key): Promise<void> {
  try {
    await temporal.client.workflow.getHandle(workflowIdFor(cluster)).executeUpdate(retryNowUpdate)
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error
  }
}

/** How and why the Cluster's run ended; waits until it has. */
export async function outcomeOf(
  temporal: TemporalView,
  cluster: Key,
): Promise<{ readonly outcome: string; readonly reason: string }> {
  const result = (await temporal.client.workflow.getHandle(workflowIdFor(cluster)).result()) as {
    roles: { 'control-plane': { outcome: string; reason: string } }
  }
  const { outcome, reason } = result.roles['control-plane']
  return { outcome, reason }
}
