import { activityInfo, log } from '@temporalio/activity'
import { allocationEvent, releaseEvent } from '../domain/allocation/cluster-event.ts'
import { isWritable } from '../domain/allocation/eligibility.ts'
import type { StepInput } from '../domain/allocation/steps.ts'
import { decideCondition, type ConditionUpdate } from '../domain/allocation/vip-condition.ts'
import type { ClusterIdentity } from '../domain/model/claim.ts'
import { conditionsApiVersion, type Cluster } from '../domain/model/cluster.ts'
import { describeReleased, type HeldAddress } from '../domain/release/release.ts'
import { attemptsUntilReminder } from '../domain/timings.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import { isKubernetesError } from '../kubernetes/errors.ts'
import type { ReportKind, StepObserver, StepOutcome } from './step-outcome.ts'
import { messageOf } from '../domain/quote.ts'

export interface PublishPorts {
  readonly api: Pick<ClusterApi, 'getCluster' | 'applyCondition' | 'recordEvent'>
  readonly observer: StepObserver
}

/** Cluster API core writes to a Cluster several times as soon as it has its VIP, so some conflicts are normal. */
const mostConflictRetries = 4

/**
 * Updates the Cluster's condition after a step, and emits an event if that is a change. While a wait lasts, the event is
 * emitted again now and then, since the API server forgets events.
 *
 * @param cluster as the step read it last; undefined if it read none
 * @throws KubernetesError if a later attempt may succeed; a final refusal is logged, since no VIP may depend on it
 */
export async function publishOutcome(
  ports: PublishPorts,
  cluster: Cluster | undefined,
  input: StepInput,
  { condition, isDuplicate }: StepOutcome,
): Promise<void> {
  if (condition === undefined) return
  // After a write of somebody else, a VIP in place is still true. A reason to wait may not be: the next attempt decides.
  const mayRetry = condition !== 'remove' && condition.isReady
  let present = cluster
  for (let retries = 0; present !== undefined && present.uid === cluster?.uid; retries += 1) {
    try {
      return await publishCondition(ports, present, input, condition)
    } catch (error) {
      // The claim is deleted, so no later attempt can know of the duplicate: this one emits the event, and succeeds.
      if (isDuplicate && isKubernetesError(error)) return emitCondition(ports, present, input, condition)
      if (!mayRetry || retries === mostConflictRetries || !isKubernetesError(error, 'conflict')) throw error
    }
    present = await ports.api.getCluster(input.cluster)
  }
}

async function publishCondition(
  ports: PublishPorts,
  cluster: Cluster,
  { role }: StepInput,
  update: ConditionUpdate,
): Promise<void> {
  if (!isWritable(cluster)) return
  const isChange = await applyCondition(ports, cluster, { role }, update)
  const isReminder = activityInfo().attempt % attemptsUntilReminder === 0
  if (isChange || isReminder) await emitCondition(ports, cluster, { role }, update)
}

/** Returns whether the condition changed; for a Cluster that takes no conditions, whether this is the first attempt. */
async function applyCondition(
  { api, observer }: PublishPorts,
  cluster: Cluster,
  { role }: Pick<StepInput, 'role'>,
  update: ConditionUpdate,
): Promise<boolean> {
  const decision = decideCondition(cluster, role, update, new Date())
  if (decision.decision === 'not-here') return activityInfo().attempt === 1
  if (decision.decision === 'unchanged') {
    observer.countReport('condition', 'unchanged')
    return false
  }
  try {
    await api.applyCondition(cluster, role, decision.decision === 'write' ? decision.condition : undefined)
    observer.countReport('condition', 'written')
  } catch (error) {
    reportFailed(observer, 'condition', error)
    // The API server would refuse the next attempt too.
    if (!isKubernetesError(error, 'forbidden', 'invalid', 'notFound', 'notServed')) throw error
  }
  return true
}

async function emitCondition(
  { api, observer }: PublishPorts,
  cluster: Cluster,
  { role }: Pick<StepInput, 'role'>,
  update: ConditionUpdate,
): Promise<void> {
  if (update === 'remove') return
  await api.recordEvent(allocationEvent(cluster, role, update.reason, update.message)).then(
    () => observer.countReport('event', 'written'),
    (error: unknown) => reportFailed(observer, 'event', error),
  )
}

export async function publishRelease(
  { api, observer }: Pick<PublishPorts, 'observer'> & { readonly api: Pick<ClusterApi, 'recordEvent'> },
  { namespace, name, uid }: ClusterIdentity,
  released: readonly HeldAddress[],
): Promise<void> {
  if (released.length === 0) return
  const cluster = { apiVersion: conditionsApiVersion, namespace, name, uid }
  await api.recordEvent(releaseEvent(cluster, describeReleased(released))).then(
    () => observer.countReport('event', 'written'),
    (error: unknown) => {
      // The Cluster's namespace may be going too.
      if (!isKubernetesError(error, 'forbidden', 'notFound')) reportFailed(observer, 'event', error)
    },
  )
}

/** Nobody's VIP may depend on a report, so its failure is counted and logged. */
export function reportFailed(observer: StepObserver, kind: ReportKind, error: unknown): void {
  observer.countReport(kind, 'failed')
  log.warn(`cannot report a ${kind}`, { error: messageOf(error) })
}
