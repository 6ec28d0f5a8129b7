import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { logFieldNames } from '../../src/observability/log.ts'
import { workflowIdFor } from '../../src/workflows/contract.ts'
import { eventually } from '../support/eventually.ts'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'
import { linesOf, untilLogged } from './log-lines.ts'
import type { Testbed } from './testbed.ts'

let suite: Fixture
let testbed: Testbed

beforeAll(async () => {
  suite = await openFixtureWithAllocator({ flags: ['--log-level=debug'] })
  testbed = suite.testbed
  await testbed.createPool('10.60.0.10-10.60.0.60')
})

afterAll(() => suite.close())

describe('a log in JSON', () => {
  it('has only lines that can be read, with fields that are known, and no whole object', async () => {
    const { logPath } = suite.allocator
    await testbed.createCluster('logged')
    await testbed.createClass('unmatched-class')
    await testbed.createCluster('unmatched', { className: 'unmatched-class' })
    await testbed.untilServed('logged')
    await untilLogged(logPath, /by IPAddressClaim vip-cp-logged$/)
    await untilLogged(logPath, 'Activity failed')
    const known = ['level', 'time', 'message', ...logFieldNames]
    for (const line of linesOf(logPath)) {
      expect(known).toEqual(expect.arrayContaining(Object.keys(line)))
      for (const value of Object.values(line)) {
        expect(['string', 'number', 'boolean']).toContain(typeof value)
        expect(String(value)).not.toMatch(/\[object|"apiVersion"|"metadata"/)
      }
    }
  })

  it('tells the outcome of an allocation with all that is needed to look it up', async () => {
    const { logPath } = suite.allocator
    await testbed.createCluster('outcome')
    const { controlPlaneEndpoint } = await testbed.untilServed('outcome')
    const cluster = testbed.keyOf('outcome')
    expect(await untilLogged(logPath, /by IPAddressClaim vip-cp-outcome$/)).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      message: expect.stringContaining(controlPlaneEndpoint.host),
      cluster: `${testbed.namespace}/outcome`,
      role: 'control-plane',
      reason: 'Allocated',
      address: controlPlaneEndpoint.host,
      pool: 'InClusterIPPool/vip-pool',
      claim: 'vip-cp-outcome',
      workflowId: workflowIdFor(cluster),
      runId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      temporalNamespace: 'default',
      taskQueue: suite.taskQueue,
    })
  })

  it('tells of a step that failed for which Cluster and role, why, and in which attempt', async () => {
    const { logPath } = suite.allocator
    await testbed.createClass('another-class')
    await testbed.createCluster('waiting', { className: 'another-class' })
    const line = await eventually('a step to fail twice', async () => {
      await Promise.resolve()
      return linesOf(logPath).find(
        ({ message, cluster, attempt }) =>
          message === 'Activity failed' && cluster === `${testbed.namespace}/waiting` && attempt === 2,
      )
    })
    expect(line).toMatchObject({
      role: 'control-plane',
      reason: 'NoMatchingPool',
      activityType: 'selectIPPool',
      error: expect.stringContaining('another-class'),
      workflowId: workflowIdFor(testbed.keyOf('waiting')),
    })
  })
})
