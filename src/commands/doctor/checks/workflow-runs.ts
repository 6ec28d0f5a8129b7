import { quoted, counted, few } from '../../../domain/quote.ts'
import { diagnoseRun, type RunningWorkflow, type RunVerdict } from '../../../domain/workflow-run.ts'
import { separateManagementClusters, type Installation } from '../../../domain/management-cluster.ts'
import { fault, orOk, type CheckOutcome } from './check-result.ts'

/** The runs of the Clusters that wait for a VIP. */
export interface WorkflowRunFacts {
  readonly running: readonly RunningWorkflow[]
  /** How many Clusters' runs were described, and how many were not. */
  readonly asked: number
  readonly passedOver: number
}

/** Checks the runs of waiting Clusters: while a stuck run is open, no other one can be started. */
export function checkWorkflowRuns(
  { running, asked, passedOver }: WorkflowRunFacts,
  ours: Installation,
  now: number,
): readonly CheckOutcome[] {
  const diagnosed = running.map((run) => ({ run, verdict: diagnoseRun(run, ours, now).verdict }))
  const alike = Map.groupBy(diagnosed, ({ run, verdict }) => `${verdict} ${run.taskQueue}`)
  const unasked = passedOver === 0 ? '' : `; ${passedOver} more were not looked at`
  const waiting = `${counted(asked, 'Cluster')} without a VIP`
  return orOk(
    [...alike.values()].flatMap((group) => troubleOf(group, ours.taskQueue)),
    asked === 0
      ? 'no Cluster waits for a VIP'
      : `${waiting}, ${counted(running.length, 'run')}: none is on another task queue, is held back, or fails its workflow task${unasked}`,
  )
}

interface DiagnosedRun {
  readonly run: RunningWorkflow
  readonly verdict: RunVerdict['verdict']
}

/** Of runs with the same verdict on the same task queue. */
function troubleOf([first, ...others]: readonly DiagnosedRun[], ours: string): readonly CheckOutcome[] {
  if (first === undefined) return []
  const { workflowId, taskQueue } = first.run
  const ids = few([first, ...others].map(({ run }) => run.workflowId))
  const runs = counted(others.length + 1, 'run')
  const where = `on task queue ${quoted(taskQueue)}, not ${quoted(ours)}`
  const terminate = `temporal workflow terminate --workflow-id ${workflowId}`
  switch (first.verdict) {
    case 'at-work':
    case 'unclear':
      return []
    case 'abandoned':
    case 'delayed': {
      const fix = `a watcher terminates them and starts new ones within a minute; without one: ${terminate}, then capi-vip-allocator allocate`
      const why = first.verdict === 'abandoned' ? where : 'that a start delay or a cron schedule holds back'
      return [fault(`nobody works on ${runs} ${why}: ${ids}`, fix)]
    }
    case 'elsewhere': {
      const fix =
        'give both installations the same --task-queue, or other Clusters by --namespace or --watch-filter, or take one down; doctor has to be given those flags of the allocator too'
      return [fault(`another installation has ${runs} ${where}: ${ids}`, fix)]
    }
    case 'foreign': {
      const fix = `${separateManagementClusters}; if the other management cluster is gone for good, ${terminate} ends its run, and the watcher starts one of this management cluster`
      return [fault(`another management cluster has ${runs}: ${ids}`, fix)]
    }
    case 'failing': {
      const fix = `temporal workflow show --workflow-id ${workflowId} says why; a nondeterminism error means that the Worker is of another version than the run; ${terminate} ends it, and the watcher starts a new one`
      return [fault(`${runs} whose workflow task fails again and again: ${ids}`, fix)]
    }
    default:
      return first.verdict satisfies never
  }
}
