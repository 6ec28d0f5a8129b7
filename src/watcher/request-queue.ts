import { formatKey, type NamespacedName } from '../domain/model/object-meta.ts'
import type { Log } from '../observability/log.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { Outage } from '../observability/outage.ts'
import type { TracedRequest, Tracing } from '../observability/tracing.ts'
import {
  createRunChecker,
  firstCheck,
  mergeChecks,
  runToCheck,
  type PendingCheck,
  type RunCheck,
  type RunCheckerOptions,
  type StrayRun,
} from './run-check.ts'
import { createWorkQueue, type RateLimits } from './work-queue.ts'
import { RefusedError } from './workflow-client.ts'
import { isConditional, mergeRequests, workflowIdOf, type WorkflowRequest } from './workflow-request.ts'

/**
 * Whether a Cluster needs a run, asked when a request for it is about to be sent, which may be much later. Pass the same
 * function each time: it is kept once.
 */
export type NeedsRun = (cluster: NamespacedName) => boolean

/** Brings requests to Temporal: one at a time for a run, a bounded number at once, each until it arrives. */
export interface RequestQueue {
  /**
   * Adds a request. One about the same run that has not been sent yet is merged with it. Never throws.
   *
   * @param needsRun of a start; a signal, or the release of a deleted Cluster, is sent in any case
   */
  add(cluster: NamespacedName, request: WorkflowRequest, needsRun: NeedsRun): void
  /** Checks the run of a Cluster later, as after a start: it is on another task queue. */
  checkLater(cluster: NamespacedName, needsRun: NeedsRun): void
  /** The last failure to reach Temporal; undefined if it has answered since. */
  readonly lastError: () => string | undefined
  /** Runs that are needed here and that only a person can get further. */
  readonly strays: () => readonly StrayRun[]
}

export interface RequestQueueOptions {
  readonly client: RunCheckerOptions['client']
  readonly log: Pick<Log, 'debug' | 'warn'>
  /** Notified of every answer of Temporal and of every failure to reach it. */
  readonly outage: Pick<Outage, 'failed' | 'answered'>
  readonly signal: AbortSignal
  /** Wraps all attempts of one request. */
  readonly around?: Tracing['aroundRequest']
  /** Notified of every attempt. */
  readonly onOutcome?: Metrics['countWorkflowRequest']
  /** Notified of a run that was replaced, or that only a person can get further. */
  readonly onRunNews?: RunCheckerOptions['onNews']
  readonly limits?: Partial<RequestLimits>
}

export interface RequestLimits extends RateLimits {
  /** Milliseconds after which a requested run is checked if it is still needed: first, and at most. */
  readonly checkAfterMs: readonly [first: number, most: number]
}

const defaultLimits: RequestLimits = {
  concurrency: 30,
  // Temporal refuses a second run of one id within a second.
  coolDownMs: 1_100,
  // Most Clusters have their VIP by then. Two checks show that nobody works on a run.
  checkAfterMs: [15_000, 300_000],
  backoffMs: [500, 30_000],
}

/** A request, or a check of the run that it was about. */
interface Item {
  readonly cluster: NamespacedName
  /** Empty if it is sent in any case. */
  readonly needs: ReadonlySet<NeedsRun>
  readonly task: Task
}

type Task = { readonly request: WorkflowRequest } | { readonly check: PendingCheck }

/** Starts to send requests; ends with `options.signal`. */
export function createRequestQueue(options: RequestQueueOptions): RequestQueue {
  const { client, log, outage, signal, around = (_, attempts) => attempts(), onOutcome } = options
  const limits = { ...defaultLimits, ...options.limits }
  const checker = createRunChecker({ client, log, onNews: options.onRunNews ?? (() => undefined) })
  let lastError: string | undefined

  const checkLater = (item: Omit<Item, 'task'>, check: PendingCheck | undefined): void => {
    if (check === undefined) return
    const [first, most] = limits.checkAfterMs
    const key = `check ${workflowIdOf(item.cluster, check.run.start)}`
    queue.addAfter(key, { ...item, task: { check } }, Math.min(first * 2 ** check.unhurried, most))
  }

  const perform = async (item: Item): Promise<RunCheck['outcome']> => {
    if ('check' in item.task) {
      const { outcome, next } = await checker.check(item.task.check)
      checkLater(item, next)
      return outcome
    }
    const { request } = item.task
    const outcome = await client.send(item.cluster, request)
    const run = runToCheck(item.cluster, request, outcome)
    checkLater(item, run && firstCheck(run, request.action === 'signal-with-start'))
    return outcome
  }

  const queue = createWorkQueue<Item>({
    async process(item, retryInMs) {
      try {
        const outcome = await perform(item)
        onOutcome?.(outcome)
        outage.answered()
        lastError = undefined
        return true
      } catch (failure) {
        lastError = reportFailure(options, failure, { ...traced(item), retryInMs }) ?? lastError
        return false
      }
    },
    around: (item, attempts) => around(traced(item), attempts),
    merge,
    isNeeded: ({ cluster, needs }) => needs.size === 0 || [...needs].some((needsRun) => needsRun(cluster)),
    onDropped: ({ task }) => 'check' in task && checker.forget(task.check.run),
    limits,
    signal,
  })

  return {
    add(cluster, request, needsRun) {
      const needs = new Set(isConditional(request) ? [needsRun] : [])
      queue.add(workflowIdOf(cluster, request), { cluster, needs, task: { request } })
    },
    checkLater(cluster, needsRun) {
      const run = runToCheck(cluster, startedElsewhere, 'already-started')
      checkLater({ cluster, needs: new Set([needsRun]) }, run && firstCheck(run, false))
    },
    lastError: () => lastError,
    strays: checker.strays,
  }
}

const startedElsewhere: WorkflowRequest = { action: 'start', reason: 'its run is on another task queue' }

/** @returns the failure in words if Temporal is away */
function reportFailure(
  { log, outage, onOutcome }: RequestQueueOptions,
  failure: unknown,
  fields: TracedRequest & { readonly retryInMs: number },
): string | undefined {
  const error = failure instanceof Error ? failure.message : String(failure)
  onOutcome?.('failed')
  if (failure instanceof RefusedError) {
    outage.answered()
    log.warn('Temporal refuses a request; trying again', { ...fields, error })
    return undefined
  }
  outage.failed(error)
  log.debug('Temporal did not take a request; trying again', { ...fields, error })
  return error
}

/** Merges two items of one key, which are two requests about one run, or two checks of it. */
function merge(earlier: Item, later: Item): Item {
  const needs = new Set([...earlier.needs, ...later.needs])
  return { cluster: later.cluster, needs, task: mergeTasks(earlier.task, later.task) }
}

function mergeTasks(earlier: Task, later: Task): Task {
  if ('check' in earlier) return 'check' in later ? { check: mergeChecks(earlier.check, later.check) } : later
  return 'request' in later ? { request: mergeRequests(earlier.request, later.request) } : later
}

/** A `reason` in a log line is that of a condition. */
function traced({ cluster, task }: Item): TracedRequest {
  return 'check' in task
    ? { cluster: formatKey(cluster), action: 'check', because: 'still needed' }
    : { cluster: formatKey(cluster), action: task.request.action, because: task.request.reason }
}
