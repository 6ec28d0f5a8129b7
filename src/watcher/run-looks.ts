import type { NamespacedName } from '../domain/model/object-meta.ts'
import { judgeRun, type RunningWorkflow } from '../domain/workflow-run.ts'
import type { Log } from '../observability/log.ts'
import type { AllocationStarter } from './workflow-client.ts'

/** A run that somebody needs and that may not get further. */
export interface WantedRun {
  readonly cluster: NamespacedName
  readonly workflowId: string
  /** Starts it; absent where one that has ended is all that was wanted. */
  readonly start?: () => Promise<'started' | 'joined'>
  /** Starts it in the place of one that was terminated. */
  readonly startAnew: () => Promise<'started' | 'joined'>
  readonly nudge: (reason: string) => Promise<void>
}

/** A run that is needed here, and that we can only tell of. */
export interface StrayRun {
  readonly cluster: NamespacedName
  readonly workflowId: string
  readonly runId: string
  readonly taskQueue: string
  /** `elsewhere`: Workers of another installation have it. `failing`: its workflow task fails again and again. */
  readonly verdict: 'elsewhere' | 'failing'
  readonly message: string
}

/** What is told of a run that was looked at. */
export type RunNews =
  /** Terminated, and another one started on our task queue. */
  | { readonly news: 'replaced'; readonly cluster: NamespacedName; readonly message: string }
  | ({ readonly news: 'stray' } & StrayRun)

/** What came of a look: the run was there, was not there and has been started, or was terminated and started anew. */
export type LookOutcome = 'looked' | 'started' | 'joined' | 'replaced'

/** The end of a look. */
export interface Look {
  readonly outcome: LookOutcome
  /** Whether there is to be another one: `soon`, since whoever has the run may go at any time, or less and less often. */
  readonly next: 'none' | 'soon' | 'later'
  /** The run had something to do since it was first met. */
  readonly wasWoken: boolean
}

/** Looks at the runs of what is still needed some time after it was asked for. */
export interface RunLooks {
  /**
   * Sees to it that a run is there which gets further, and tells of one that does not. Rejects where Temporal is away.
   *
   * @param wasWoken as the look before it ended
   */
  look(wanted: WantedRun, wasWoken: boolean): Promise<Look>
  /** Nobody needs this run any more. */
  forget(workflowId: string): void
  /** Those of the last looks. */
  readonly strays: () => readonly StrayRun[]
}

export interface RunLooksOptions {
  readonly starter: Pick<AllocationStarter, 'describe' | 'terminate' | 'taskQueue'>
  readonly log: Pick<Log, 'warn'>
  /** Told of each run once for each thing that is to be said of it. */
  readonly onNews: (news: RunNews) => void
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

export function createRunLooks({ starter, log, onNews, now = Date.now }: RunLooksOptions): RunLooks {
  const strays = new Map<string, StrayRun>()

  const tell = (stray: StrayRun): void => {
    const known = strays.get(stray.workflowId)
    strays.set(stray.workflowId, stray)
    if (known?.runId === stray.runId && known.verdict === stray.verdict) return
    log.warn(stray.message, fieldsOf(stray))
    onNews({ news: 'stray', ...stray })
  }

  const replace = async (
    { cluster, startAnew }: WantedRun,
    run: RunningWorkflow,
    message: string,
  ): Promise<void> => {
    const reason = `${message}; a new run is started on task queue ${starter.taskQueue}`
    await starter.terminate(run, `capi-vip-allocator: ${reason}`)
    strays.delete(run.workflowId)
    log.warn(`Terminated a run that nobody works on: ${reason}`, fieldsOf({ cluster, ...run }))
    onNews({ news: 'replaced', cluster, message: reason })
    await startAnew()
  }

  return {
    async look(wanted, wasWoken) {
      const { cluster, workflowId, start, nudge } = wanted
      const run = await starter.describe(workflowId)
      if (run === undefined) {
        strays.delete(workflowId)
        if (start === undefined) return { outcome: 'looked', next: 'none', wasWoken }
        return { outcome: await start(), next: 'later', wasWoken: false }
      }
      const judgment = judgeRun(run, starter.taskQueue, now())
      switch (judgment.verdict) {
        case 'at-work':
          strays.delete(workflowId)
          return { outcome: 'looked', next: 'none', wasWoken }
        case 'unclear':
          return { outcome: 'looked', next: run.taskQueue === starter.taskQueue ? 'later' : 'soon', wasWoken }
        case 'abandoned':
          await replace(wanted, run, judgment.message)
          return { outcome: 'replaced', next: 'later', wasWoken: false }
        case 'elsewhere':
          // Who polled a moment ago may have gone since: whether somebody takes its tasks shows by one.
          if (!wasWoken) {
            await nudge(`needed on task queue ${starter.taskQueue}`)
            return { outcome: 'looked', next: 'soon', wasWoken: true }
          }
          break
        case 'failing':
          break
        default:
          return judgment satisfies never
      }
      const { runId, taskQueue } = run
      tell({ cluster, workflowId, runId, taskQueue, ...judgment })
      return { outcome: 'looked', next: 'soon', wasWoken }
    },
    forget: (workflowId) => strays.delete(workflowId),
    strays: () => [...strays.values()],
  }
}

function fieldsOf({
  cluster: { namespace, name },
  workflowId,
  runId,
  taskQueue,
}: Pick<StrayRun, 'cluster' | 'workflowId' | 'runId' | 'taskQueue'>): Readonly<Record<string, string>> {
  return { cluster: `${namespace}/${name}`, workflowId, runId, taskQueue }
}
