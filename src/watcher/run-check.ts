import { formatKey, type NamespacedName } from '../domain/model/object-meta.ts'
import { judgeRun, type RunningWorkflow } from '../domain/workflow-run.ts'
import type { Log } from '../observability/log.ts'
import type { VipWorkflowClient } from './workflow-client.ts'
import { isConditional, workflowIdOf, type RequestOutcome, type WorkflowRequest } from './workflow-request.ts'

/** A run that is needed. */
export interface NeededRun {
  readonly cluster: NamespacedName
  /** Starts it in the place of one that was terminated. */
  readonly start: WorkflowRequest
  /** Also in the place of one that has ended. */
  readonly startsIfEnded: boolean
}

/**
 * The run to check some time after a request; undefined if there is none. One that was there may have looked before the need
 * arose, and be about to end; it may be on a task queue that nobody polls; and one that was started may fail. A signal would
 * cure only some of that, and cost every run that waits an attempt.
 */
export function runToCheck(
  cluster: NamespacedName,
  request: WorkflowRequest,
  outcome: RequestOutcome,
): NeededRun | undefined {
  if (isConditional(request)) {
    return { cluster, start: { action: 'start', reason: request.reason }, startsIfEnded: true }
  }
  // A release that started just now needs no check: the next list finds what it leaves behind.
  return request.action === 'start-release' && outcome === 'already-started'
    ? { cluster, start: { ...request, again: true }, startsIfEnded: false }
    : undefined
}

/** A check to come, with what the checks before it found. */
export interface PendingCheck {
  readonly run: NeededRun
  /** The run was signaled since its first check, so that its Worker had a task to take. */
  readonly wasSignaled: boolean
  /** Checks in a row without a reason to hurry. */
  readonly unhurried: number
  /** Starts in the place of a run that had ended. */
  readonly restarts: number
}

export function firstCheck(run: NeededRun, wasSignaled: boolean): PendingCheck {
  return { run, wasSignaled, unhurried: 0, restarts: 0 }
}

/** Merges two checks to come of one run into one that goes on from the earlier. */
export function mergeChecks(earlier: PendingCheck, later: PendingCheck): PendingCheck {
  const restarts = Math.max(earlier.restarts, later.restarts)
  return { ...earlier, restarts, wasSignaled: earlier.wasSignaled || later.wasSignaled }
}

/** A run that ends each time and leaves the Cluster as it was is for the next list to start. */
const mostRestarts = 3

export interface RunCheck {
  /** The run was there, was missing and has been started, or was terminated and started again. */
  readonly outcome: 'checked' | RequestOutcome | 'replaced'
  /** Undefined once the run is at work, or left to the next list. */
  readonly next: PendingCheck | undefined
}

/** A run that is needed here, and that only a person can get further. */
export interface StrayRun {
  readonly cluster: NamespacedName
  readonly workflowId: string
  readonly runId: string
  readonly taskQueue: string
  /** `elsewhere`: Workers of another installation have it. `failing`: its workflow task fails again and again. */
  readonly verdict: 'elsewhere' | 'failing'
  readonly message: string
}

/** A finding about a run, for the Cluster's condition and events. */
export type RunNews =
  /** Terminated, and another one started on our task queue. */
  | { readonly news: 'replaced'; readonly cluster: NamespacedName; readonly message: string }
  | ({ readonly news: 'stray' } & StrayRun)

export interface RunCheckerOptions {
  readonly client: Pick<VipWorkflowClient, 'send' | 'describe' | 'terminate' | 'taskQueue'>
  readonly log: Pick<Log, 'warn'>
  /** Notified once of each finding about a run. */
  readonly onNews: (news: RunNews) => void
}

/** Checks the runs of Clusters that still need one some time after the request. */
export interface RunChecker {
  /** Restarts a run that is missing or abandoned, and reports one that is stray. Rejects if Temporal is away. */
  check(pending: PendingCheck): Promise<RunCheck>
  /** Nobody needs this run any more. */
  forget(run: NeededRun): void
  /** Stray runs, each by its last check. */
  readonly strays: () => readonly StrayRun[]
}

export function createRunChecker(options: RunCheckerOptions): RunChecker {
  const { client, log, onNews } = options
  const strays = new Map<string, StrayRun>()

  const report = (stray: StrayRun): void => {
    const before = strays.get(stray.workflowId)
    strays.set(stray.workflowId, stray)
    if (before?.runId === stray.runId && before.verdict === stray.verdict) return
    log.warn(stray.message, fieldsOf(stray))
    onNews({ news: 'stray', ...stray })
  }

  const checkFound = async (pending: PendingCheck, found: RunningWorkflow): Promise<RunCheck> => {
    const { cluster, start } = pending.run
    const { workflowId, runId, taskQueue } = found
    const soon = { ...pending, unhurried: 0 }
    const later = { ...pending, unhurried: pending.unhurried + 1 }
    const judgment = judgeRun(found, client.taskQueue, Date.now())
    switch (judgment.verdict) {
      case 'at-work':
        strays.delete(workflowId)
        return { outcome: 'checked', next: undefined }
      case 'unclear':
        // Whoever has it on another task queue may go at any time.
        return { outcome: 'checked', next: taskQueue === client.taskQueue ? later : soon }
      case 'abandoned':
        await replace(options, pending.run, found, judgment.message)
        strays.delete(workflowId)
        return { outcome: 'replaced', next: { ...later, wasSignaled: false } }
      case 'elsewhere':
        // A Worker that polled a moment ago may be gone: only a task that it takes proves that it is there.
        if (!pending.wasSignaled) {
          await client.send(cluster, signalFor(start, `needed on task queue ${client.taskQueue}`))
          return { outcome: 'checked', next: { ...soon, wasSignaled: true } }
        }
        break
      case 'failing':
        break
      default:
        return judgment satisfies never
    }
    report({ cluster, workflowId, runId, taskQueue, ...judgment })
    return { outcome: 'checked', next: soon }
  }

  return {
    async check(pending) {
      const { cluster, start, startsIfEnded } = pending.run
      const workflowId = workflowIdOf(cluster, start)
      const found = await client.describe(workflowId)
      if (found !== undefined) return checkFound(pending, found)
      strays.delete(workflowId)
      if (!startsIfEnded) return { outcome: 'checked', next: undefined }
      const outcome = await client.send(cluster, start)
      return { outcome, next: afterRestart(pending, outcome) }
    },
    forget: ({ cluster, start }) => strays.delete(workflowIdOf(cluster, start)),
    strays: () => [...strays.values()],
  }
}

function afterRestart(
  { run, unhurried, restarts }: PendingCheck,
  outcome: RequestOutcome,
): PendingCheck | undefined {
  const next = {
    run,
    wasSignaled: false,
    unhurried: unhurried + 1,
    restarts: restarts + (outcome === 'started' ? 1 : 0),
  }
  return next.restarts < mostRestarts ? next : undefined
}

async function replace(
  { client, log, onNews }: RunCheckerOptions,
  { cluster, start }: NeededRun,
  found: RunningWorkflow,
  why: string,
): Promise<void> {
  const message = `${why}; a new run is started on task queue ${client.taskQueue}`
  await client.terminate(found, `capi-vip-allocator: ${message}`)
  log.warn(`Terminated a run that nobody works on: ${message}`, fieldsOf({ cluster, ...found }))
  onNews({ news: 'replaced', cluster, message })
  await client.send(cluster, start)
}

function signalFor(start: WorkflowRequest, reason: string): WorkflowRequest {
  return 'deleted' in start
    ? { action: 'signal-release', deleted: start.deleted, reason }
    : { action: 'signal', reason }
}

function fieldsOf({
  cluster,
  workflowId,
  runId,
  taskQueue,
}: Pick<StrayRun, 'cluster' | 'workflowId' | 'runId' | 'taskQueue'>): Readonly<Record<string, string>> {
  return { cluster: formatKey(cluster), workflowId, runId, taskQueue }
}
