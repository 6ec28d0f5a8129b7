import { setTimeout as delay } from 'node:timers/promises'
import { exitCodes } from '../../console/exit-code.ts'
import { isForeign } from '../../domain/management-cluster.ts'
import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'
import { quoted } from '../../domain/quote.ts'
import { describeForeignRun, isPolling } from '../../domain/workflow-run.ts'
import { loadKubeConfig } from '../../kubernetes/transport/kube-config.ts'
import { isScheduled, readPollers } from '../../watcher/describe-run.ts'
import { createRunChecker, type PendingCheck } from '../../watcher/run-check.ts'
import { createVipWorkflowClient, type VipWorkflowClient } from '../../watcher/workflow-client.ts'
import {
  statusQuery,
  workflowIdFor,
  type AllocateVipResult,
  type AllocationStatus,
} from '../../workflows/contract.ts'
import { withManagementCluster } from '../management-cluster.ts'
import type { CommandSetup } from '../setup.ts'
import { waitsIn, type RunWait } from '../temporal/pending-activities.ts'
import { TemporalUnreachableError, withTemporal, type TemporalClient } from '../temporal/with-temporal.ts'
import { resultText, servesCluster } from './allocate-text.ts'
import { createProgress } from './run-progress.ts'

export interface AllocateOptions {
  readonly cluster: NamespacedName
}

const byHand = 'allocate by hand'

/** Milliseconds between two reads of the run. */
const pollMs = 300
/** Milliseconds between two checks whether a Worker serves the run. */
const checkMs = 2_000
/** Milliseconds that a workflow task may wait for a Worker before that is noted. */
const idleAfterMs = 3_000

/**
 * Starts the Cluster's run, or joins the open one, and follows it until it ends.
 *
 * @returns exit code: 0 if the Cluster has its VIP, 3 if the run ended without one or is of another management cluster, 130 if
 *   it was left running
 * @throws Error if Temporal is unreachable at first
 */
export async function runAllocate({ cluster }: AllocateOptions, setup: CommandSetup): Promise<number> {
  return withTemporal({ proxies: setup.config.proxies, signal: setup.signal }, async (temporal) => {
    const { taskQueue, managementCluster } = setup.config
    const workflowId = workflowIdFor(cluster, managementCluster)
    const over = new AbortController()
    const uid = readUid(setup, AbortSignal.any([setup.signal, over.signal]))
    const workflows = createVipWorkflowClient(() => temporal.client, {
      taskQueue,
      managementCluster,
      managementClusterUid: () => uid,
      isByHand: true,
      eagerStart: false,
    })
    const run = { ...setup, temporal, cluster, workflowId, workflows, started: performance.now() }
    let isUnderWay = false
    try {
      const foreign = await startOrJoin(run)
      if (foreign !== undefined) return refuse(run, foreign)
      isUnderWay = true
      return await show(run, await follow(run))
    } catch (error) {
      if (!setup.signal.aborted) throw error
      note(
        run,
        isUnderWay
          ? `${workflowId} goes on without us; the same command follows it again`
          : `interrupted before ${workflowId} was known to run`,
      )
      return exitCodes.interrupted
    } finally {
      over.abort()
    }
  })
}

/**
 * Reads which management cluster this is, only to recognize the run of another one. Without a kubeconfig nobody knows.
 *
 * @throws Error if the person names a kubeconfig or a context that cannot be read
 */
function readUid(setup: CommandSetup, signal: AbortSignal): Promise<string | undefined> {
  const { config } = setup
  if (config.kubeconfig !== undefined || config.context !== undefined) loadKubeConfig(config)
  return withManagementCluster(setup, (managementCluster) => managementCluster.readUid(signal)).catch(
    () => undefined,
  )
}

interface FollowedRun extends CommandSetup {
  readonly temporal: TemporalClient
  readonly cluster: NamespacedName
  readonly workflowId: string
  readonly workflows: VipWorkflowClient
  /** By `performance.now()`. */
  readonly started: number
}

/** @returns why it does neither, if the open run is of another management cluster */
async function startOrJoin(run: FollowedRun): Promise<string | undefined> {
  const { temporal, cluster, workflowId, workflows, config } = run
  const { bounded } = temporal
  await temporal.check()
  const start = { action: 'start', reason: byHand } as const
  if ((await bounded(() => workflows.send(cluster, start))) === 'started') {
    note(run, `${workflowId} is started on task queue ${config.taskQueue}`)
    return undefined
  }
  const present = await bounded(() => workflows.describe(cluster, start))
  const ours = await workflows.installation()
  if (present !== undefined && isForeign(present.managementClusterUid, ours.managementClusterUid)) {
    return describeForeignRun(present, ours)
  }
  await bounded(() => workflows.send(cluster, { action: 'signal', reason: byHand }))
  note(run, `${workflowId} runs already; it is woken and followed`)
  return undefined
}

function refuse({ console, workflowId }: FollowedRun, message: string): number {
  console.print({ workflowId, message }, (style) => style.bad(message))
  return exitCodes.actionRequired
}

/** Follows the run until it has ended, through outages of Temporal. Rejects when the signal is aborted. */
async function follow(run: FollowedRun): Promise<RunView> {
  const { config, signal } = run
  const news = createProgress()
  const check = createRunCheck(run)
  const queryUnlessIdle = createIdleWatch(run)
  let foreignRunId: string | undefined
  let isAway = false
  for (;;) {
    try {
      const view = await viewRun(run)
      if (isAway) note(run, 'Temporal answers again')
      isAway = false
      if (view.status !== 'RUNNING' && view.status !== 'CONTINUED_AS_NEW') {
        // A run on another task queue was terminated, usually by a watcher, to be replaced by one on ours.
        const isTakenAway = view.status === 'TERMINATED' && view.taskQueue !== config.taskQueue
        if (!isTakenAway) return view
        await startOrJoin(run)
        continue
      }
      const { runId, taskQueue } = view
      // Whether that task queue is served may only show after a while.
      if (taskQueue !== config.taskQueue && runId !== foreignRunId) {
        foreignRunId = runId
        note(run, `the run is on task queue ${quoted(taskQueue)}, not ${quoted(config.taskQueue)}`)
      }
      await check(view)
      for (const line of news(await queryUnlessIdle(view), view.waits)) note(run, line)
    } catch (error) {
      if (!(error instanceof TemporalUnreachableError) || signal.aborted) throw error
      if (!isAway) note(run, `${error.message}; trying again`)
      isAway = true
    }
    await delay(pollMs, undefined, { signal })
  }
}

/** The state of a run, as Temporal describes it. */
interface RunView {
  readonly runId: string
  /** `RUNNING`, `COMPLETED`, `FAILED`, …; of the latest run, if it continued as new. */
  readonly status: string
  readonly taskQueue: string
  readonly waits: readonly RunWait[]
  /** A workflow task waits for a Worker. */
  readonly isTaskWaiting: boolean
}

/** Describes the run, for which the server needs no Worker. */
async function viewRun({ temporal, workflowId }: FollowedRun): Promise<RunView> {
  const handle = temporal.client.workflow.getHandle(workflowId)
  const { runId, status, taskQueue, raw } = await temporal.bounded(() => handle.describe())
  const isTaskWaiting = isScheduled(raw.pendingWorkflowTask ?? {})
  return { runId, status: status.name, taskQueue, isTaskWaiting, waits: waitsIn(raw) }
}

/**
 * Checks now and then whether the run is served, and replaces it if not, as the watcher does. A run on another task queue
 * stays if nobody polls ours, since a new one would be no better off.
 */
function createRunCheck(run: FollowedRun): (view: RunView) => Promise<void> {
  const { temporal, cluster, workflows, config } = run
  const log = { warn: () => undefined }
  const checker = createRunChecker({ client: workflows, log, onNews: ({ message }) => note(run, message) })
  const check: PendingCheck = {
    cluster,
    start: { action: 'start', reason: byHand },
    startsIfEnded: false,
    // By `startOrJoin`.
    wasSignaled: true,
    unhurried: 0,
    restarts: 0,
  }
  const isOursPolled = async (): Promise<boolean> => {
    const pollers = await readPollers(temporal.client, config.taskQueue, 'workflow')
    return pollers.some((poller) => isPolling(poller, Date.now()))
  }
  let checkedAt = Number.NEGATIVE_INFINITY
  return async ({ taskQueue }) => {
    if (performance.now() - checkedAt < checkMs) return
    await temporal.bounded(async () => {
      if (taskQueue !== config.taskQueue && !(await isOursPolled())) return
      await checker.check(check)
    })
    checkedAt = performance.now()
  }
}

/** Queries the phases of the run, unless it waits for a Worker, which is noted once. */
function createIdleWatch(
  run: FollowedRun,
): (view: RunView) => Promise<AllocationStatus['roles'] | undefined> {
  let waitingSince: number | undefined
  let isNoted = false
  return async ({ isTaskWaiting, taskQueue }) => {
    if (!isTaskWaiting) {
      waitingSince = undefined
      return queryPhases(run)
    }
    waitingSince ??= performance.now()
    if (!isNoted && performance.now() - waitingSince > idleAfterMs) {
      isNoted = true
      note(run, await whyIdle(run, taskQueue))
    }
    return undefined
  }
}

/** Undefined if no Worker answers in time. */
async function queryPhases(run: FollowedRun): Promise<AllocationStatus['roles'] | undefined> {
  const { temporal, workflowId } = run
  const handle = temporal.client.workflow.getHandle(workflowId)
  try {
    return (await temporal.bounded(() => handle.query<AllocationStatus>(statusQuery))).roles
  } catch {
    return undefined
  }
}

async function whyIdle({ temporal }: FollowedRun, taskQueue: string): Promise<string> {
  const [last] = await temporal.bounded(() => readPollers(temporal.client, taskQueue, 'workflow'))
  const queue = `task queue ${taskQueue}`
  return last === undefined
    ? `no Worker polls ${queue}: the run waits for one (capi-vip-allocator run, or worker)`
    : `no Worker of ${queue} takes the run up; the last one that polled was ${last.identity || 'unknown'}`
}

/** Prints the result of the run. */
async function show(run: FollowedRun, { runId, status }: RunView): Promise<number> {
  const { temporal, console, cluster, workflowId } = run
  if (status !== 'COMPLETED') {
    const message = `the run of Cluster ${formatKey(cluster)} ended as ${status}`
    console.print({ workflowId, runId, status, message }, (style) => style.bad(message))
    return exitCodes.actionRequired
  }
  const { client, bounded } = temporal
  const result = await bounded<AllocateVipResult>(() => client.workflow.getHandle(workflowId, runId).result())
  console.print({ workflowId, runId, status, ...result }, (style) => resultText(result, style))
  return servesCluster(result) ? exitCodes.fine : exitCodes.actionRequired
}

function note({ console, started }: FollowedRun, text: string): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.note(`${console.noteStyle.faint(`${seconds.padStart(6)} s`)}  ${text}`)
}
