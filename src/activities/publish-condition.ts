import { activityInfo, log } from '@temporalio/activity'
import { allocationEvent, releaseEvent, type ClusterEvent } from '../domain/allocation/cluster-event.ts'
import { isWritable } from '../domain/allocation/eligibility.ts'
import type { StepInput } from '../domain/allocation/steps.ts'
import {
  decideCondition,
  type ConditionDecision,
  type ConditionUpdate,
} from '../domain/allocation/vip-condition.ts'
import type { ClusterIdentity } from '../domain/model/claim.ts'
import { conditionsApiVersion, type Cluster } from '../domain/model/cluster.ts'
import { describeReleased, type HeldAddress } from '../domain/release/release.ts'
import type { Role } from '../domain/role.ts'
import { isReminderDue, type WaitKind } from '../domain/timings.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import { isKubernetesError } from '../kubernetes/errors.ts'
import type { ReportKind, StepObserver, StepOutcome } from './step-outcome.ts'
import { messageOf } from '../domain/quote.ts'
import { isReason } from '../domain/reason.ts'

export interface PublishPorts {
  readonly api: Pick<ClusterApi, 'getCluster' | 'applyCondition' | 'recordEvent'>
  readonly observer: StepObserver
}

/** Cluster API core writes to a Cluster several times as soon as it has its VIP, so some conflicts are normal. */
const mostConflictRetries = 4

/**
 * Updates the Cluster's condition after a step, and emits an event if that is a change. While a wait lasts, the event is
 * emitted again now and then, since the API server forgets events. That a provider has refused a claim is an event alone.
 *
 * @param cluster as the step read it last; undefined if it read none
 * @throws KubernetesError if a later attempt may succeed; a final refusal is logged, since no VIP may depend on it
 */
export async function publishOutcome(
  ports: PublishPorts,
  cluster: Cluster | undefined,
  input: StepInput,
  outcome: StepOutcome,
): Promise<void> {
  const { condition, isDuplicate, isRefused, waitKind } = outcome
  // The next pool may give an address at once, so the Cluster's condition stays.
  if (isRefused && cluster !== undefined) await emitAllocationEvent(ports, cluster, input, outcome)
  if (condition === undefined) return
  // After a write of somebody else, a VIP in place is still true. A reason to wait may not be: the next attempt decides.
  const mayRetry = condition !== 'remove' && condition.isReady
  let present = cluster
  for (let retries = 0; present !== undefined && present.uid === cluster?.uid; retries += 1) {
    try {
      return await publishCondition(ports, present, input, condition, waitKind)
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
  waitKind: WaitKind,
): Promise<void> {
  if (!isWritable(cluster)) return
  const { observer } = ports
  const decision = await writeCondition(ports, cluster, role, update).catch((error: unknown) => {
    // Somebody wrote to the Cluster meanwhile: the caller or the next attempt repeats it.
    if (isKubernetesError(error, 'conflict')) throw error
    reportFailed(observer, 'condition', error)
    // The API server would refuse the next attempt too.
    if (isKubernetesError(error, 'forbidden', 'invalid', 'notFound', 'notServed')) return 'write'
    throw error
  })
  if (decision === 'unchanged') observer.countReport('condition', 'unchanged')
  const { attempt } = activityInfo()
  const isNew = decision === 'not-here' ? attempt === 1 : decision !== 'unchanged'
  if (isNew || isReminderDue(attempt, waitKind)) await emitCondition(ports, cluster, { role }, update)
}

async function emitCondition(
  ports: PublishPorts,
  cluster: Cluster,
  { role }: Pick<StepInput, 'role'>,
  update: ConditionUpdate,
): Promise<void> {
  if (update !== 'remove') await emitAllocationEvent(ports, cluster, { role }, update)
}

/** No VIP depends on it, and no later attempt repeats it. */
async function emitAllocationEvent(
  ports: PublishPorts,
  cluster: Cluster,
  { role }: Pick<StepInput, 'role'>,
  { reason, message }: Pick<StepOutcome, 'reason' | 'message'>,
): Promise<void> {
  if (!isReason(reason)) return
  const event = allocationEvent(cluster, role, reason, message)
  await emitEvent(ports, event).catch((error: unknown) => reportFailed(ports.observer, 'event', error))
}

/** Emits the event that the addresses of a deleted Cluster are released. */
export async function publishRelease(
  ports: ReleasePorts,
  deleted: ClusterIdentity,
  released: readonly HeldAddress[],
): Promise<void> {
  if (released.length > 0) await publishEnd(ports, deleted, 'Released', describeReleased(released))
}

/** Emits the event that addresses of a deleted Cluster are kept for it, and until when. */
export async function publishKept(
  ports: ReleasePorts,
  deleted: ClusterIdentity,
  message: string,
): Promise<void> {
  await publishEnd(ports, deleted, 'Kept', message)
}

type ReleasePorts = EventPorts & Pick<PublishPorts, 'observer'>

async function publishEnd(
  ports: ReleasePorts,
  { namespace, name, uid }: ClusterIdentity,
  reason: 'Released' | 'Kept',
  message: string,
): Promise<void> {
  const cluster = { apiVersion: conditionsApiVersion, namespace, name, uid }
  await emitEvent(ports, releaseEvent(cluster, reason, message)).catch((error: unknown) => {
    // The Cluster's namespace may be going too.
    if (!isKubernetesError(error, 'forbidden', 'notFound')) reportFailed(ports.observer, 'event', error)
  })
}

export interface EventPorts {
  readonly api: Pick<ClusterApi, 'recordEvent'>
  readonly observer: Pick<StepObserver, 'countReport'>
}

/** Emits an event, and counts that. */
export async function emitEvent({ api, observer }: EventPorts, event: ClusterEvent): Promise<void> {
  await api.recordEvent(event)
  observer.countReport('event', 'written')
}

/** Writes or removes a condition if that changes it, and counts that. */
export async function writeCondition(
  { api, observer }: EventPorts & { readonly api: Pick<ClusterApi, 'applyCondition'> },
  cluster: Cluster,
  role: Role,
  update: ConditionUpdate,
): Promise<ConditionDecision['decision']> {
  const decision = decideCondition(cluster, role, update, new Date())
  if (decision.decision === 'write' || decision.decision === 'remove') {
    await api.applyCondition(cluster, role, decision.decision === 'write' ? decision.condition : undefined)
    observer.countReport('condition', 'written')
  }
  return decision.decision
}

/** Nobody's VIP may depend on a report, so its failure is counted and logged. */
export function reportFailed(observer: StepObserver, kind: ReportKind, error: unknown): void {
  observer.countReport(kind, 'failed')
  log.warn(`cannot report a ${kind}`, { error: messageOf(error) })
}
