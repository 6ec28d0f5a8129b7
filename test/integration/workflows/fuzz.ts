import type { SelectIPPoolResult, StepEnd, StepInput } from '../../../src/domain/allocation/steps.ts'
import { activityInfo } from '@temporalio/activity'
import type { Client, WorkflowHandle } from '@temporalio/client'
import {
  Worker,
  type NativeConnection,
  type WorkerOptions,
  type WorkflowBundleOption,
} from '@temporalio/worker'
import { setTimeout as delay } from 'node:timers/promises'
import type { Activities } from '../../../src/activities/index.ts'
import { signalWorkflow } from '../../../src/activities/signal-workflow.ts'
import { workflowOptions } from '../../../src/commands/run/worker.ts'
import { searchAttributeNames } from '../../../src/domain/search-attributes.ts'
import {
  allocateVipType,
  releaseVipType,
  retryNowUpdate,
  waitingSignal,
  wakeSignal,
  type AllocateAtOnceResult,
  type WaitReport,
} from '../../../src/workflows/contract.ts'
import { eventually, longestWaitMs } from '../../support/eventually.ts'
import { seededRandom, type SeededRandom } from '../../support/seeded-random.ts'
import { deletedCluster, input, poolRef, releasedVip, retryLater } from './scenarios.ts'

/** Runs whose steps have random outcomes and durations, while random messages arrive. */

/** Heartbeats extend a task after 80 % of this, so that many local activities outlast their task. */
const workflowTaskTimeout = '3 seconds'

/**
 * Concurrent runs on each Worker: as many as two cores can handle within the time limit of a task, and one more than
 * the cache holds.
 */
const lanes = { usual: 12, forgetful: 5 } as const

/** Suffix of that Worker's task queue. */
const forgetfulSuffix = '-forgetful'

/** Size of the forgetful Worker's cache. */
const cached = 4

/** In milliseconds: effectively until a wake-up. */
const anHour = 3_600_000

export interface Fuzz {
  readonly client: Client
  readonly connection: NativeConnection
  readonly workflowBundle: WorkflowBundleOption
  readonly taskQueue: string
  readonly seed: number
  readonly runs: number
}

/**
 * Runs all of them, on a Worker as in production and on one that caches only four runs.
 *
 * @returns when all runs have ended; their ids begin with the name of the task queue
 */
export async function runAll(fuzz: Fuzz): Promise<void> {
  const choices = Array.from({ length: fuzz.runs }, (_, index) => seededRandom('', fuzz.seed + index))
  const idOf = (index: number): string => `${fuzz.taskQueue}-${index}`
  const activities = randomActivities((workflowId) => {
    const of = choices[Number(workflowId.split('-').at(-1))]
    if (of === undefined) throw new Error(`there is no run ${workflowId}`)
    return of
  })
  const forgetful = `${fuzz.taskQueue}${forgetfulSuffix}`
  const workers = await Promise.all([
    workerFor(fuzz, activities),
    workerFor(fuzz, activities, { taskQueue: forgetful, maxCachedWorkflows: cached }),
  ])
  const drive = async (random: SeededRandom, index: number, taskQueue: string): Promise<void> => {
    // Drawn first, so that they do not depend on the draws of the steps.
    const isRelease = random.below(12) === 0
    const messages = Array.from({ length: random.pick([0, 1, 1, 2, 3, 6]) }, () => messageBy(random))
    const handle = await fuzz.client.workflow.start(isRelease ? releaseVipType : allocateVipType, {
      workflowId: idOf(index),
      taskQueue,
      workflowTaskTimeout,
      args: [isRelease ? deletedCluster : input],
    })
    await untilEnded(handle, messages)
  }
  const left = choices.entries()
  const drivenBy = (count: number, taskQueue: string): readonly Promise<void>[] =>
    Array.from({ length: count }, async () => {
      for (const [index, random] of left) await drive(random, index, taskQueue)
    })
  const over = Promise.all([
    ...drivenBy(lanes.usual, fuzz.taskQueue),
    ...drivenBy(lanes.forgetful, forgetful),
  ])
  await Promise.all(workers.map((worker) => worker.runUntil(over)))
}

/** A Worker as in production, with the given deviations. */
export function workerFor(
  { connection, client, workflowBundle, taskQueue }: Omit<Fuzz, 'seed' | 'runs'>,
  activities: Activities,
  options: Partial<WorkerOptions> = {},
): Promise<Worker> {
  const { namespace } = client.options
  return Worker.create({
    ...workflowOptions,
    connection,
    namespace,
    taskQueue,
    workflowBundle,
    activities,
    ...options,
  })
}

interface Message {
  readonly afterMs: number
  send(handle: WorkflowHandle): Promise<unknown>
}

function messageBy(random: SeededRandom): Message {
  const kind = random.below(20)
  return {
    afterMs: random.below(1_800),
    send: async (handle) => {
      if (kind === 0) return handle.cancel()
      if (kind < 3) {
        const alsoWanted = kind === 2 ? (['ingress'] as const) : []
        return handle.signal(waitingSignal, newsOf({ scheduledAt: Date.now(), alsoWanted }))
      }
      if (kind < 7) return handle.executeUpdate(retryNowUpdate, { args: ['fuzz'] })
      return handle.signal(wakeSignal, 'fuzz')
    },
  }
}

function newsOf(news: Partial<WaitReport>): WaitReport {
  return {
    role: 'control-plane',
    reason: 'PoolExhausted',
    message: 'by fuzz',
    considered: [],
    searchable: searchAttributeNames,
    isLeft: false,
    scheduledAt: 0,
    ...news,
  }
}

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>

/** A run with its history. */
export interface RecordedRun {
  readonly workflowId: string
  readonly runId: string
  readonly history: History
}

/** Histories of all runs whose id has this prefix, also of continued ones. */
export async function historiesOf(client: Client, prefix: string): Promise<readonly RecordedRun[]> {
  const query = `WorkflowId STARTS_WITH "${prefix}"`
  // The list is eventually consistent.
  await eventually(`no run in the list of ${prefix}`, async () => {
    const { count } = await client.workflow.count(`${query} AND ExecutionStatus = "Running"`)
    return count === 0 ? true : undefined
  })
  const found: RecordedRun[] = []
  for await (const { workflowId, runId } of client.workflow.list({ query })) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory()
    found.push({ workflowId, runId, history })
  }
  return found
}

/** Lists the events of a history: signals by name, failed tasks with their cause. */
export function namesOfEvents(history: History | undefined): readonly string[] {
  return (history?.events ?? []).map((event) => {
    const name = Object.keys(event).find((field) => field.endsWith('EventAttributes')) ?? ''
    const detail =
      event.workflowExecutionSignaledEventAttributes?.signalName ??
      event.workflowTaskFailedEventAttributes?.failure?.message ??
      ''
    return `${String(event.eventId)} ${name.replace('EventAttributes', '')} ${detail}`.trimEnd()
  })
}

/** Sends the messages, then wakes the run until it ends, because some steps wait for that. */
async function untilEnded(handle: WorkflowHandle, messages: readonly Message[]): Promise<void> {
  const ending = handle.result().then(
    () => true,
    () => true,
  )
  const isOver = (within: number): Promise<boolean> => Promise.race([ending, delay(within, false)])
  for (const { afterMs, send } of messages) {
    await delay(afterMs)
    // Ignores failures: the run may be closed, and a release has no updates.
    void send(handle).catch(() => undefined)
  }
  // With increasing pauses: each signal makes Temporal send another workflow task to a busy Worker.
  const deadline = performance.now() + longestWaitMs
  for (let pauseMs = 1_000; !(await isOver(pauseMs)); pauseMs = Math.min(2 * pauseMs, 4_000)) {
    if (performance.now() > deadline) {
      const names = namesOfEvents(await handle.fetchHistory())
      const { taskQueue } = await handle.describe()
      throw new Error(
        `timed out waiting for the end of ${handle.workflowId} on ${taskQueue}:\n  ${names.join('\n  ')}`,
      )
    }
    await handle.signal(wakeSignal, 'to its end').catch(() => undefined)
  }
}

/** Activities that follow the random choices of their run. */
function randomActivities(choicesOf: (workflowId: string) => SeededRandom): Activities {
  const own = (): SeededRandom => choicesOf(activityInfo().workflowExecution?.workflowId ?? '')

  /**
   * If all runs of a full cache have a running local activity, Core repeatedly drops one of them and loses its
   * workflow task. So on that Worker they are short. A cache of production's size always has other runs to drop.
   */
  const isForgetful = (): boolean => activityInfo().taskQueue.endsWith(forgetfulSuffix)

  /** Most steps succeed; the others have every other outcome. */
  const step = async <T>({ role }: StepInput, good: T): Promise<T | StepEnd> => {
    const random = own()
    const outcome = random.below(100)
    const pauseUntilNext = random.pick([20, 200, 1_500, anHour])
    await delay(random.pick([0, 0, 5, 40, 300, 1_200]))
    if (outcome < 25) {
      const report = newsOf({
        role,
        reason: 'by step',
        scheduledAt: activityInfo().scheduledTimestampMs,
        ...(role === 'control-plane' && random.below(6) === 0 && { alsoWanted: ['ingress'] }),
      })
      if (pauseUntilNext === anHour || outcome < 20) await signalWorkflow(report)
      throw retryLater('PoolExhausted', pauseUntilNext)
    }
    if (outcome < 28) return { next: 'restart', message: 'the claim is gone' }
    if (outcome < 31) return { next: 'restart', reason: 'DuplicateAddress', message: 'taken' }
    if (outcome < 34) return { next: 'replaced' }
    if (outcome < 38) return { next: 'end', uid: 'uid', reason: 'ClusterDeleted', message: 'gone' }
    return good
  }
  const selected = (
    role: StepInput['role'],
    random: SeededRandom,
  ): Extract<SelectIPPoolResult, { next: 'claim' }> => ({
    next: 'claim',
    uid: 'uid',
    poolRef,
    considered: [],
    searchable: searchAttributeNames,
    ...(role === 'control-plane' && random.below(2) === 0 && { alsoWanted: ['ingress'] }),
  })
  const ensured = { next: 'await', claim: 'vip', poolRef } as const
  const awaited = { next: 'assign', address: '10.0.0.10' } as const
  const assigned = { next: 'assigned', host: '10.0.0.10', port: 6443 } as const

  return {
    allocateAtOnce: async ({ role }): Promise<AllocateAtOnceResult> => {
      const random = own()
      const steps = random.pick([0, 0, 1, 2, 3, 4, 4, 4, 4])
      const isLeft = random.below(8) === 0
      const quick = random.below(100)
      const slow = random.below(50) === 0 ? 6_000 : random.below(3_800)
      if (isLeft) await signalWorkflow(newsOf({ role, isLeft: true, message: 'left to others' }))
      await delay(random.below(2) === 0 && !isForgetful() ? slow : quick)
      if (random.below(20) === 0) throw new Error('unexpected')
      return {
        ...(steps > 0 && { selectIPPool: selected(role, random) }),
        ...(steps > 1 && { ensureIPAddressClaim: ensured }),
        ...(steps > 2 && { awaitIPAddress: awaited }),
        ...(steps > 3 ? { assignVip: assigned } : { left: 'it does not get on' }),
      }
    },
    selectIPPool: async (of) => {
      const good = selected(of.role, own())
      return own().below(15) === 0 ? { next: 'complete-port', uid: 'uid' } : step(of, good)
    },
    probeAddress: (of) => step(of, { next: 'assign' }),
    publishDnsName: async () => {
      await delay(own().below(100))
      if (own().below(10) === 0) throw retryLater('DNSNamePending', own().below(2_000))
      return own().below(4) === 0 ? { next: 'left', because: 'not served' } : { next: 'published' }
    },
    ensureIPAddressClaim: (of) => step(of, ensured),
    awaitIPAddress: (of) => step(of, awaited),
    assignVip: (of) => step(of, assigned),
    confirmRelease: async ({ held }) => {
      const random = own()
      const outcome = random.below(4)
      const pauseUntilNext = random.pick([200, anHour])
      await delay(random.pick([0, 40, 1_200]))
      if (outcome === 0) throw retryLater('ReleasePending', pauseUntilNext)
      if (outcome === 1) return { next: 'wait', held: [releasedVip], isGone: true }
      if (outcome === 2) {
        const until = random.pick([{}, { until: Date.now() + pauseUntilNext }])
        return { next: 'keep', held, ...until, message: 'it is kept' }
      }
      return { next: 'released', held }
    },
  }
}
