import { activityInfo } from '@temporalio/activity'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import type { AssignVipInput, StepInput } from '../domain/allocation/steps.ts'
import type { Cluster } from '../domain/model/cluster.ts'
import { formatKey, type NamespacedName } from '../domain/model/object-meta.ts'
import type { Reason } from '../domain/reason.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import { isKubernetesError, StaleCacheError } from '../kubernetes/errors.ts'
import { FastPathAbandoned, isWait, translatingFailures, whileWatched } from './failures.ts'
import { publishOutcome, type PublishPorts } from './publish-condition.ts'
import { sendSignal, signalWait, type SignalPorts } from './signal-workflow.ts'
import {
  makesProgress,
  outcomeOf,
  outcomeOfFailure,
  type StepOutcome,
  type StepReading,
  type StepResult,
} from './step-outcome.ts'

/** What every step needs. */
export interface StepPorts extends PublishPorts, SignalPorts {
  /** Reads from the API server. */
  readonly api: ClusterApi
  /** Reads from the informers of this process, or rejects with `StaleCacheError`; absent without informers. */
  readonly cachedApi?: ClusterApi | undefined
}

export interface Step {
  readonly name: string
  /** The reason if the API server's refusal of a request is final (invalid, forbidden). */
  readonly rejected: Reason
  /** On the fast path, a step that makes no progress is abandoned, and becomes a regular activity. */
  readonly isFastPath: boolean
}

/** `confirming`: the second run of an attempt, on live reads. */
export type RunKind = 'fast-path' | 'first' | 'confirming'

export type StepRun<R> = (api: ClusterApi, kind: RunKind) => Promise<R>

/**
 * Runs one attempt of a step and reports its outcome: to the Cluster by condition and event, to the run by a signal if it
 * has to wait, and to metrics. If the API server refuses the report of a success, the attempt fails and is repeated.
 *
 * @returns the result of the step. On the fast path, a result without progress is not reported, since the regular activity
 *   will find it again. Exception: a skipped duplicate address
 * @throws FastPathAbandoned if a step on the fast path has to wait or fails
 * @throws ApplicationFailure if a regular activity has to wait
 */
export async function runStep<R extends StepResult>(
  ports: StepPorts,
  step: Step,
  input: StepInput,
  run: StepRun<R>,
): Promise<R> {
  const started = performance.now()
  const { isFastPath } = step
  const { tracked, lastCluster } = trackLastCluster(input.cluster)
  const cached = ports.cachedApi && tracked(ports.cachedApi)
  const live = tracked(ports.api)
  const observe = (outcome: StepOutcome): void =>
    ports.observer.observeStep(
      readingOf(step, input, outcome, lastCluster(), (performance.now() - started) / 1000),
    )
  let done: StepOutcome | undefined
  try {
    const answer = await translatingFailures(step.rejected, async () => {
      const result = isFastPath
        ? await run(cached ?? live, 'fast-path')
        : await runFromCacheThenLive(cached, live, run)
      const outcome = outcomeOf(result)
      // Without informers the fast path decides on live reads too, and may have deleted a claim.
      const isForAnotherAttempt = !outcome.isDuplicate && !outcome.isRefused
      if (isFastPath && !makesProgress(result) && isForAnotherAttempt) return result
      done = outcome
      if (outcome.isDuplicate) await sendSignal(ports, input, outcome, true)
      await publishOutcome(ports, lastCluster(), input, outcome)
      return result
    })
    if (done !== undefined) observe(done)
    return answer
  } catch (failure) {
    // Somebody woke the run, or the Worker stops: that is no outcome.
    if (failure instanceof CancelledFailure) throw failure
    if (isFastPath) {
      if (done !== undefined) observe(done)
      throw new FastPathAbandoned(failure)
    }
    const outcome = outcomeOfFailure(failure)
    // If only the report failed, the next attempt finds the work done, so this one has to count it.
    const { isAllocated, isDuplicate, isRefused } = done ?? outcome
    observe({ ...outcome, isAllocated, isDuplicate, isRefused })
    // If this report fails, the next attempt repeats it.
    await publishOutcome(ports, lastCluster(), input, outcome).catch(() => undefined)
    await signalWait(ports, input, outcome)
    throw failure
  }
}

/**
 * Runs the step on cached reads, and again on live reads unless it made progress, since the cache may be stale. A wait that
 * goes on is not confirmed live: a change that ends it wakes the run, whose next attempt may be far off then.
 */
async function runFromCacheThenLive<R extends StepResult>(
  cached: ClusterApi | undefined,
  live: ClusterApi,
  run: StepRun<R>,
): Promise<R> {
  if (cached === undefined) return run(live, 'first')
  try {
    const result = await run(cached, 'first')
    if (makesProgress(result)) return result
  } catch (error) {
    if (isWait(error) && activityInfo().attempt > 1) throw whileWatched(error)
    if (!isWait(error) && !mayBeStale(error)) throw error
  }
  return run(live, 'confirming')
}

/** The API server refused a decision on cached reads, or a person would have to act on it. */
function mayBeStale(error: unknown): boolean {
  return (
    error instanceof StaleCacheError ||
    error instanceof ApplicationFailure ||
    isKubernetesError(error, 'conflict', 'alreadyExists', 'notFound')
  )
}

/** Tracks the Cluster as it was last read or written through any of the APIs given to `tracked`. */
function trackLastCluster(key: NamespacedName): {
  readonly tracked: (api: ClusterApi) => ClusterApi
  readonly lastCluster: () => Cluster | undefined
} {
  let last: Cluster | undefined
  const tracking =
    (get: ClusterApi['getCluster']): ClusterApi['getCluster'] =>
    async (requested) => {
      const cluster = await get(requested)
      if (formatKey(requested) === formatKey(key)) last = cluster
      return cluster
    }
  return {
    tracked: (api) => ({
      ...api,
      getCluster: tracking((requested) => api.getCluster(requested)),
      getClusterLive: tracking((requested) => api.getClusterLive(requested)),
      async patchCluster(cluster, patch) {
        last = await api.patchCluster(cluster, patch)
        return last
      },
    }),
    lastCluster: () => last,
  }
}

function readingOf(
  step: Step,
  input: StepInput & Pick<AssignVipInput, 'startedAt'>,
  { result, reason, isDuplicate, isRefused, isAllocated }: StepOutcome,
  cluster: Cluster | undefined,
  seconds: number,
): StepReading {
  const { role, startedAt } = input
  const clusterClass = cluster?.topology?.clusterClass.name ?? ''
  const reading = { step: step.name, role, clusterClass, result, reason, isDuplicate, isRefused, seconds }
  if (!isAllocated || cluster === undefined) return reading
  const now = Date.now()
  return {
    ...reading,
    allocated: {
      sinceCreationSeconds: (now - Date.parse(cluster.creationTimestamp)) / 1000,
      ...(startedAt !== undefined && { sinceStartSeconds: (now - startedAt) / 1000 }),
    },
  }
}
