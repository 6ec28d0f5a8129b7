import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import type { ClusterIdentity } from '../../src/domain/model/claim.ts'
import { arrayOf, objectOf } from '../../src/domain/model/decode.ts'
import {
  allocateVipType,
  releaseVipType,
  releaseWorkflowIdFor,
  workflowIdFor,
} from '../../src/workflows/contract.ts'
import { eventually } from '../support/eventually.ts'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'
import { linesOf } from './log-lines.ts'
import { scrapeOf } from './scrape.ts'
import type { Testbed } from './testbed.ts'

let suite: Fixture
let testbed: Testbed

const dead = randomUUID()
/** The run of `mistyped` on a task queue that nobody polls. Its first check is due after 15 seconds, as are those of others. */
let mistypedRunId: string
let released: ClusterIdentity

beforeAll(async () => {
  suite = await openFixtureWithAllocator()
  testbed = suite.testbed
  await testbed.createPool('10.170.0.10-10.170.0.20')
  await testbed.createCluster('released')
  const { namespace, name, uid } = await testbed.untilServed('released')
  released = { namespace, name, uid }
  await suite.temporal.client.workflow.start(releaseVipType, {
    workflowId: releaseWorkflowIdFor(released),
    taskQueue: randomUUID(),
    args: [released],
  })
  await testbed.deleteCluster('released')
  mistypedRunId = await startOn(dead, 'mistyped')
  await testbed.createCluster('mistyped')
})

afterAll(() => suite.close())

function clusterNamed(name: string): { readonly namespace: string; readonly name: string } {
  return testbed.keyOf(name)
}

/** Starts a Cluster's run where nobody works on it, as a person does who mistypes the task queue. Resolves with its id. */
async function startOn(taskQueue: string, name: string): Promise<string> {
  const cluster = clusterNamed(name)
  const { firstExecutionRunId } = await suite.temporal.client.workflow.start(allocateVipType, {
    workflowId: workflowIdFor(cluster),
    taskQueue,
    args: [cluster],
  })
  return firstExecutionRunId
}

/** The notes of the events of this reason about a Cluster. */
async function notesOf(name: string, reason: string): Promise<readonly unknown[]> {
  const path = `/apis/events.k8s.io/v1/namespaces/${testbed.namespace}/events`
  const { items } = await testbed.api.send<{ items: unknown }>({ method: 'GET', path })
  return arrayOf(items)
    .map(objectOf)
    .filter((event) => objectOf(event['regarding'])['name'] === name && event['reason'] === reason)
    .map(({ note }) => note)
}

describe('a run on a task queue that nobody polls', () => {
  it('is replaced by one on ours, and says why', async () => {
    const runId = mistypedRunId
    await testbed.untilServed('mistyped')

    const message = `run ${runId} of ${workflowIdFor(clusterNamed('mistyped'))} is on task queue "${dead}", not "${suite.taskQueue}", and nobody polls that task queue; a new run is started on task queue ${suite.taskQueue}`
    const { events } = await suite.temporal.client.workflow
      .getHandle(workflowIdFor(clusterNamed('mistyped')), runId)
      .fetchHistory()
    const ended = (events ?? []).at(-1)?.workflowExecutionTerminatedEventAttributes
    expect(ended?.reason).toBe(`capi-vip-allocator: ${message}`)
    expect(await notesOf('mistyped', 'AllocationFailed')).toEqual([`control-plane VIP: ${message}`])
    expect(linesOf(suite.allocator.logPath)).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: `Terminated a run that nobody works on: ${message}`,
        cluster: `${testbed.namespace}/mistyped`,
      }),
    )
  })

  it('is replaced also where it takes the place of one that waits, which nobody hears of', async () => {
    const className = 'misled-class'
    await testbed.createClass(className)
    await testbed.createCluster('misled', { className })
    const cluster = clusterNamed('misled')
    const run = suite.temporal.client.workflow.getHandle(workflowIdFor(cluster))
    await suite.temporal.untilPending(cluster, { reason: 'NoMatchingPool' })
    await run.terminate('by hand')
    await startOn(randomUUID(), 'misled')
    await eventually('the run to be on our task queue again', async () => {
      return (await run.describe()).taskQueue === suite.taskQueue || undefined
    })
    expect(await suite.temporal.untilPending(cluster)).toMatchObject({ reason: 'NoMatchingPool' })
  })

  it('is replaced also where it confirms a release', async () => {
    const former = released
    await eventually('the release to be taken over', async () => {
      const run = await suite.temporal.client.workflow.getHandle(releaseWorkflowIdFor(former)).describe()
      return run.taskQueue === suite.taskQueue || undefined
    })
    expect(await suite.temporal.releaseOf(former)).toMatchObject({ cluster: former })
    // This one, and those of the two tests before.
    await scrapeOf(suite.allocator).untilIs('workflow_requests_total', { outcome: 'replaced' }, 3)
  })
})

describe('a run that is held back', () => {
  it('by a start delay or a cron schedule is replaced by one that begins, and says why', async () => {
    const delays = { 'start-delay': { startDelay: '1 hour' }, cron: { cronSchedule: '0 0 1 1 *' } } as const
    const names = Object.keys(delays)
    for (const [name, delay] of Object.entries(delays)) {
      const cluster = clusterNamed(name)
      await suite.temporal.client.workflow.start(allocateVipType, {
        ...delay,
        workflowId: workflowIdFor(cluster),
        taskQueue: suite.taskQueue,
        args: [cluster],
      })
    }
    await Promise.all(names.map((name) => testbed.createCluster(name)))
    await Promise.all(names.map((name) => testbed.untilServed(name)))
    const why = /does not begin before .*, by its start delay or cron schedule; a new run is started/
    for (const name of names) {
      const notes = await eventually(`the event about ${name}`, async () => {
        const found = await notesOf(name, 'AllocationFailed')
        return found.length > 0 ? found : undefined
      })
      expect(notes).toEqual([expect.stringMatching(why)])
    }
  })
})

describe('a run that another installation works on', () => {
  it('is left alone and told of, until that one is gone', async () => {
    const className = 'shared-class'
    await testbed.createClass(className)
    const theirs = randomUUID()
    const other = await suite.start({ taskQueue: theirs })
    // A watcher starts nothing for a paused Cluster, so the run is theirs whoever sees the Cluster first.
    await testbed.createCluster('shared', { className, spec: 'paused: true' })
    await startOn(theirs, 'shared')
    await suite.temporal.untilPending(clusterNamed('shared'), { reason: 'ClusterPaused' })
    await testbed.editCluster('shared', { paused: null })
    const ours = suite.temporal.client.workflow.getHandle(workflowIdFor(clusterNamed('shared')))

    const [note] = await eventually('an event that names the other task queue', async () => {
      const notes = await notesOf('shared', 'AllocationFailed')
      return notes.length > 0 ? notes : undefined
    })
    expect(note).toMatch(`is on task queue "${theirs}", not "${suite.taskQueue}", which ${other.pid}@`)
    expect(note).toContain('two installations serve the same Clusters')
    expect((await ours.describe()).taskQueue).toBe(theirs)

    await other.kill()
    await testbed.createPool('10.170.0.30', { name: 'shared-pool', className })
    expect(await testbed.hostOf('shared')).toBe('10.170.0.30')
    expect((await ours.describe()).taskQueue).toBe(suite.taskQueue)
  })
})
