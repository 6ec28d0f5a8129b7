import { WorkflowNotFoundError } from '@temporalio/client'
import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'
import { judgeRun, type RunVerdict } from '../../domain/workflow-run.ts'
import { describeRun } from '../../watcher/describe-run.ts'
import { statusQuery, workflowIdFor, type AllocationStatus } from '../../workflows/contract.ts'
import { inParallel } from '../../domain/in-parallel.ts'
import { describeError } from '../temporal/config.ts'
import { pendingActivitiesIn, type PendingActivity } from '../temporal/pending-activities.ts'
import { TemporalUnreachableError, type TemporalClient } from '../temporal/with-temporal.ts'

/** The latest run of a Cluster's workflow id. */
export interface WorkflowRun {
  readonly id: string
  /** Temporal's word in small letters, such as `running`, `completed`, `timed-out`; `none` if there is no run. */
  readonly state: string
}

/** The details of a run, as Temporal has them. */
export interface WorkflowRunDetails extends WorkflowRun {
  readonly runId?: string
  /** RFC 3339. */
  readonly started?: string
  readonly closed?: string
  readonly taskQueue?: string
  /** Why the run makes no progress here. */
  readonly problem?: RunProblem
  readonly pendingActivities: readonly PendingActivity[]
  /** The run's own answer; absent if no Worker answers the query. */
  readonly status?: AllocationStatus
  /** Why something is missing. */
  readonly trouble?: string
}

export type RunProblem = Extract<RunVerdict, { readonly message: string }>

/** Looks up runs by their ids. If Temporal does not answer, their state is `unreachable`. */
export interface WorkflowRuns {
  /** @returns the runs by `namespace/name` */
  of(clusters: readonly NamespacedName[]): Promise<ReadonlyMap<string, WorkflowRun>>
  detailsOf(cluster: NamespacedName): Promise<WorkflowRunDetails>
  /** Why Temporal did not answer the last call. */
  trouble(): string | undefined
}

const unreachable = 'unreachable'
/** Requests at once. */
const concurrency = 10
/** Milliseconds before an unreachable Temporal is called again: every call would take as long as the first. */
const restMs = 10_000

/** @param ours the task queue of the allocator */
export function createWorkflowRuns(temporal: TemporalClient, ours: string, now = Date.now): WorkflowRuns {
  const breaker = createBreaker(temporal, now)
  const { workflow } = temporal.client

  const stateOf = async (cluster: NamespacedName): Promise<WorkflowRun> => {
    const id = workflowIdFor(cluster)
    const run = await orNone(breaker.call(() => workflow.getHandle(id).describe()))
    if (run === 'none') return { id, state: run }
    return { id, state: run === undefined ? unreachable : wordFor(run.status.name) }
  }

  const detailsOf = async (cluster: NamespacedName): Promise<WorkflowRunDetails> => {
    const id = workflowIdFor(cluster)
    const handle = workflow.getHandle(id)
    const run = await orNone(breaker.call(() => handle.describe()))
    if (run === 'none') return { id, state: run, pendingActivities: [] }
    if (run === undefined) {
      const trouble = breaker.failure()
      return { id, state: unreachable, pendingActivities: [], ...(trouble !== undefined && { trouble }) }
    }
    const [answer, running] = await Promise.all([
      answerOf(() => temporal.bounded(() => handle.query<AllocationStatus>(statusQuery))),
      breaker.call(() => describeRun(temporal.client, id, ours)),
    ])
    const verdict = running && judgeRun(running, ours, now())
    return {
      id,
      state: wordFor(run.status.name),
      runId: run.runId,
      started: run.startTime.toISOString(),
      ...(run.closeTime !== undefined && { closed: run.closeTime.toISOString() }),
      taskQueue: run.taskQueue,
      ...(verdict !== undefined && 'message' in verdict && { problem: verdict }),
      pendingActivities: pendingActivitiesIn(run.raw),
      ...answer,
    }
  }

  return {
    of: async (clusters) =>
      new Map(
        await inParallel(concurrency, clusters, async (cluster) => {
          return [formatKey(cluster), await stateOf(cluster)] as const
        }),
      ),
    detailsOf,
    trouble: breaker.failure,
  }
}

/** A circuit breaker: after a failed call, calls are skipped for a while. */
interface Breaker {
  /**
   * @returns undefined if the call failed or was skipped
   * @throws WorkflowNotFoundError
   */
  call<T>(call: () => Promise<T>): Promise<T | undefined>
  /** The message of the last call, if that failed. */
  readonly failure: () => string | undefined
}

function createBreaker(temporal: TemporalClient, now: () => number): Breaker {
  let failure: { readonly at: number; readonly message: string } | undefined
  return {
    async call(call) {
      if (failure !== undefined && now() - failure.at < restMs) return undefined
      try {
        const answer = await temporal.bounded(call)
        failure = undefined
        return answer
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) throw error
        failure = { at: now(), message: describeError(error) }
        return undefined
      }
    },
    failure: () => failure?.message,
  }
}

/** A query fails unless a Worker answers it in time; all other details are shown without it. */
async function answerOf(
  ask: () => Promise<AllocationStatus>,
): Promise<Pick<WorkflowRunDetails, 'status' | 'trouble'>> {
  try {
    return { status: await ask() }
  } catch (error) {
    const why = error instanceof TemporalUnreachableError ? 'none polls' : describeError(error)
    return { trouble: `no Worker answered the query ${statusQuery}: ${why}` }
  }
}

async function orNone<T>(answer: Promise<T>): Promise<T | 'none'> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 'none'
    throw error
  }
}

function wordFor(name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}
