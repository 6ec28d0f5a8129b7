import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { WorkflowNotFoundError } from '@temporalio/client'
import { randomUUID } from 'node:crypto'
import { releaseWorkflowIdFor, workflowIdFor } from '../../src/workflows/contract.ts'
import { createVipWorkflowClient, type VipWorkflowClient } from '../../src/watcher/workflow-client.ts'
import { realParts } from '../support/real-parts.ts'
import { viewTemporal, type TemporalView } from './temporal.ts'

let temporal: TemporalView
let client: VipWorkflowClient
let cluster: { namespace: string; name: string }

const start = { action: 'start', reason: 'new' } as const

beforeAll(async () => {
  temporal = await viewTemporal(realParts().stack)
  // Nobody works on this queue: the runs stay where they are.
  client = createVipWorkflowClient(() => temporal.client, {
    taskQueue: randomUUID(),
    managementClusterUid: async () => 'uid-of-kube-system',
    eagerStart: false,
  })
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

/** Reasons of the signals to the Cluster's run. */
async function signals(): Promise<readonly string[]> {
  const { events } = await temporal.client.workflow.getHandle(workflowIdFor(cluster)).fetchHistory()
  return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) =>
    (signal?.input?.payloads ?? []).map(
      ({ data }) => JSON.parse(Buffer.from(data ?? []).toString()) as string,
    ),
  )
}

describe('the workflow client', () => {
  it('starts one run for a Cluster, however often it is asked', async () => {
    newCluster()
    expect(await client.send(cluster, start)).toBe('started')
    expect(await client.send(cluster, start)).toBe('already-started')
    const description = await temporal.client.workflow.getHandle(workflowIdFor(cluster)).describe()
    expect(description).toMatchObject({ type: 'allocateVip', status: { name: 'RUNNING' } })
    expect(await description.staticSummary()).toBe(`VIP for Cluster starter/${cluster.name}`)
    expect(await description.staticDetails()).toContain(`capi-vip-allocator status starter/${cluster.name}`)
  })

  it('signals a run that is there, and starts one to signal if there is none', async () => {
    newCluster()
    await client.send(cluster, { action: 'signal-with-start', reason: 'first' })
    await client.send(cluster, { action: 'signal-with-start', reason: 'second' })
    expect(await signals()).toEqual(['first', 'second'])
  })

  it('signals a run that is there, and starts none', async () => {
    newCluster()
    await client.send(cluster, { action: 'signal', reason: 'nobody hears' })
    await expect(temporal.client.workflow.getHandle(workflowIdFor(cluster)).describe()).rejects.toThrow(
      WorkflowNotFoundError,
    )
    await client.send(cluster, start)
    await client.send(cluster, { action: 'signal', reason: 'gone' })
    expect(await signals()).toEqual(['gone'])
  })

  it('starts a new run after the last one has ended', async () => {
    newCluster()
    await client.send(cluster, start)
    await temporal.client.workflow.getHandle(workflowIdFor(cluster)).terminate()
    expect(await client.send(cluster, start)).toBe('started')
  })

  it('starts one release for a deleted Cluster, and another one only if something is known to be left', async () => {
    const deleted = { ...newCluster(), uid: randomUUID() }
    const startRelease = { action: 'start-release', deleted, held: [], reason: 'gone' } as const
    const handle = temporal.client.workflow.getHandle(releaseWorkflowIdFor(deleted))
    expect(await client.send(deleted, { ...startRelease, again: false })).toBe('started')
    expect(await client.send(deleted, { ...startRelease, again: true })).toBe('already-started')
    expect(await (await handle.describe()).staticSummary()).toBe(
      `Release of what the former Cluster starter/${deleted.name} held`,
    )
    await client.send(deleted, { action: 'signal-release', deleted, reason: 'claim is gone' })
    const { events } = await handle.fetchHistory()
    expect(
      events?.some(
        ({ workflowExecutionSignaledEventAttributes }) => workflowExecutionSignaledEventAttributes,
      ),
    ).toBe(true)

    await handle.terminate()
    await client.send(deleted, { action: 'signal-release', deleted, reason: 'nobody hears' })
    expect(await client.send(deleted, { ...startRelease, again: false })).toBe('already-started')
    expect(await client.send(deleted, { ...startRelease, again: true })).toBe('started')
    await handle.terminate()
  })
})
