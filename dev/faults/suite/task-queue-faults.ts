import { setTimeout as delay } from 'node:timers/promises'
import { closeAll } from '../../stack/close-all.ts'
import type { JsonObject } from '../../../src/domain/model/decode.ts'
import type { NamespacedName } from '../../../src/domain/model/object-meta.ts'
import {
  allocateVipType,
  releaseVipType,
  releaseWorkflowIdFor,
  workflowIdFor,
} from '../../../src/workflows/contract.ts'
import type { SeededRandom } from '../../../test/support/seeded-random.ts'
import { clusterFacts, vipOf, type ClusterFacts } from '../invariants/facts.ts'
import { controlPlane } from '../invariants/names.ts'
import { pauseUntil, recreateClusters, repeat, type FaultKind } from './fault-kind.ts'
import type { Fleet } from './fleet.ts'
import { pathIn } from '../../stack/resource-path.ts'
import { isRejection } from './user-client.ts'
import type { Harness } from './harness.ts'
import { targetsNamed, type Target } from './targets.ts'

/** Runs on task queues that our allocators do not poll. */
export const taskQueueFaults: readonly FaultKind[] = [
  {
    name: 'second-installation-killed',
    what: 'another allocator with another task queue serves the same Clusters, and is killed, again and again',
    place: 'task-queues',
    holdMs: ({ longOutageMs }) => longOutageMs,
    start: async ({ secondFleet, users, profile }, random) => {
      await secondFleet.fill()
      await untilReady(secondFleet, profile.longOutageMs)
      const end = repeat(async (over) => {
        await pauseUntil(random.below(profile.longOutageMs), over)
        await secondFleet.kill()
        if (!over.aborted) await secondFleet.fill()
      })
      const ends = [end, recreateClusters(users, targetsNamed('both', 8), random)]
      return () => closeAll(ends)
    },
  },
  {
    name: 'runs-on-dead-queue',
    what: 'a person starts runs on a task queue that nobody polls, for Clusters that come, wait or go',
    place: 'task-queues',
    holdMs: ({ outageMs }) => outageMs,
    start: async (harness, random) => {
      const ends = targetsNamed('dead', 10).map((target) =>
        repeat((over) => startStray(harness, target, random, over)),
      )
      return async () => {
        await closeAll(ends)
        // No event shows that a waiting Cluster has lost its run; the next relist does. Force one.
        harness.proxy.inject({ kind: 'expire' })()
      }
    },
  },
]

const deadQueue = 'nobody-polls'
const requestMs = 5_000
const pollMs = 100

/** Gives up after `ms`: another fault may prevent readiness. */
async function untilReady(fleet: Fleet, ms: number): Promise<void> {
  const deadline = Date.now() + ms
  while (Date.now() < deadline && !(await fleet.areReady())) await delay(pollMs)
}

const pauseMs = { shortest: 500, longest: 6_000 }

/** Makes one user mistake with one Cluster. Nobody else acts on this Cluster, so it stays as it was read. */
async function startStray(
  harness: Harness,
  target: Target,
  random: SeededRandom,
  over: AbortSignal,
): Promise<void> {
  const choice = random.below(4)
  const ms = pauseMs.shortest + random.below(pauseMs.longest - pauseMs.shortest)
  const cluster = await readCluster(harness, target)
  if (cluster === 'absent') {
    await startOnDeadQueue(harness, allocateVipType, workflowIdFor(target), keyOf(target))
    await harness.users.act('create', target, random.below(1_000))
  } else if (cluster !== 'unknown') {
    const isServed = vipOf(cluster, controlPlane) !== ''
    // Otherwise waits, since the watcher checks a run only after some time.
    if (isServed || choice === 0) await remove(harness, target, isServed ? cluster.uid : undefined)
    else if (choice === 1) await replaceWaiting(harness, target)
  }
  await pauseUntil(ms, over)
}

async function readCluster(
  { client }: Harness,
  { namespace, name }: Target,
): Promise<ClusterFacts | 'absent' | 'unknown'> {
  try {
    return clusterFacts(await client.get<JsonObject>(pathIn(namespace, 'clusters', name)))
  } catch (error) {
    return isRejection(error) && error.status === 404 ? 'absent' : 'unknown'
  }
}

/** Deletes the Cluster. If it was served, a stray release run comes first. */
async function remove(harness: Harness, target: Target, servedUid: string | undefined): Promise<void> {
  if (servedUid !== undefined) {
    const identity = { ...keyOf(target), uid: servedUid }
    await startOnDeadQueue(harness, releaseVipType, releaseWorkflowIdFor(identity), identity)
  }
  await harness.users.act('delete', target, 0)
}

/** Replaces a run that waits for a pool. A later step may already have written something. */
async function replaceWaiting(harness: Harness, target: Target): Promise<void> {
  const { workflow } = harness.temporal.client
  const workflowId = workflowIdFor(target)
  await attempt(harness, async () => {
    const { status, runId, taskQueue, raw } = await workflow.getHandle(workflowId).describe()
    const waits = (raw.pendingActivities ?? []).some(
      ({ activityType, lastFailure }) => activityType?.name === 'selectIPPool' && lastFailure,
    )
    if (status.name !== 'RUNNING' || taskQueue === deadQueue || !waits) return
    await workflow.getHandle(workflowId, runId).terminate('a person wants another one')
  })
  await startOnDeadQueue(harness, allocateVipType, workflowId, keyOf(target))
}

async function startOnDeadQueue(
  harness: Harness,
  type: string,
  workflowId: string,
  argument: object,
): Promise<void> {
  const { workflow } = harness.temporal.client
  await attempt(harness, () => workflow.start(type, { workflowId, taskQueue: deadQueue, args: [argument] }))
}

/** Ignores failures: the reason is another fault, or an existing run. */
async function attempt({ temporal }: Harness, request: () => Promise<unknown>): Promise<void> {
  await temporal.client.connection.withDeadline(Date.now() + requestMs, request).catch(() => undefined)
}

function keyOf({ namespace, name }: Target): NamespacedName {
  return { namespace, name }
}
