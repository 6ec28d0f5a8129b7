import { few, quoted } from './quote.ts'

/** Who polls a task queue, as the server remembers it for some minutes. */
export interface Poller {
  readonly identity: string
  /** Of the program or deployment, where the Worker says it. */
  readonly build: string | undefined
  /** Milliseconds since 1970, by the server's clock; undefined where it is not told. */
  readonly lastPollAt: number | undefined
}

/** A running workflow as Temporal describes it, by the clock of whoever asked. */
export interface RunningWorkflow {
  readonly workflowId: string
  readonly runId: string
  readonly taskQueue: string
  /** Who polls that task queue for workflow tasks, as the server remembers it for some minutes; not asked of our own. */
  readonly pollers: readonly Poller[]
  /** Times that the pending workflow task was begun or waits to be begun; 0 where there is none. */
  readonly workflowTaskAttempt: number
  /** Milliseconds for which a workflow task or an activity has been ready and no Worker has begun it; undefined for none. */
  readonly readyForMs: number | undefined
  /** Nothing is under way or ready: an activity has failed, as it does to wait, and is tried again later. */
  readonly isWaiting: boolean
}

/** What is to be made of a run that was met where one of our own was needed. */
export type RunVerdict =
  /** On our task queue, and it waits to look again. */
  | { readonly verdict: 'at-work' }
  /** Something is under way, or about to be. */
  | { readonly verdict: 'unclear' }
  /** On another task queue, and no Worker takes its tasks: it never gets further. */
  | { readonly verdict: 'abandoned'; readonly message: string }
  /** On another task queue, whose Workers take its tasks. */
  | { readonly verdict: 'elsewhere'; readonly message: string }
  /** On our task queue, and its workflow task fails again and again. */
  | { readonly verdict: 'failing'; readonly message: string }

/** A poll waits for a minute at most, and the next one begins at once. */
const silentAfterMs = 120_000

/** A Worker that polls takes a task within milliseconds; one under load, within a second or two. */
const takenWithinMs = 4_000

/** A workflow task that a Worker lost with its life is tried a second time. */
const failingFrom = 3

/**
 * Judges a run by what Temporal says of it.
 *
 * @param ours the task queue of this installation
 * @param now milliseconds since 1970
 */
export function judgeRun(run: RunningWorkflow, ours: string, now: number): RunVerdict {
  const { taskQueue, workflowTaskAttempt: attempt, readyForMs = 0 } = run
  if (taskQueue !== ours) return judgeElsewhere(run, ours, now)
  // Before a Worker has begun it, an attempt says nothing about the one before.
  if (attempt >= failingFrom) {
    const message = `the workflow task of ${named(run)} fails again and again (attempt ${attempt}); ${howToEnd(run)}, and the next look starts a new one`
    return { verdict: 'failing', message }
  }
  return run.isWaiting && readyForMs < takenWithinMs ? { verdict: 'at-work' } : { verdict: 'unclear' }
}

function judgeElsewhere(run: RunningWorkflow, ours: string, now: number): RunVerdict {
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

/** Whether a Worker that the server remembers is still there. */
export function isPolling({ lastPollAt }: Poller, now: number): boolean {
  return lastPollAt === undefined || now - lastPollAt <= silentAfterMs
}
