import { WorkflowNotFoundError } from '@temporalio/client'
import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'
import { judgeRun, type RunVerdict } from '../../domain/workflow-run.ts'
import { describeRun } from '../../watcher/describe-run.ts'
import { statusQuery, workflowIdFor, type AllocationStatus } from '../../workflows/contract.ts'
import { inParallel } from '../in-parallel.ts'
import { pendingActivitiesIn, type PendingActivity } from '../temporal/pending-activities.ts'
import { TemporalUnreachableError, type TemporalClient } from '../temporal/with-temporal.ts'
import { describeError } from '../temporal/config.ts'

/** The latest run of a Cluster's workflow id. */
export interface WorkflowRun {
  readonly id: string
  /** Temporal's word in small letters, such as `running`, `completed`, `timed-out`; `none` where there is no run. */
  readonly state: string
}

/** All that Temporal says of a run. */
export interface WorkflowRunDetails extends WorkflowRun {
  readonly runId?: string
  /** RFC 3339. */
  readonly started?: string
  readonly closed?: string
  readonly taskQueue?: string
  /** What is the matter with a run that does not get further here. */
  readonly problem?: RunProblem
  readonly pendingActivities: readonly PendingActivity[]
  /** What the run itself answers; absent where no Worker does. */
  readonly status?: AllocationStatus
  /** Why something is missing here. */
  readonly trouble?: string
}

export type RunProblem = Extract<RunVerdict, { readonly message: string }>

/** Asks Temporal about runs by their ids. Where it does not answer, the state is `unreachable`. */
export interface WorkflowRuns {
  /** @returns the runs by `namespace/name` */
  of(clusters: readonly NamespacedName[]): Promise<ReadonlyMap<string, WorkflowRun>>
  detailsOf(cluster: NamespacedName): Promise<WorkflowRunDetails>
  /** Why Temporal did not answer the last time. */
  trouble(): string | undefined
}

const unreachable = 'unreachable'
/** Requests at once. */
const concurrency = 10
/** Milliseconds for which a Temporal that did not answer is not asked again: each question would take as long as the first. */
const restMs = 10_000

/** @param ours the task queue of the allocator */
export function createWorkflowRuns(temporal: TemporalClient, ours: string, now = Date.now): WorkflowRuns {
  const { workflow } = temporal.client
  let failure: { readonly at: number; readonly message: string } | undefined

  const asked = async <T>(call: () => Promise<T>): Promise<T | undefined> => {
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
  }

  const stateOf = async (cluster: NamespacedName): Promise<WorkflowRun> => {
    const id = workflowIdFor(cluster)
    const state = await orNone(asked(() => workflow.getHandle(id).describe()))
    if (state === 'none') return { id, state }
    return { id, state: state === undefined ? unreachable : wordFor(state.status.name) }
  }

  const problemOf = async (id: string): Promise<RunProblem | undefined> => {
    const running = await asked(() => describeRun(temporal.client, id, ours))
    const judgment = running && judgeRun(running, ours, now())
    return judgment !== undefined && 'message' in judgment ? judgment : undefined
  }

  const detailsOf = async (cluster: NamespacedName): Promise<WorkflowRunDetails> => {
    const id = workflowIdFor(cluster)
    const handle = workflow.getHandle(id)
    const run = await orNone(asked(() => handle.describe()))
    if (run === 'none') return { id, state: run, pendingActivities: [] }
    if (run === undefined) {
      return { id, state: unreachable, pendingActivities: [], ...(failure && { trouble: failure.message }) }
    }
    const [answer, problem] = await Promise.all([
      answerOf(() => temporal.bounded(() => handle.query<AllocationStatus>(statusQuery))),
      problemOf(id),
    ])
    return {
      id,
      state: wordFor(run.status.name),
      runId: run.runId,
      started: run.startTime.toISOString(),
      ...(run.closeTime !== undefined && { closed: run.closeTime.toISOString() }),
      taskQueue: run.taskQueue,
      ...(problem !== undefined && { problem }),
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
    trouble: () => failure?.message,
  }
}

/** A query needs a Worker, and Temporal waits for one; the rest is shown without it. */
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
