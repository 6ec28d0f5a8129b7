import {
  describeOtherManagementCluster,
  identifyingNamespace,
  isForeign,
  separateManagementClusters,
  type Installation,
} from './management-cluster.ts'
import { few, quoted } from './quote.ts'

/** A poller of a task queue. The server keeps it for some minutes. */
export interface Poller {
  readonly identity: string
  /** Of the program or deployment, if the Worker reports it. */
  readonly build: string | undefined
  /** Milliseconds since 1970, by the server's clock; undefined if it is not reported. */
  readonly lastPollAt: number | undefined
}

/** A running workflow as Temporal describes it, by our clock. */
export interface RunningWorkflow {
  readonly workflowId: string
  readonly runId: string
  readonly taskQueue: string
  /** The uid of the management cluster that started it; absent if a person did, or if the uid could not be read. */
  readonly managementClusterUid?: string | undefined
  /** Those that poll the task queue for workflow tasks; not requested for our own. */
  readonly pollers: readonly Poller[]
  /** Attempts of the pending workflow task, a scheduled one included; 0 if there is none. */
  readonly workflowTaskAttempt: number
  /** Milliseconds for which a workflow task or an activity has been waiting for a Worker; undefined if none is. */
  readonly readyForMs: number | undefined
  /** Nothing is under way or ready: an activity has failed in order to wait, and is retried later. */
  readonly isWaiting: boolean
  /** Milliseconds since 1970: the first workflow task comes then. Later than the start by a start delay or a cron schedule. */
  readonly beginsAt: number | undefined
}

/** The diagnosis of a run that exists although a Cluster still needs one. */
export type RunVerdict =
  /** On our task queue, and waits for a retry. */
  | { readonly verdict: 'at-work' }
  /** Something is under way, or about to be. */
  | { readonly verdict: 'unclear' }
  /** On another task queue, and no Worker takes its tasks. */
  | { readonly verdict: 'abandoned'; readonly message: string }
  /** On our task queue, and a start delay or a cron schedule holds it back. */
  | { readonly verdict: 'delayed'; readonly message: string }
  /** On another task queue, and its Workers take its tasks. */
  | { readonly verdict: 'elsewhere'; readonly message: string }
  /** On our task queue, and its workflow task keeps failing. */
  | { readonly verdict: 'failing'; readonly message: string }
  /** Of another management cluster, whatever its task queue: it is not ours to signal or to terminate. */
  | { readonly verdict: 'foreign'; readonly message: string }

/** A poll takes a minute at most, and the next one follows at once. */
const silentAfterMs = 120_000

/** A Worker that polls takes a task within milliseconds; one under load, within a second or two. */
const takenWithinMs = 4_000

/** The second attempt of a workflow task may only mean that a Worker died. */
const failingFrom = 3

/** @param now milliseconds since 1970 */
export function diagnoseRun(run: RunningWorkflow, ours: Installation, now: number): RunVerdict {
  const { taskQueue, workflowTaskAttempt: attempt, readyForMs = 0 } = run
  if (isForeign(run.managementClusterUid, ours.managementClusterUid)) {
    return { verdict: 'foreign', message: describeForeignRun(run, ours) }
  }
  if (taskQueue !== ours.taskQueue) {
    return protectUnknown(run, ours, diagnoseElsewhere(run, ours.taskQueue, now))
  }
  const delayed = diagnoseDelayed(run, now)
  if (delayed !== undefined) return protectUnknown(run, ours, delayed)
  if (attempt >= failingFrom) {
    const message = `the workflow task of ${named(run)} fails again and again (attempt ${attempt}); ${howToEnd(run)}, and the next look starts a new one`
    return { verdict: 'failing', message }
  }
  return run.isWaiting && readyForMs < takenWithinMs ? { verdict: 'at-work' } : { verdict: 'unclear' }
}

/** Says of a run of another management cluster what a person can do. */
export function describeForeignRun(run: RunningWorkflow, ours: Installation): string {
  const { managementClusterUid: theirs = '' } = run
  const found = describeOtherManagementCluster(named(run), theirs, ours.managementClusterUid ?? '')
  return `${found}, and it is left alone; ${separateManagementClusters}; if that management cluster is gone for good, ${howToEnd(run)}`
}

/** An installation that does not know its own management cluster terminates no run that names one. */
function protectUnknown(
  run: RunningWorkflow,
  { managementClusterUid: ours }: Installation,
  diagnosed: RunVerdict,
): RunVerdict {
  const { managementClusterUid: theirs } = run
  const isReplaced = diagnosed.verdict === 'abandoned' || diagnosed.verdict === 'delayed'
  if (!isReplaced || theirs === undefined || ours !== undefined) return diagnosed
  const message = `${diagnosed.message}; it is of the management cluster whose namespace ${identifyingNamespace} has uid ${theirs}, and it is not known here whether that is this one, so it is left alone; ${howToEnd(run)}`
  return { verdict: 'foreign', message }
}

/** No signal gets such a run to begin earlier. */
function diagnoseDelayed(run: RunningWorkflow, now: number): RunVerdict | undefined {
  const { beginsAt = now } = run
  if (beginsAt - now < takenWithinMs) return undefined
  const message = `${named(run)} does not begin before ${new Date(beginsAt).toISOString()}, by its start delay or cron schedule`
  return { verdict: 'delayed', message }
}

function diagnoseElsewhere(run: RunningWorkflow, ours: string, now: number): RunVerdict {
  const where = `${named(run)} is on task queue ${quoted(run.taskQueue)}, not ${quoted(ours)}`
  const polling = run.pollers.filter((poller) => isPolling(poller, now))
  if (polling.length === 0) {
    return { verdict: 'abandoned', message: `${where}, and nobody polls that task queue` }
  }
  const identities = few([...new Set(polling.map(({ identity }) => identity))].toSorted())
  const { readyForMs } = run
  if (readyForMs !== undefined && readyForMs >= takenWithinMs) {
    const seconds = Math.round(readyForMs / 1000)
    return {
      verdict: 'abandoned',
      message: `${where}, and no Worker has taken its task for ${seconds} s (${identities} polled last)`,
    }
  }
  if (readyForMs !== undefined) return { verdict: 'unclear' }
  const message = `${where}, which ${identities} polls: two installations serve the same Clusters; give both the same --task-queue, or other Clusters by --namespace or --watch-filter, or take one down`
  return { verdict: 'elsewhere', message }
}

function named({ workflowId, runId }: RunningWorkflow): string {
  return `run ${runId} of ${workflowId}`
}

function howToEnd({ workflowId }: RunningWorkflow): string {
  return `look at its history, and end it by: temporal workflow terminate --workflow-id ${workflowId}`
}

/** Whether a poller is still active. */
export function isPolling({ lastPollAt }: Poller, now: number): boolean {
  return lastPollAt === undefined || now - lastPollAt <= silentAfterMs
}
