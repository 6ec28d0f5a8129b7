import type { StepInput } from '../domain/allocation/steps.ts'
import { activityInfo, heartbeat, log } from '@temporalio/activity'
import type { Cluster } from '../domain/model/cluster.ts'
import type { ClusterIdentity } from '../domain/model/claim.ts'
import { allocationEvent, releaseEvent } from '../domain/allocation/cluster-event.ts'
import { isWritable } from '../domain/allocation/eligibility.ts'
import { formatKey } from '../domain/model/object-meta.ts'
import { conditionsApiVersion, type Condition } from '../domain/model/condition.ts'
import { describeReleased, type HeldAddress } from '../domain/release/release.ts'
import { requiresAction, isReason } from '../domain/reason.ts'
import {
  decideCondition,
  type ConditionDecision,
  type ConditionUpdate,
} from '../domain/allocation/vip-condition.ts'
import { attemptsUntilReminder } from '../domain/timings.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import { isKubernetesError } from '../kubernetes/errors.ts'
import type { WaitingNews } from '../workflows/contract.ts'
import type { AllocationSettings } from './settings.ts'
import type { StepOutcome } from './step-outcome.ts'

/** Counts steps and reports for the metrics; it has no effect on them. */
export interface StepObserver {
  /** One attempt of a step, at its end. */
  observeStep(reading: StepReading): void
  /** One condition, event or signal of the Worker. */
  countReport(kind: 'condition' | 'event' | 'signal', result: 'written' | 'unchanged' | 'failed'): void
}

/** One attempt of a step. It holds no name of a Cluster, since its texts become labels of metrics. */
export interface StepReading {
  readonly step: string
  readonly role: string
  /** Name of the ClusterClass; `""` if the Cluster has none, or was not read. */
  readonly clusterClass: string
  readonly result: StepOutcome['result']
  /** Of an attempt that failed: a Reason, or the type of the failure. */
  readonly reason: string
  /** Duration of the attempt. */
  readonly seconds: number
  /** Present if this attempt wrote a VIP to a Cluster that had none; `sinceStart` is the age of the run, if known. */
  readonly allocated?: { readonly sinceStartSeconds?: number; readonly sinceCreationSeconds: number }
  /** The attempt stepped back from an address that somebody else has. */
  readonly duplicate?: boolean
}

/** Ways to tell others how a step ended. */
export interface Reporting {
  readonly api: Pick<ClusterApi, 'applyCondition' | 'recordEvent'>
  readonly observer: StepObserver
  readonly settings: Pick<AllocationSettings, 'searchable'>
  /** Tells the run that the attempt belongs to. */
  readonly tellWorkflow: (news: WaitingNews) => Promise<void>
}

/**
 * Says on the Cluster what is to be said, and records the event if that is news. Of a wait that goes on, the event is
 * recorded again now and then, since the API server forgets events.
 *
 * @param cluster as the step read it last
 * @throws KubernetesError where a later attempt may succeed; what is refused for good is logged, since nobody's VIP
 *   may depend on it
 */
export async function publishCondition(
  { api, observer }: Reporting,
  cluster: Cluster,
  { role }: StepInput,
  saying: ConditionUpdate,
): Promise<void> {
  if (!isWritable(cluster)) return
  const decision = decideCondition(cluster, role, saying, new Date())
  const isNews = await applied(decision, observer, (condition) =>
    api.applyCondition(cluster, role, condition),
  )
  const isReminder = activityInfo().attempt % attemptsUntilReminder === 0
  if (isNews || isReminder) await recordConditionEvent({ api, observer }, cluster, { role }, saying)
}

/** Records what is to be said as an event of the Cluster. What is refused is logged, since nobody's VIP may depend on it. */
export async function recordConditionEvent(
  { api, observer }: Pick<Reporting, 'api' | 'observer'>,
  cluster: Cluster,
  { role }: Pick<StepInput, 'role'>,
  saying: ConditionUpdate,
): Promise<void> {
  if (saying.about === 'nothing') return
  const event = allocationEvent(cluster, role, saying.reason, saying.message)
  await api.recordEvent(event).then(
    () => observer.countReport('event', 'written'),
    (error: unknown) => failed(observer, 'event', error),
  )
}

type Apply = (condition: Condition | undefined) => Promise<void>

/** Returns whether the Cluster says something else now; where it cannot say anything, whether this is the first look. */
async function applied(decision: ConditionDecision, observer: StepObserver, apply: Apply): Promise<boolean> {
  if (decision.decision === 'not-here') return activityInfo().attempt === 1
  if (decision.decision === 'unchanged') {
    observer.countReport('condition', 'unchanged')
    return false
  }
  try {
    await apply(decision.decision === 'write' ? decision.condition : undefined)
    observer.countReport('condition', 'written')
  } catch (error) {
    failed(observer, 'condition', error)
    if (!isFinal(error)) throw error
  }
  return true
}

/** The next attempt would be answered the same. */
function isFinal(error: unknown): boolean {
  return isKubernetesError(error, 'forbidden', 'invalid', 'notFound', 'notServed')
}

/** Records that a deleted Cluster has let go of what it held. Its namespace may take no event any more. */
export async function tellReleased(
  { api, observer }: Pick<Reporting, 'api' | 'observer'>,
  { namespace, name, uid }: ClusterIdentity,
  released: readonly HeldAddress[],
): Promise<void> {
  if (released.length === 0) return
  const cluster = { apiVersion: conditionsApiVersion, namespace, name, uid }
  try {
    await api.recordEvent(releaseEvent(cluster, describeReleased(released)))
    observer.countReport('event', 'written')
  } catch (error) {
    if (isKubernetesError(error, 'forbidden', 'notFound')) return
    failed(observer, 'event', error)
  }
}

/**
 * Tells the run what its step waits for, and the log, if that is another matter than the run was told last: the attempts
 * of a step keep that between them, so that a long wait costs no history. A run that was not told would let a wake wait.
 */
export async function signalWait(
  reporting: Reporting,
  { cluster, role }: StepInput,
  ending: StepOutcome,
): Promise<void> {
  const { reason, message, result } = ending
  const matter = `${reason}: ${message}`
  if (activityInfo().heartbeatDetails === matter) return
  const isQuiet = result === 'waiting' && !(isReason(reason) && requiresAction(reason))
  log[isQuiet ? 'info' : 'warn'](message, { cluster: formatKey(cluster), role, reason })
  if (await signalRun(reporting, { role }, ending, false)) heartbeat(matter)
}

/**
 * Tells the run which address its step has left to somebody else. The step's result says so too, but whoever sees the
 * claim go wakes the run, and then nobody waits for that result.
 */
export async function signalSkippedAddress(
  reporting: Reporting,
  input: StepInput,
  ending: StepOutcome,
): Promise<void> {
  await signalRun(reporting, input, ending, true)
}

/** Returns whether the run has been told. */
async function signalRun(
  { observer, settings: { searchable }, tellWorkflow }: Reporting,
  { role }: Pick<StepInput, 'role'>,
  { reason, message, considered }: StepOutcome,
  isLeft: boolean,
): Promise<boolean> {
  const scheduledAt = activityInfo().scheduledTimestampMs
  try {
    await tellWorkflow({ role, reason, message, considered, searchable, isLeft, scheduledAt })
    observer.countReport('signal', 'written')
    return true
  } catch (error) {
    failed(observer, 'signal', error)
    return false
  }
}

function failed(observer: StepObserver, kind: 'condition' | 'event' | 'signal', error: unknown): void {
  observer.countReport(kind, 'failed')
  log.warn(`cannot report a ${kind}`, { error: error instanceof Error ? error.message : String(error) })
}
