import type { WorkflowExecutionDescription } from '@temporalio/client'
import { inParallel } from '../../domain/in-parallel.ts'
import type { Installation } from '../../domain/management-cluster.ts'
import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'
import { diagnoseRun, type RunVerdict } from '../../domain/workflow-run.ts'
import { describeRun, unlessNotFound } from '../../watcher/describe-run.ts'
import { statusQuery, workflowIdFor, type AllocationStatus } from '../../workflows/contract.ts'
import { describeError } from '../temporal/config.ts'
import { pendingActivitiesIn, type PendingActivity } from '../temporal/pending-activities.ts'
import { TemporalUnreachableError, type TemporalClient } from '../temporal/with-temporal.ts'

/** The latest run of a Cluster's workflow id. */
export interface WorkflowRun {
  readonly id: string
  /**
   * Temporal's word in small letters, such as `running`, `completed`, `timed-out`; `none` if there is no run, and
   * `unreachable` if Temporal does not answer.
   */
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
  readonly problem?: Extract<RunVerdict, { readonly message: string }>
  readonly pendingActivities: readonly PendingActivity[]
  /** The run's own answer; absent if no Worker answers the query. */
  readonly status?: AllocationStatus
  /** Why something is missing. */
  readonly trouble?: string
}

export interface WorkflowRuns {
  /** @returns the runs by `namespace/name` */
  of(clusters: readonly NamespacedName[]): Promise<ReadonlyMap<string, WorkflowRun>>
  detailsOf(cluster: NamespacedName): Promise<WorkflowRunDetails>
  /** Why Temporal did not answer the last call. */
  trouble(): string | undefined
}

/** Requests at once. */
const concurrency = 10
/** Milliseconds before an unreachable Temporal is called again: every call would take as long as the first. */
const restMs = 10_000

export function createWorkflowRuns(temporal: TemporalClient, ours: Installation): WorkflowRuns {
  const { client, bounded } = temporal
  const { call, trouble } = createBreaker(temporal)
  const idOf = (cluster: NamespacedName): string => workflowIdFor(cluster, ours.managementCluster)
  const latest = async (id: string): Promise<LatestRun> =>
    call(async () => (await unlessNotFound(client.workflow.getHandle(id).describe())) ?? 'none')

  const detailsOf = async (cluster: NamespacedName): Promise<WorkflowRunDetails> => {
    const id = idOf(cluster)
    const run = await latest(id)
    const state = stateIn(run)
    if (run === undefined || run === 'none') {
      const why = run === undefined ? trouble() : undefined
      return { id, state, pendingActivities: [], ...(why !== undefined && { trouble: why }) }
    }
    const handle = client.workflow.getHandle(id)
    const [answer, running] = await Promise.all([
      answerOf(bounded(() => handle.query<AllocationStatus>(statusQuery))),
      call(() => describeRun(client, id, ours.taskQueue)),
    ])
    const verdict = running && diagnoseRun(running, ours, Date.now())
    return {
      id,
      state,
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
          const id = idOf(cluster)
          return [formatKey(cluster), { id, state: stateIn(await latest(id)) }] as const
        }),
      ),
    detailsOf,
    trouble,
  }
}

/** Undefined if Temporal does not answer. */
type LatestRun = WorkflowExecutionDescription | 'none' | undefined

function stateIn(run: LatestRun): string {
  if (run === undefined) return 'unreachable'
  return run === 'none' ? run : run.status.name.toLowerCase().replaceAll('_', '-')
}

/** A circuit breaker: after a failed call, calls are skipped for a while. */
function createBreaker({ bounded }: TemporalClient) {
  let failure: { readonly at: number; readonly message: string } | undefined
  return {
    /** @returns undefined if the call failed or was skipped */
    call: async <T>(call: () => Promise<T>): Promise<T | undefined> => {
      if (failure !== undefined && Date.now() - failure.at < restMs) return undefined
      try {
        const answer = await bounded(call)
        failure = undefined
        return answer
      } catch (error) {
        failure = { at: Date.now(), message: describeError(error) }
        return undefined
      }
    },
    /** The message of the last call, if that failed. */
    trouble: () => failure?.message,
  }
}

/** A query fails unless a Worker answers it in time; all other details are shown without it. */
async function answerOf(
  query: Promise<AllocationStatus>,
): Promise<Pick<WorkflowRunDetails, 'status' | 'trouble'>> {
  try {
    return { status: await query }
  } catch (error) {
    const why = error instanceof TemporalUnreachableError ? 'none polls' : describeError(error)
    return { trouble: `no Worker answered the query ${statusQuery}: ${why}` }
  }
}
