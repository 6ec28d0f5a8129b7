import { formatKey, type NamespacedName } from '../domain/model/object-meta.ts'
import { diagnoseRun, type RunningWorkflow } from '../domain/workflow-run.ts'
import type { Log } from '../observability/log.ts'
import type { VipWorkflowClient } from './workflow-client.ts'
import { isConditional, workflowIdOf, type RequestOutcome, type WorkflowRequest } from './workflow-request.ts'

/** A later check of a run that is needed, with the results of the checks before it. */
export interface PendingCheck {
  readonly cluster: NamespacedName
  /** Starts a run in place of one that is terminated. */
  readonly start: WorkflowRequest
  /** Also in place of one that has ended. */
  readonly startsIfEnded: boolean
  /** The run was signaled since its first check, so that its Worker had a task to take. */
  readonly wasSignaled: boolean
  /** Checks in a row that gave no reason to hurry. */
  readonly unhurried: number
  /** Starts in place of a run that had ended. */
  readonly restarts: number
}

/**
 * The first check after a request, if any. The run may be about to end without having seen the need, be on a task queue that
 * nobody polls, or fail. A signal would cure only some of that, and cost every run that waits an attempt.
 */
export function checkAfter(
  cluster: NamespacedName,
  request: WorkflowRequest,
  outcome: RequestOutcome,
): PendingCheck | undefined {
  const first = { cluster, wasSignaled: request.action === 'signal-with-start', unhurried: 0, restarts: 0 }
  if (isConditional(request)) {
    return { ...first, start: { action: 'start', reason: request.reason }, startsIfEnded: true }
  }
  // The next list finds what a release leaves behind that started just now.
  return request.action === 'start-release' && outcome === 'already-started'
    ? { ...first, start: { ...request, again: true }, startsIfEnded: false }
    : undefined
}

/** Merges two pending checks of one run into one that continues the earlier. */
export function mergeChecks(earlier: PendingCheck, later: PendingCheck): PendingCheck {
  const restarts = Math.max(earlier.restarts, later.restarts)
  return { ...earlier, restarts, wasSignaled: earlier.wasSignaled || later.wasSignaled }
}

/** If every run ends and leaves the Cluster as it was, the next list starts another one. */
const mostRestarts = 3

/** A run that is needed here, and that only a person can get further. */
export interface StrayRun {
  readonly cluster: NamespacedName
  readonly workflowId: string
  readonly runId: string
  readonly taskQueue: string
  /**
   * `elsewhere`: Workers of another installation have it. `failing`: its workflow task fails again and again. `foreign`: it is
   * of another management cluster.
   */
  readonly verdict: 'elsewhere' | 'failing' | 'foreign'
  readonly message: string
}

/** A finding about a run. `replaced`: it was terminated, and another one started on our task queue. */
export interface RunNews {
  readonly news: 'replaced' | 'stray'
  readonly cluster: NamespacedName
  readonly message: string
}

/** The result of an attempt to send a request or to check its run. */
export type AttemptOutcome = RequestOutcome | 'checked' | 'replaced' | 'failed'

export interface RunCheck {
  readonly outcome: Exclude<AttemptOutcome, 'failed'>
  /** Undefined once the run is at work, or left to the next list. */
  readonly next?: PendingCheck
}

export interface RunCheckerOptions {
  readonly client: Pick<VipWorkflowClient, 'send' | 'describe' | 'terminate' | 'installation'>
  readonly log: Pick<Log, 'warn'>
  /** Called once for each finding about a run. */
  readonly onNews?: (news: RunNews) => void
}

export interface RunChecker {
  /** Starts a run that is missing or abandoned, and reports one that is stray. Rejects if Temporal is away. */
  check(pending: PendingCheck): Promise<RunCheck>
  /** Forgets a run that is no longer needed. */
  forget(pending: PendingCheck): void
  readonly strays: () => readonly StrayRun[]
}

export function createRunChecker(options: RunCheckerOptions): RunChecker {
  const { client } = options
  const strays = createStrayRecord(options)

  const checkRunning = async (pending: PendingCheck, run: RunningWorkflow): Promise<RunCheck> => {
    const { cluster, start } = pending
    const { workflowId, runId, taskQueue } = run
    const soon = { ...pending, unhurried: 0 }
    const later = { ...pending, unhurried: pending.unhurried + 1 }
    const ours = await client.installation()
    const diagnosis = diagnoseRun(run, ours, Date.now())
    if (diagnosis.verdict === 'elsewhere' && !pending.wasSignaled) {
      // A Worker that polled a moment ago may be gone: only a task that it takes proves that it is there.
      await client.send(cluster, signalFor(start, `needed on task queue ${ours.taskQueue}`))
      return { outcome: 'checked', next: { ...soon, wasSignaled: true } }
    }
    switch (diagnosis.verdict) {
      case 'at-work':
        strays.forget(pending)
        return { outcome: 'checked' }
      case 'unclear':
        // The Workers of another task queue may go at any time.
        return { outcome: 'checked', next: taskQueue === ours.taskQueue ? later : soon }
      case 'abandoned':
      case 'delayed':
        await replace(options, pending, run, { why: diagnosis.message, onto: ours.taskQueue })
        strays.forget(pending)
        return { outcome: 'replaced', next: { ...later, wasSignaled: false } }
      case 'elsewhere':
      case 'foreign':
      case 'failing':
        strays.report(pending, { cluster, workflowId, runId, taskQueue, ...diagnosis })
        return { outcome: 'checked', next: soon }
      default:
        return diagnosis satisfies never
    }
  }

  return {
    async check(pending) {
      const { cluster, start, startsIfEnded, unhurried } = pending
      const run = await client.describe(cluster, start)
      if (run !== undefined) return checkRunning(pending, run)
      strays.forget(pending)
      if (!startsIfEnded) return { outcome: 'checked' }
      const outcome = await client.send(cluster, start)
      const restarts = pending.restarts + (outcome === 'started' ? 1 : 0)
      const next = { ...pending, wasSignaled: false, unhurried: unhurried + 1, restarts }
      return { outcome, ...(restarts < mostRestarts && { next }) }
    },
    forget: strays.forget,
    strays: strays.all,
  }
}

/** The strays that are still needed. */
function createStrayRecord(options: RunCheckerOptions): {
  /** Publishes one that is new. */
  readonly report: (pending: PendingCheck, stray: StrayRun) => void
  readonly forget: (pending: PendingCheck) => void
  readonly all: () => readonly StrayRun[]
} {
  const strays = new Map<string, StrayRun>()
  return {
    report(pending, stray) {
      const before = strays.get(keyOf(pending))
      strays.set(keyOf(pending), stray)
      if (before?.runId === stray.runId && before.verdict === stray.verdict) return
      const { cluster, message } = stray
      publish(options, { news: 'stray', cluster, message }, stray, message)
    },
    forget: (pending) => void strays.delete(keyOf(pending)),
    all: () => [...strays.values()],
  }
}

/** Of the run that is needed, whatever its id in Temporal. */
function keyOf({ cluster, start }: PendingCheck): string {
  return workflowIdOf(cluster, start)
}

async function replace(
  options: RunCheckerOptions,
  { cluster, start }: PendingCheck,
  run: RunningWorkflow,
  { why, onto }: { readonly why: string; readonly onto: string },
): Promise<void> {
  const { client } = options
  const message = `${why}; a new run is started on task queue ${onto}`
  await client.terminate(run, `capi-vip-allocator: ${message}`)
  const logged = `Terminated a run that nobody works on: ${message}`
  publish(options, { news: 'replaced', cluster, message }, run, logged)
  await client.send(cluster, start)
}

function signalFor(start: WorkflowRequest, reason: string): WorkflowRequest {
  return 'deleted' in start
    ? { action: 'signal-release', deleted: start.deleted, reason }
    : { action: 'signal', reason }
}

function publish(
  { log, onNews }: RunCheckerOptions,
  news: RunNews,
  { workflowId, runId, taskQueue }: StrayRun | RunningWorkflow,
  logged: string,
): void {
  log.warn(logged, { cluster: formatKey(news.cluster), workflowId, runId, taskQueue })
  onNews?.(news)
}
