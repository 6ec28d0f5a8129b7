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
import { again, pauseUntil, type FaultKind } from './fault-kind.ts'
import type { Fleet } from './fleet.ts'
import { recreate } from './recreations.ts'
import { isRefusal, pathIn } from './site.ts'
import type { Stage } from './stage.ts'
import { subjectsNamed, type Subject } from './subjects.ts'

/** Faults of where runs are: on task queues that our allocators do not poll. */
export const taskQueueFaults: readonly FaultKind[] = [
  {
    name: 'second-installation-killed',
    what: 'another allocator with another task queue serves the same Clusters, and is killed, again and again',
    place: 'task-queues',
    holdMs: ({ longOutageMs }) => longOutageMs,
    start: async ({ secondFleet, people, form }, random) => {
      await secondFleet.fill()
      await untilReady(secondFleet, form.longOutageMs)
      const end = again(async (over) => {
        await pauseUntil(random.below(form.longOutageMs), over)
        await secondFleet.kill()
        if (!over.aborted) await secondFleet.fill()
      })
      const ends = [end, recreate(people, 'both', random)]
      return () => closeAll(ends)
    },
  },
  {
    name: 'runs-on-dead-queue',
    what: 'a person starts runs on a task queue that nobody polls, for Clusters that come, wait or go',
    place: 'task-queues',
    holdMs: ({ outageMs }) => outageMs,
    start: async (stage, random) => {
      const ends = subjectsNamed('dead', 10).map((subject) =>
        again((over) => mislead(stage, subject, random, over)),
      )
      return async () => {
        await closeAll(ends)
        // Nobody is told that a Cluster that waits has lost its run: the next full list, minutes later, would show it. So
        // it is brought on now.
        stage.proxy.inject({ kind: 'expire' })()
      }
    },
  },
]

const deadQueue = 'nobody-polls'
const requestMs = 5_000
const pollMs = 100

/** Other faults may keep it from becoming ready: it is not waited for longer than that. */
async function untilReady(fleet: Fleet, ms: number): Promise<void> {
  const deadline = Date.now() + ms
  while (Date.now() < deadline && !(await fleet.areReady())) await delay(pollMs)
}

const pauseMs = { shortest: 500, longest: 6_000 }

/** One mistake of a person with one Cluster. Nobody else acts on it, so that it is as it was seen. */
async function mislead(
  stage: Stage,
  subject: Subject,
  random: SeededRandom,
  over: AbortSignal,
): Promise<void> {
  const dice = random.below(4)
  const ms = pauseMs.shortest + random.below(pauseMs.longest - pauseMs.shortest)
  const cluster = await look(stage, subject)
  if (cluster === 'absent') {
    await startDead(stage, allocateVipType, workflowIdFor(subject), keyOf(subject))
    await stage.people.act('create', subject, 0)
  } else if (cluster !== 'unknown') {
    const isServed = vipOf(cluster, controlPlane) !== ''
    // Most are left alone: it takes some time until somebody looks at their runs.
    if (isServed || dice === 0) await remove(stage, subject, isServed ? cluster.uid : undefined)
    else if (dice === 1) await misplaceWaiting(stage, subject)
  }
  await pauseUntil(ms, over)
}

async function look(
  { site }: Stage,
  { namespace, name }: Subject,
): Promise<ClusterFacts | 'absent' | 'unknown'> {
  try {
    return clusterFacts(await site.get<JsonObject>(pathIn(namespace, 'clusters', name)))
  } catch (error) {
    return isRefusal(error) && error.status === 404 ? 'absent' : 'unknown'
  }
}

/** Only of a Cluster that has something will anybody confirm the release. */
async function remove(stage: Stage, subject: Subject, servedUid: string | undefined): Promise<void> {
  if (servedUid !== undefined) {
    const former = { ...keyOf(subject), uid: servedUid }
    await startDead(stage, releaseVipType, releaseWorkflowIdFor(former), former)
  }
  await stage.people.act('delete', subject, 0)
}

/** Ends the run of a Cluster that waits for a pool, and starts another one in its place. Whatever comes later may be done already. */
async function misplaceWaiting(stage: Stage, subject: Subject): Promise<void> {
  const { workflow } = stage.temporal.client
  const workflowId = workflowIdFor(subject)
  await heard(stage, async () => {
    const { status, runId, taskQueue, raw } = await workflow.getHandle(workflowId).describe()
    const waits = (raw.pendingActivities ?? []).some(
      ({ activityType, lastFailure }) => activityType?.name === 'selectIPPool' && lastFailure,
    )
    if (status.name !== 'RUNNING' || taskQueue === deadQueue || !waits) return
    await workflow.getHandle(workflowId, runId).terminate('a person wants another one')
  })
  await startDead(stage, allocateVipType, workflowId, keyOf(subject))
}

async function startDead(stage: Stage, type: string, workflowId: string, argument: object): Promise<void> {
  const { workflow } = stage.temporal.client
  await heard(stage, () => workflow.start(type, { workflowId, taskQueue: deadQueue, args: [argument] }))
}

/** Only another fault, or a run that is there already, can be the reason, and people cannot do more than give up. */
async function heard({ temporal }: Stage, request: () => Promise<unknown>): Promise<void> {
  await temporal.client.connection.withDeadline(Date.now() + requestMs, request).catch(() => undefined)
}

function keyOf({ namespace, name }: Subject): NamespacedName {
  return { namespace, name }
}
