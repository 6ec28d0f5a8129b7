import { doubledMs, type BackOff } from '../domain/back-off.ts'
import { formatKey, type NamespacedName } from '../domain/model/object-meta.ts'
import type { Log } from '../observability/log.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { Outage } from '../observability/outage.ts'
import type { TracedRequest, Tracing } from '../observability/tracing.ts'
import {
  checkAfter,
  createRunChecker,
  mergeChecks,
  type PendingCheck,
  type RunCheck,
  type RunCheckerOptions,
  type StrayRun,
} from './run-check.ts'
import { createWorkQueue, type RateLimits } from './work-queue.ts'
import { RefusedError, UnidentifiedError } from './workflow-client.ts'
import { isConditional, mergeRequests, workflowIdOf, type WorkflowRequest } from './workflow-request.ts'
import { messageOf } from '../domain/quote.ts'

/** Called when a request is about to be sent, which may be much later. Pass the same function each time: it is kept once. */
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

export interface RequestQueueOptions extends RunCheckerOptions {
  readonly log: Pick<Log, 'debug' | 'warn'>
  /** Notified of every answer of Temporal, and of every failure to reach it. */
  readonly outage: Pick<Outage, 'failed' | 'answered'>
  readonly signal: AbortSignal
  /** Wraps all attempts of one request. */
  readonly around?: Tracing['aroundRequest']
  /** Called after every attempt. */
  readonly onOutcome?: Metrics['countWorkflowRequest']
  readonly limits?: Partial<RequestLimits>
}

export interface RequestLimits extends RateLimits {
  /** Before the run of a request is checked if it is still needed; it doubles with every check that shows no trouble. */
  readonly checkDelay: BackOff
}

const defaultLimits: RequestLimits = {
  concurrency: 30,
  // Temporal refuses a second run of one id within a second.
  coolDownMs: 1_100,
  // Most Clusters have their VIP by then. Two checks show that nobody works on a run.
  checkDelay: { firstMs: 15_000, longestMs: 300_000 },
  backOff: { firstMs: 500, longestMs: 30_000 },
}

interface Item {
  readonly cluster: NamespacedName
  readonly request: WorkflowRequest
  /** Checks the run that was requested, instead of sending the request. */
  readonly check: PendingCheck | undefined
  /** Empty if it is processed in any case. */
  readonly needs: ReadonlySet<NeedsRun>
}

/** Starts to send requests; ends with `options.signal`. */
export function createRequestQueue(options: RequestQueueOptions): RequestQueue {
  const { client, outage, signal, around = (_, attempts) => attempts(), onOutcome } = options
  const limits = { ...defaultLimits, ...options.limits }
  const checker = createRunChecker(options)
  let lastError: string | undefined

  const checkLater = (item: Item, check: PendingCheck | undefined): void => {
    if (check === undefined) return
    const key = `check ${workflowIdOf(item.cluster, item.request)}`
    queue.addAfter(key, { ...item, check }, doubledMs(limits.checkDelay, check.unhurried))
  }

  const perform = async (item: Item): Promise<RunCheck['outcome']> => {
    const { cluster, request, check } = item
    if (check === undefined) {
      const outcome = await client.send(cluster, request)
      checkLater(item, checkAfter(cluster, request, outcome))
      return outcome
    }
    const { outcome, next } = await checker.check(check)
    checkLater(item, next)
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
    onDropped: ({ check }) => check && checker.forget(check),
    limits,
    signal,
  })

  return {
    add(cluster, request, needsRun) {
      const needs = new Set(isConditional(request) ? [needsRun] : [])
      queue.add(workflowIdOf(cluster, request), { cluster, request, check: undefined, needs })
    },
    checkLater(cluster, needsRun) {
      const request = { action: 'start', reason: 'its run is on another task queue' } as const
      const item = { cluster, request, check: undefined, needs: new Set([needsRun]) }
      checkLater(item, checkAfter(cluster, request, 'already-started'))
    },
    lastError: () => lastError,
    strays: checker.strays,
  }
}

/** @returns the failure in words, if no request can be sent now */
function reportFailure(
  { log, outage, onOutcome }: RequestQueueOptions,
  failure: unknown,
  fields: TracedRequest & { readonly retryInMs: number },
): string | undefined {
  const error = messageOf(failure)
  onOutcome?.('failed')
  if (failure instanceof RefusedError) {
    outage.answered()
    log.warn('Temporal refuses a request; trying again', { ...fields, error })
    return undefined
  }
  if (failure instanceof UnidentifiedError) {
    log.debug('Cannot send a request before the management cluster is identified; trying again', {
      ...fields,
      error,
    })
    return error
  }
  outage.failed(error)
  log.debug('Temporal did not take a request; trying again', { ...fields, error })
  return error
}

/** Merges two requests about one run, or two checks of it: their keys differ. */
function merge(earlier: Item, later: Item): Item {
  return {
    cluster: later.cluster,
    request: mergeRequests(earlier.request, later.request),
    check: earlier.check && later.check && mergeChecks(earlier.check, later.check),
    needs: new Set([...earlier.needs, ...later.needs]),
  }
}

/** The reason is `because` in logs, where `reason` is that of a condition. */
function traced({ cluster, request, check }: Item): TracedRequest {
  const { action, reason } = check === undefined ? request : { action: 'check', reason: 'still needed' }
  return { cluster: formatKey(cluster), action, because: reason }
}
