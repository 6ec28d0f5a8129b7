import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { WorkflowNotFoundError } from '@temporalio/client'
import { randomUUID } from 'node:crypto'
import { releaseWorkflowIdFor, workflowIdFor } from '../../src/workflows/contract.ts'
import { createStarter, type AllocationStarter } from '../../src/watcher/workflow-client.ts'
import { realParts } from '../support/real-parts.ts'
import { viewTemporal, type TemporalView } from './temporal.ts'

let temporal: TemporalView
let starter: AllocationStarter
let cluster: { namespace: string; name: string }

beforeAll(async () => {
  temporal = await viewTemporal(realParts().stack)
  // Nobody works on this queue: the runs stay where they are.
  starter = createStarter(temporal.client, { taskQueue: randomUUID(), eagerStart: false })
  cluster = { namespace: 'starter', name: 'none' }
})

afterEach(async () => {
  await temporal.client.workflow
    .getHandle(workflowIdFor(cluster))
    .terminate()
    .catch(() => undefined)
})

afterAll(() => temporal.close())

function newCluster(): typeof cluster {
  cluster = { namespace: 'starter', name: `c-${randomUUID()}` }
  return cluster
}

/** Reasons that the Cluster's run was woken for. */
async function wakes(): Promise<readonly string[]> {
  const { events } = await temporal.client.workflow.getHandle(workflowIdFor(cluster)).fetchHistory()
  return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) =>
    (signal?.input?.payloads ?? []).map(
      ({ data }) => JSON.parse(Buffer.from(data ?? []).toString()) as string,
    ),
  )
}

describe('the starter', () => {
  it('starts one run for a Cluster, however often it is asked', async () => {
    newCluster()
    expect(await starter.start(cluster)).toBe('started')
    expect(await starter.start(cluster)).toBe('joined')
    const description = await temporal.client.workflow.getHandle(workflowIdFor(cluster)).describe()
    expect(description).toMatchObject({ type: 'allocateVip', status: { name: 'RUNNING' } })
    expect(await description.staticSummary()).toBe(`VIP for Cluster starter/${cluster.name}`)
    expect(await description.staticDetails()).toContain(`capi-vip-allocator status starter/${cluster.name}`)
  })

  it('wakes a run that is there, and starts one to wake where none is', async () => {
    newCluster()
    await starter.wake(cluster, 'first')
    await starter.wake(cluster, 'second')
    expect(await wakes()).toEqual(['first', 'second'])
  })

  it('nudges a run that is there, and starts none', async () => {
    newCluster()
    await starter.nudge(cluster, 'nobody hears')
    await expect(temporal.client.workflow.getHandle(workflowIdFor(cluster)).describe()).rejects.toThrow(
      WorkflowNotFoundError,
    )
    await starter.start(cluster)
    await starter.nudge(cluster, 'gone')
    expect(await wakes()).toEqual(['gone'])
  })

  it('starts a new run after the last one has ended', async () => {
    newCluster()
    await starter.start(cluster)
    await temporal.client.workflow.getHandle(workflowIdFor(cluster)).terminate()
    expect(await starter.start(cluster)).toBe('started')
  })

  it('starts one release for a deleted Cluster, and another one only where something is known to be left', async () => {
    const former = { ...newCluster(), uid: randomUUID() }
    const handle = temporal.client.workflow.getHandle(releaseWorkflowIdFor(former))
    expect(await starter.release(former, false)).toBe('started')
    expect(await starter.release(former, true)).toBe('joined')
    expect(await (await handle.describe()).staticSummary()).toBe(
      `Release of what the former Cluster starter/${former.name} held`,
    )
    await starter.recheck(former, 'claim is gone')
    const { events } = await handle.fetchHistory()
    expect(
      events?.some(
        ({ workflowExecutionSignaledEventAttributes }) => workflowExecutionSignaledEventAttributes,
      ),
    ).toBe(true)

    await handle.terminate()
    await starter.recheck(former, 'nobody hears')
    expect(await starter.release(former, false)).toBe('joined')
    expect(await starter.release(former, true)).toBe('started')
    await handle.terminate()
  })
})
