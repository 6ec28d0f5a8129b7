import { few } from '../../../domain/quote.ts'
import { isPolling, type Poller } from '../../../domain/workflow-run.ts'
import { fault, ok, orOk, warning, type CheckOutcome } from './check-result.ts'

/** A Temporal namespace as the server describes it. */
export interface NamespaceFacts {
  readonly name: string
  /** Seconds for which a closed run is kept. */
  readonly retentionSeconds: number
}

export interface TaskQueueFacts {
  readonly name: string
  readonly workflowPollers: readonly Poller[]
  readonly activityPollers: readonly Poller[]
}

const daySeconds = 86_400
/** A poll may be this many milliseconds in the future before the clocks are said to differ. */
const clockToleranceMs = 2_000

/** Checks that the namespace keeps closed runs long enough to look at them. */
export function checkNamespace({ name, retentionSeconds }: NamespaceFacts): readonly CheckOutcome[] {
  const days = retentionSeconds / daySeconds
  const kept = days >= 1 ? `${Number(days.toFixed(1))} d` : `${Number((days * 24).toFixed(1))} h`
  const problems =
    retentionSeconds < daySeconds
      ? [
          warning(
            `namespace ${name} keeps closed runs for ${kept} only`,
            `temporal operator namespace update --namespace ${name} --retention 7d`,
          ),
        ]
      : []
  return orOk(problems, `namespace ${name} exists and keeps closed runs for ${kept}`)
}

/** Checks that the task queue has a poller for workflows, and one for activities. */
export function checkTaskQueue(queue: TaskQueueFacts, now: number): readonly CheckOutcome[] {
  const fix = `start a worker on task queue ${queue.name}: capi-vip-allocator run, or worker; see its log if there is one`
  const kinds = [
    { kind: 'workflows', pollers: queue.workflowPollers },
    { kind: 'activities', pollers: queue.activityPollers },
  ]
  const unserved = kinds.filter(({ pollers }) => !pollers.some((poller) => isPolling(poller, now)))
  if (unserved.length > 0) {
    const last = latest(unserved.flatMap(({ pollers }) => pollers))
    const since = last === undefined ? '' : ` since ${new Date(last).toISOString()}`
    return [
      fault(
        `nobody polls task queue ${queue.name} for ${unserved.map(({ kind }) => kind).join(' and ')}${since}`,
        fix,
      ),
    ]
  }
  return [ok(`task queue ${queue.name} is polled by ${few(workersOf(queue))}`), ...clockProblems(queue, now)]
}

function workersOf({ workflowPollers, activityPollers }: TaskQueueFacts): readonly string[] {
  const words = [...workflowPollers, ...activityPollers].map(({ identity, build }) =>
    build === undefined ? identity : `${identity} (build ${build})`,
  )
  return [...new Set(words)].toSorted()
}

/** The last poll is the only server time available; it lies in the past, so only a clock that is ahead shows. */
function clockProblems(queue: TaskQueueFacts, now: number): readonly CheckOutcome[] {
  const ahead = (latest([...queue.workflowPollers, ...queue.activityPollers]) ?? now) - now
  if (ahead <= clockToleranceMs) return []
  return [
    warning(
      `Temporal's clock is at least ${(ahead / 1000).toFixed(0)} s ahead of the one here`,
      'synchronize the clocks, for example by NTP (chronyc tracking, timedatectl)',
    ),
  ]
}

function latest(pollers: readonly Poller[]): number | undefined {
  const times = pollers.map(({ lastPollAt }) => lastPollAt).filter((time) => time !== undefined)
  return times.length === 0 ? undefined : Math.max(...times)
}
