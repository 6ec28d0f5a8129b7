import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { startAllocator } from '../support/allocator.ts'
import { eventually } from '../support/eventually.ts'
import { timeoutError } from '../support/evidence.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'
import { linesOf } from './log-lines.ts'

const { stack, allocatorKubeconfig } = realParts()

let suite: Fixture

beforeAll(async () => {
  suite = await openFixtureWithAllocator()
})

afterAll(() => suite.close())

describe('a wait that is in vain', () => {
  it('shows the run, its task queue, the objects and the log', async () => {
    const { testbed, temporal, taskQueue, allocator } = suite
    await testbed.createCluster('hopeless')
    await temporal.untilPending(testbed.keyOf('hopeless'), { reason: 'NoMatchingPool' })
    // Cluster API may have written to the Cluster meanwhile; then the next attempt writes the condition.
    await testbed.untilCluster(
      'hopeless',
      (now) => now?.conditions.some(({ reason }) => reason === 'NoMatchingPool') ?? false,
    )
    // Temporal lists a run some time after it has begun.
    await eventually('the run to be listed', async () => {
      const query = `WorkflowId = 'allocate-vip/${testbed.namespace}/hopeless'`
      return (await temporal.client.workflow.count(query)).count > 0 ? true : undefined
    })
    // The Worker passes on what its activities log a moment later.
    await eventually('the log to tell of the wait', async () =>
      linesOf(allocator.logPath).find(({ reason }) => reason === 'NoMatchingPool'),
    )
    const { message } = await timeoutError('hopeless to be served')
    expect(message).toMatch(/^timed out waiting for hopeless to be served\n/)
    for (const words of [
      new RegExp(`allocate-vip/${testbed.namespace}/hopeless \\S+ RUNNING on task queue ${taskQueue}`),
      new RegExp(`polled by ${allocator.pid}@`),
      /pending workflow task: /,
      /pending activities: \[\{"activity":"selectIPPool","attempt":\d+,"reason":"NoMatchingPool"/,
      / 1 \S+Z WORKFLOW_EXECUTION_STARTED/,
      /ACTIVITY_TASK_SCHEDULED selectIPPool/,
      /clusters\/hopeless \{"metadata".*"NoMatchingPool"/,
      /── allocators ──\ncapi-vip-allocator run \(\d+\): runs\n/,
      new RegExp(`"cluster":"${testbed.namespace}/hopeless".*"reason":"NoMatchingPool"`),
    ]) {
      expect(message).toMatch(words)
    }
  })
})

describe('on the stack that all suites share', () => {
  it('no allocator serves the Clusters of other suites', async () => {
    const options = { stack, kubeconfigPath: allocatorKubeconfig, namespaces: [] }
    await expect(startAllocator(options)).rejects.toThrow('serves the namespaces of its suite only')
  })

  it('no cluster-wide pool serves them either', async () => {
    const pool = suite.testbed.createPool('10.90.99.1', { kind: 'GlobalInClusterIPPool' })
    await expect(pool).rejects.toThrow('would serve the Clusters of other suites')
  })
})
