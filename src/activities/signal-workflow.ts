import { activityInfo, getClient, heartbeat, log } from '@temporalio/activity'
import type { StepInput } from '../domain/allocation/steps.ts'
import { formatKey } from '../domain/model/object-meta.ts'
import { isReason, requiresAction } from '../domain/reason.ts'
import { waitingSignal, type WaitReport } from '../workflows/contract.ts'
import type { StepSettings } from './advance.ts'
import { reportFailed } from './publish-condition.ts'
import type { StepObserver, StepOutcome } from './step-outcome.ts'

export interface SignalPorts {
  readonly observer: StepObserver
  readonly settings: Pick<StepSettings, 'searchable'>
  /** Signals the run that the attempt belongs to. */
  readonly signalWorkflow: (report: WaitReport) => Promise<void>
}

/** Milliseconds; a run that gets no signal shows the wait under Pending Activities all the same. */
const deadlineMs = 5_000

/** Signals the run through the Worker's own connection. */
export async function signalWorkflow(report: WaitReport): Promise<void> {
  const { workflowExecution } = activityInfo()
  if (workflowExecution === undefined) return
  const { workflowId, runId } = workflowExecution
  const client = getClient()
  await client.connection.withDeadline(Date.now() + deadlineMs, () =>
    client.workflow.getHandle(workflowId, runId).signal(waitingSignal, report),
  )
}

/**
 * Signals the run what its step waits for, and logs it, if that differs from the last signal. The heartbeat details keep
 * the last one across attempts, so a long wait adds nothing to the history. A wake does not end a wait without a signal.
 */
export async function signalWait(
  ports: SignalPorts,
  { cluster, role }: StepInput,
  outcome: StepOutcome,
): Promise<void> {
  const { reason, message, result, alsoWanted } = outcome
  const details = [`${reason}: ${message}`, ...alsoWanted].join('; also ')
  const before: unknown = activityInfo().heartbeatDetails
  if (before === details || (isPassing(outcome) && String(before).startsWith(`${reason}: `))) return
  const isQuiet = result === 'waiting' && !(isReason(reason) && requiresAction(reason))
  log[isQuiet ? 'info' : 'warn'](message, { cluster: formatKey(cluster), role, reason })
  if (await sendSignal(ports, { role }, outcome, false)) heartbeat(details)
}

/** Others are about to take the free addresses. The run shows what the step waits for otherwise. */
function isPassing({ condition }: StepOutcome): boolean {
  return condition !== undefined && condition !== 'remove' && condition.isPassing === true
}

/**
 * @param isLeft the step has stepped back from an address. Its result says so too, but the deletion of the claim may wake the
 *   run before the result arrives
 * @returns whether the run got the signal
 */
export async function sendSignal(
  { observer, settings: { searchable }, signalWorkflow: send }: SignalPorts,
  { role }: Pick<StepInput, 'role'>,
  { reason, message, considered, alsoWanted }: StepOutcome,
  isLeft: boolean,
): Promise<boolean> {
  const scheduledAt = activityInfo().scheduledTimestampMs
  try {
    const more = { searchable, isLeft, scheduledAt, ...(alsoWanted.length > 0 && { alsoWanted }) }
    await send({ role, reason, message, considered, ...more })
    observer.countReport('signal', 'written')
    return true
  } catch (error) {
    reportFailed(observer, 'signal', error)
    return false
  }
}
