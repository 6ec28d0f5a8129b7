import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import type { Allocator } from '../../dev/allocator.ts'
import { startAllocator } from '../support/allocator.ts'
import type { PlaceholderValues } from '../support/expected-text.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { applyRemedy, expectSymptom, openRunbookSession, type RunbookSession } from './runbook-session.ts'
import { changeClass, optionalStringVariables, postCluster } from './objects.ts'
import { createRevocableAccount, type RevocableAccount } from './revocable-account.ts'
import type { TemporalView } from './temporal.ts'
import { openTestbed, type Testbed } from './testbed.ts'

const { stack } = realParts()

let suite: Fixture
let testbed: Testbed
/** Nobody serves it. */
let elsewhere: Testbed
let temporal: TemporalView
let account: RevocableAccount
let session: RunbookSession

beforeAll(async () => {
  suite = await openFixture()
  ;({ testbed, temporal } = suite)
  elsewhere = await openTestbed(stack)
  account = await createRevocableAccount(stack, testbed)
  await suite.start({ kubeconfigPath: account.kubeconfigPath })
  session = await openRunbookSession(stack, { ...suite, namespace: testbed.namespace })
})

afterAll(() =>
  suite.close(async () => {
    await session.close()
    await elsewhere.close()
  }),
)

/** What the page's placeholders stand for, where Cluster, class and pool of one story have one name. */
function valuesFor(name: string, more: PlaceholderValues = {}): PlaceholderValues {
  const { namespace } = testbed
  return { namespace, cluster: name, class: name, pool: name, ...more }
}

describe('docs/troubleshooting.md shows and mends', () => {
  it('a variable that the ClusterClass does not define', async () => {
    const className = 'shrunk'
    await testbed.createClass(className)
    await changeClass(testbed, className, {
      variables: optionalStringVariables('clusterVip', 'color', 'size'),
    })
    const variables = [
      { name: 'color', value: 'red' },
      { name: 'size', value: 'big' },
    ]
    await postCluster(testbed, 'shrunk', { className, variables })
    const key = testbed.keyOf('shrunk')
    await temporal.untilPending(key, { activity: 'selectIPPool', reason: 'NoMatchingPool' })
    await changeClass(testbed, className, { variables: optionalStringVariables('clusterVip', 'size') })
    await testbed.createPool('10.152.1.1', { name: 'shrunk', className })
    const values = valuesFor('shrunk', {
      address: '10.152.1.1',
      variable: 'color',
      reason: 'ClusterRejected',
    })
    await expectSymptom(session, 'Undefined variable', values)
    await expectSymptom(session, 'Step errors', values)
    await applyRemedy(session, 'Undefined variable', values)
    expect(await testbed.hostOf('shrunk')).toBe('10.152.1.1')
  })

  it('a ClusterClass that is gone', async () => {
    const className = 'vanished'
    await testbed.createPool('10.152.2.1', { name: className, className })
    await testbed.createCluster('vanished', { className })
    await expectSymptom(session, 'ClusterClass gone', valuesFor('vanished'))
    await testbed.createClass(className)
    expect(await testbed.hostOf('vanished')).toBe('10.152.2.1')
  })

  it('an annotation that cannot be read', async () => {
    const className = 'unreadable'
    await testbed.createClass(className)
    await testbed.createPool('10.152.3.1', { name: className, className })
    const annotations = { 'vip.capi.gorizond.io/ingress-enabled': 'yes' }
    await testbed.createCluster('unreadable', { className, annotations })
    await expectSymptom(session, 'Annotation unreadable', valuesFor('unreadable'))
    await applyRemedy(session, 'Annotation unreadable', valuesFor('unreadable'))
    const mended = await testbed.untilCluster(
      'unreadable',
      (now) => !now?.conditions.some(({ type }) => type.endsWith('/IngressVIPReady')),
    )
    expect(mended?.controlPlaneEndpoint.host).toBe('10.152.3.1')
  })

  it('a permission that is missing', async () => {
    const className = 'forbidden'
    await testbed.createClass(className)
    await testbed.createPool('10.152.4.1', { name: className, className })
    await account.withhold('create ipaddressclaims')
    await testbed.createCluster('forbidden', { className })
    const values = valuesFor('forbidden', { 'service-account': `${testbed.namespace}/allocator` })
    await expectSymptom(session, 'Permission missing', values)
    await account.withhold()
    expect(await testbed.hostOf('forbidden')).toBe('10.152.4.1')
  })

  it('a run whose argument names no Cluster', async () => {
    const values = valuesFor('nobody', { 'task-queue': suite.taskQueue, 'workflow-id': randomUUID() })
    await expectSymptom(session, 'Run failed', values)
  })

  it('a Cluster that the watcher leaves out', async () => {
    const { namespace } = elsewhere
    await elsewhere.createClass('outside')
    await elsewhere.createPool('10.152.5.1', { name: 'outside', className: 'outside' })
    await elsewhere.createCluster('outside', { className: 'outside' })
    const values = { ...valuesFor('outside'), namespace }
    await expectSymptom(session, 'Cluster not served', values, { namespace })
    await applyRemedy(session, 'Cluster not served', values, { namespace })
    const { controlPlaneEndpoint } = await elsewhere.untilServed('outside')
    expect(controlPlaneEndpoint.host).toBe('10.152.5.1')
  })

  it('a run that no Worker works at', async () => {
    const { namespace } = elsewhere
    const taskQueue = randomUUID()
    await elsewhere.createPool('10.152.6.1', { name: 'idle', className: 'idle' })
    await elsewhere.createClass('idle')
    await elsewhere.createCluster('idle', { className: 'idle' })
    const start = (command: 'watcher' | 'worker'): Promise<Allocator> =>
      startAllocator({
        stack,
        kubeconfigPath: realParts().allocatorKubeconfig,
        taskQueue,
        command,
        namespaces: [namespace],
      })
    const watcher = await start('watcher')
    try {
      const values = { ...valuesFor('idle', { 'task-queue': taskQueue }), namespace }
      await expectSymptom(session, 'No Worker', values, { namespace, taskQueue })
      const worker = await start('worker')
      try {
        const { controlPlaneEndpoint } = await elsewhere.untilServed('idle')
        expect(controlPlaneEndpoint.host).toBe('10.152.6.1')
      } finally {
        await worker.stop()
      }
    } finally {
      await watcher.stop()
    }
  })
})
