import type { AssignVipInput, StepInput } from '../domain/allocation/steps.ts'
import { activityInfo } from '@temporalio/activity'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import type { Cluster } from '../domain/model/cluster.ts'
import { formatKey, type NamespacedName } from '../domain/model/object-meta.ts'
import type { Reason } from '../domain/reason.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import { isKubernetesError, StaleCacheError } from '../kubernetes/errors.ts'
import { isWait, FastPathAbandoned, translatingFailures } from './failures.ts'
import type { ConditionUpdate } from '../domain/allocation/vip-condition.ts'
import {
  recordConditionEvent,
  publishCondition,
  signalSkippedAddress,
  signalWait,
  type Reporting,
  type StepReading,
} from './reporting.ts'
import { outcomeOf, outcomeOfFailure, type StepOutcome, type StepResult } from './step-outcome.ts'

/** What every step goes through. */
export interface StepPorts extends Reporting {
  /** Reads from the API server. */
  readonly api: ClusterApi
  /** Reads from the informers of this process, or rejects with `StaleCacheError`; absent without informers. */
  readonly cachedApi?: ClusterApi | undefined
}

export interface Step {
  readonly name: string
  /** The reason to show where the server's answer to a request of this step is final (invalid, forbidden). */
  readonly rejected: Reason
  readonly pace: Pace
}

/** `at-once`: what does not get on is given up, and becomes an activity of its own, which is `patient`. */
export type Pace = 'at-once' | 'patient'

/** Of a patient step, `second`: what the step waits for has been waited for already. */
export type Look = 'at-once' | 'first' | 'second'

export type StepRun<R> = (api: ClusterApi, look: Look) => Promise<R>

/**
 * Runs one attempt of a step and reports its outcome: to the Cluster by condition and event, to the run by a signal if it
 * has to wait, and to metrics. If the API server refuses the report of a success, the attempt fails and is repeated.
 *
 * @returns the result of the step. On the fast path, a result that makes no progress is not reported, since the step's own
 *   activity will find it again. Exception: an address skipped because it is a duplicate
 * @throws FastPathAbandoned if a step on the fast path has to wait or fails
 * @throws ApplicationFailure if a patient step has to wait
 */
export async function runStep<R extends StepResult>(
  ports: StepPorts,
  step: Step,
  input: StepInput,
  run: StepRun<R>,
): Promise<R> {
  const started = performance.now()
  const { tracked, lastCluster } = trackLastCluster(input.cluster)
  const cached = ports.cachedApi && tracked(ports.cachedApi)
  const live = tracked(ports.api)
  const observe = (ending: StepOutcome): void =>
    ports.observer.observeStep(readingOf(step, input, ending, lastCluster(), performance.now() - started))
  const tell = async ({ saying, isDuplicate }: StepOutcome): Promise<void> => {
    const cluster = lastCluster()
    if (cluster === undefined || saying === undefined) return
    await tellAnew(ports, cluster, input, saying).catch(async (error: unknown) => {
      if (!isDuplicate || !isKubernetesError(error)) throw error
      // The claim is given back, so the next attempt would not know that, and why: this one says it, and succeeds.
      await recordConditionEvent(ports, cluster, input, saying)
    })
  }
  const isAtOnce = step.pace === 'at-once'
  let done: StepOutcome | undefined
  try {
    const result = await translatingFailures(step.rejected, async () => {
      const answer = isAtOnce
        ? await run(cached ?? live, 'at-once')
        : await runFromCacheThenLive(cached, live, run)
      const ending = outcomeOf(answer)
      // Without informers the fast path decides on live reads too, and may have given the claim back.
      if (isAtOnce && !makesProgress(answer) && !ending.isDuplicate) return answer
      done = ending
      if (done.isDuplicate) await signalSkippedAddress(ports, input, done)
      await tell(done)
      return answer
    })
    if (done !== undefined) observe(done)
    return result
  } catch (failure) {
    // Somebody woke the run, or the Worker stops: that is no ending.
    if (failure instanceof CancelledFailure) throw failure
    if (isAtOnce) {
      if (done !== undefined) observe(done)
      throw new FastPathAbandoned(failure)
    }
    const ending = outcomeOfFailure(failure)
    // The next attempt finds done what this one did and could not tell: whoever counts hears of it now or never.
    observe({ ...ending, isAllocated: done?.isAllocated ?? false, isDuplicate: done?.isDuplicate ?? false })
    // What cannot be said now is said by the next attempt.
    await tell(ending).catch(() => undefined)
    await signalWait(ports, input, ending)
    throw failure
  }
}

/** Readings of a Cluster to say that it has its VIP. Cluster API core writes to it several times as soon as it has one. */
const mostReadings = 5

/**
 * Says it of the Cluster as it is by then, where somebody else has written to it: that it has its VIP stays true. That it
 * has none may have been overtaken, and is left to the next attempt.
 */
async function tellAnew(
  ports: StepPorts,
  cluster: Cluster,
  input: StepInput,
  saying: ConditionUpdate,
): Promise<void> {
  const isFact = saying.about === 'vip' && saying.isReady
  let present: Cluster | undefined = cluster
  for (let readings = 1; present?.uid === cluster.uid; readings += 1) {
    try {
      return await publishCondition(ports, present, input, saying)
    } catch (error) {
      if (!isFact || readings === mostReadings || !isKubernetesError(error, 'conflict')) throw error
    }
    present = await ports.api.getCluster(input.cluster)
  }
}

/**
 * Runs the step on cached reads, and again on live reads unless it made progress, since the cache may be stale. A wait that
 * goes on is not confirmed live: a change that ends it wakes the run.
 */
async function runFromCacheThenLive<R extends StepResult>(
  cached: ClusterApi | undefined,
  live: ClusterApi,
  run: StepRun<R>,
): Promise<R> {
  if (cached === undefined) return run(live, 'first')
  try {
    const answer = await run(cached, 'first')
    if (makesProgress(answer)) return answer
  } catch (error) {
    if (isWait(error) && activityInfo().attempt > 1) throw error
    if (!isWait(error) && !mayBeStale(error)) throw error
  }
  return run(live, 'second')
}

function makesProgress({ next }: StepResult): boolean {
  return next === 'claim' || next === 'await' || next === 'assign' || next === 'assigned'
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
    async (asked) => {
      const cluster = await get(asked)
      if (formatKey(asked) === formatKey(key)) last = cluster
      return cluster
    }
  return {
    tracked: (api) => ({
      ...api,
      getCluster: tracking((asked) => api.getCluster(asked)),
      getClusterLive: tracking((asked) => api.getClusterLive(asked)),
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
  ending: StepOutcome,
  cluster: Cluster | undefined,
  ms: number,
): StepReading {
  const { result, reason, isDuplicate, isAllocated } = ending
  return {
    step: step.name,
    role: input.role,
    clusterClass: cluster?.topology?.clusterClass.name ?? '',
    result,
    reason,
    seconds: ms / 1000,
    ...(isDuplicate && { duplicate: true }),
    ...(isAllocated && cluster !== undefined && { allocated: agesAt(Date.now(), input, cluster) }),
  }
}

function agesAt(
  now: number,
  { startedAt }: Pick<AssignVipInput, 'startedAt'>,
  { creationTimestamp }: Cluster,
): NonNullable<StepReading['allocated']> {
  return {
    sinceCreationSeconds: (now - Date.parse(creationTimestamp)) / 1000,
    ...(startedAt !== undefined && { sinceStartSeconds: (now - startedAt) / 1000 }),
  }
}
