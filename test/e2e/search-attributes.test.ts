import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Client, Connection } from '@temporalio/client'
import { registerSearchAttributes } from '../../src/commands/temporal/search-attributes.ts'
import {
  allocateVipType,
  retryNowUpdate,
  statusQuery,
  workflowIdFor,
  type AllocationStatus,
} from '../../src/workflows/contract.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'
import { createTemporalNamespace, type TemporalNamespace } from './temporal-namespace.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()
/** Of its own: the one of the other suites has no search attributes. */
let temporalNamespace: TemporalNamespace
let connection: Connection
let client: Client
let suite: Fixture
let testbed: Testbed

beforeAll(async () => {
  connection = await Connection.connect({ address: stack.temporal.address })
  temporalNamespace = await createTemporalNamespace(stack)
  const { name } = temporalNamespace
  await registerSearchAttributes(connection, name)
  client = new Client({ connection, namespace: name })
  suite = await openFixtureWithAllocator({ env: { TEMPORAL_NAMESPACE: name } })
  testbed = suite.testbed
})

afterAll(async () => {
  try {
    await suite.close()
  } finally {
    await connection.close()
    await temporalNamespace.close()
  }
})

/** Ids of the runs that a list with this query shows, once it shows any. */
function untilListed(query: string): Promise<readonly string[]> {
  return eventually(`a run with ${query}`, async () => {
    const ids: string[] = []
    for await (const { workflowId } of client.workflow.list({ query })) ids.push(workflowId)
    return ids.length === 0 ? undefined : ids
  })
}

describe('a run in a Temporal namespace with search attributes', () => {
  it('is found by the reason it waits for, and by its Cluster', async () => {
    await testbed.createCluster('found')
    const id = workflowIdFor(testbed.keyOf('found'))
    expect(await untilListed(`VipPhase = 'NoMatchingPool'`)).toEqual([id])
    expect(await untilListed(`VipNamespace = '${testbed.namespace}' AND VipCluster = 'found'`)).toEqual([id])
  })

  it('tells the full picture while it waits', async () => {
    const handle = client.workflow.getHandle(workflowIdFor(testbed.keyOf('found')))
    const status = await handle.query<AllocationStatus>(statusQuery)
    expect(status.roles['control-plane']).toMatchObject({
      phase: 'SelectingPool',
      waiting: { reason: 'NoMatchingPool' },
    })
    await testbed.createPool('10.62.9.10-10.62.9.11', { name: 'other-pool', className: 'other-class' })
    await handle.executeUpdate(retryNowUpdate)
    const verdicts = await eventually('a verdict on the other pool', async () => {
      const { roles } = await handle.query<AllocationStatus>(statusQuery)
      return roles['control-plane']?.considered.find(({ name }) => name === 'other-pool')
    })
    expect(verdicts).toMatchObject({ kind: 'InClusterIPPool', verdict: 'rejected' })
    expect(verdicts.because).toContain('is for ClusterClass other-class')
  })

  it('is found by its address and its pool when it is over', async () => {
    await testbed.createPool('10.62.0.10-10.62.0.20')
    const { controlPlaneEndpoint } = await testbed.untilServed('found')
    const id = workflowIdFor(testbed.keyOf('found'))
    expect(await untilListed(`VipAddress = '${controlPlaneEndpoint.host}'`)).toEqual([id])
    expect(await untilListed(`VipPool = 'InClusterIPPool/vip-pool' AND VipPhase = 'Allocated'`)).toEqual([id])
  })

  it('is found by its management cluster if that has a name', async () => {
    const cluster = testbed.keyOf('found')
    const workflowId = workflowIdFor(cluster, 'east')
    const run = { workflowId, taskQueue: suite.taskQueue, args: [cluster] }
    await client.workflow.execute(allocateVipType, run)
    expect(await untilListed(`VipManagementCluster = 'east'`)).toEqual([workflowId])
  })
})
