import { quoted, counted, few } from '../../../domain/quote.ts'
import { diagnoseRun, type RunningWorkflow, type RunVerdict } from '../../../domain/workflow-run.ts'
import { fault, orOk, type CheckOutcome } from './check-result.ts'

/** The runs of the Clusters that wait for a VIP. */
export interface WorkflowRunFacts {
  /** The runs that are open. */
  readonly running: readonly RunningWorkflow[]
  /** How many Clusters' runs were looked up. */
  readonly asked: number
  /** How many waiting Clusters were not looked up. */
  readonly passedOver: number
}

type Trouble = Exclude<RunVerdict['verdict'], 'at-work' | 'unclear'>

/** Runs with one trouble on one task queue. */
interface TroubledRuns {
  readonly verdict: Trouble
  readonly taskQueue: string
  readonly runs: readonly RunningWorkflow[]
}

/**
 * Checks the runs of waiting Clusters: while a stuck run is open, no other one can be started.
 *
 * @param ours the task queue of the allocator
 * @param now milliseconds since 1970
 */
export function checkWorkflowRuns(
  { running, asked, passedOver }: WorkflowRunFacts,
  ours: string,
  now: number,
): readonly CheckOutcome[] {
  const problems = troublesIn(running, ours, now).map((troubled) =>
    fault(describe(troubled, ours), remedyFor(troubled)),
  )
  const unasked = passedOver === 0 ? '' : `; ${passedOver} more were not looked at`
  const waiting = `${counted(asked, 'Cluster')} without a VIP`
  return orOk(
    problems,
    asked === 0
      ? 'no Cluster waits for a VIP'
      : `${waiting}, ${counted(running.length, 'run')}: none is on another task queue, or fails its workflow task${unasked}`,
  )
}

function troublesIn(running: readonly RunningWorkflow[], ours: string, now: number): readonly TroubledRuns[] {
  const troubles = new Map<string, TroubledRuns>()
  for (const run of running) {
    const { verdict } = diagnoseRun(run, ours, now)
    if (verdict === 'at-work' || verdict === 'unclear') continue
    const { taskQueue } = run
    const key = `${verdict} ${taskQueue}`
    troubles.set(key, { verdict, taskQueue, runs: [...(troubles.get(key)?.runs ?? []), run] })
  }
  return [...troubles.values()]
}

function describe({ verdict, taskQueue, runs }: TroubledRuns, ours: string): string {
  const who = few(runs.map(({ workflowId }) => workflowId))
  const where = `on task queue ${quoted(taskQueue)}, not ${quoted(ours)}`
  switch (verdict) {
    case 'abandoned':
      return `nobody works on ${counted(runs.length, 'run')} ${where}: ${who}`
    case 'elsewhere':
      return `another installation has ${counted(runs.length, 'run')} ${where}: ${who}`
    case 'failing':
      return `${counted(runs.length, 'run')} whose workflow task fails again and again: ${who}`
    default:
      return verdict satisfies never
  }
}

function remedyFor({ verdict, runs }: TroubledRuns): string {
  const id = runs[0]?.workflowId ?? ''
  const terminate = `temporal workflow terminate --workflow-id ${id}`
  switch (verdict) {
    case 'abandoned':
      return `a watcher terminates them and starts new ones within a minute; without one: ${terminate}, then capi-vip-allocator allocate`
    case 'elsewhere':
      return 'give both installations the same --task-queue, or other Clusters by --namespace or --watch-filter, or take one down; doctor has to be given those flags of the allocator too'
    case 'failing':
      return `temporal workflow show --workflow-id ${id} says why; a nondeterminism error means that the Worker is of another version than the run; ${terminate} ends it, and the watcher starts a new one`
    default:
      return verdict satisfies never
  }
}
