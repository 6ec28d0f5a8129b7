import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import type { Allocator } from '../../dev/allocator.ts'
import { startAllocator } from '../support/allocator.ts'
import type { Facts } from '../support/promised-text.ts'
import { realParts } from '../support/real-parts.ts'
import { openIdle, type AtWork } from './at-work.ts'
import { expectMended, expectShown, openHelpDesk, type HelpDesk } from './help-desk.ts'
import { changeClass, optionalTexts, postCluster } from './objects.ts'
import { createOwnAccount, type OwnAccount } from './own-account.ts'
import { untilPending } from './pending.ts'
import type { TemporalView } from './temporal.ts'
import { openWorld, type World } from './world.ts'

const { stack } = realParts()

let suite: AtWork
let world: World
/** Nobody serves it. */
let elsewhere: World
let temporal: TemporalView
let account: OwnAccount
let desk: HelpDesk

beforeAll(async () => {
  suite = await openIdle()
  ;({ world, temporal } = suite)
  elsewhere = await openWorld(stack)
  account = await createOwnAccount(stack, world)
  await suite.start({ kubeconfigPath: account.kubeconfigPath })
  desk = await openHelpDesk(stack, { ...suite, namespace: world.namespace })
})

afterAll(() =>
  suite.close(async () => {
    await desk.close()
    await elsewhere.close()
  }),
)

/** What the page's placeholders stand for, where Cluster, class and pool of one story have one name. */
function factsOf(name: string, more: Facts = {}): Facts {
  const { namespace } = world
  return { namespace, cluster: name, class: name, pool: name, ...more }
}

async function hostOf(name: string): Promise<string> {
  return (await world.untilServed(name)).controlPlaneEndpoint.host
}

describe('docs/troubleshooting.md shows and mends', () => {
  it('a variable that the ClusterClass does not define', async () => {
    const className = 'shrunk'
    await world.createClass(className)
    await changeClass(world, className, { variables: optionalTexts('clusterVip', 'color', 'size') })
    const variables = [
      { name: 'color', value: 'red' },
      { name: 'size', value: 'big' },
    ]
    await postCluster(world, 'shrunk', { className, variables })
    const key = { namespace: world.namespace, name: 'shrunk' }
    await untilPending(temporal, key, 'selectIPPool', 'NoMatchingPool')
    await changeClass(world, className, { variables: optionalTexts('clusterVip', 'size') })
    await world.createPool('10.152.1.1', { name: 'shrunk', className })
    const facts = factsOf('shrunk', {
      address: '10.152.1.1',
      variable: 'color',
      reason: 'ClusterRejected',
    })
    await expectShown(desk, 'Undefined variable', facts)
    await expectShown(desk, 'Step errors', facts)
    await expectMended(desk, 'Undefined variable', facts)
    expect(await hostOf('shrunk')).toBe('10.152.1.1')
  })

  it('a ClusterClass that is gone', async () => {
    const className = 'vanished'
    await world.createPool('10.152.2.1', { name: className, className })
    await world.createCluster('vanished', { className })
    await expectShown(desk, 'ClusterClass gone', factsOf('vanished'))
    await world.createClass(className)
    expect(await hostOf('vanished')).toBe('10.152.2.1')
  })

  it('an annotation that cannot be read', async () => {
    const className = 'unreadable'
    await world.createClass(className)
    await world.createPool('10.152.3.1', { name: className, className })
    const annotations = { 'vip.capi.gorizond.io/ingress-enabled': 'yes' }
    await world.createCluster('unreadable', { className, annotations })
    await expectShown(desk, 'Annotation unreadable', factsOf('unreadable'))
    await expectMended(desk, 'Annotation unreadable', factsOf('unreadable'))
    const mended = await world.untilCluster(
      'unreadable',
      (now) => !now?.conditions.some(({ type }) => type.endsWith('/IngressVIPReady')),
    )
    expect(mended?.controlPlaneEndpoint.host).toBe('10.152.3.1')
  })

  it('a permission that is missing', async () => {
    const className = 'forbidden'
    await world.createClass(className)
    await world.createPool('10.152.4.1', { name: className, className })
    await account.withhold('create ipaddressclaims')
    await world.createCluster('forbidden', { className })
    const facts = factsOf('forbidden', { 'service-account': `${world.namespace}/allocator` })
    await expectShown(desk, 'Permission missing', facts)
    await account.withhold()
    expect(await hostOf('forbidden')).toBe('10.152.4.1')
  })

  it('a run whose argument names no Cluster', async () => {
    const facts = factsOf('nobody', { 'task-queue': suite.taskQueue, 'workflow-id': randomUUID() })
    await expectShown(desk, 'Run failed', facts)
  })

  it('a Cluster that the watcher leaves out', async () => {
    const { namespace } = elsewhere
    await elsewhere.createClass('outside')
    await elsewhere.createPool('10.152.5.1', { name: 'outside', className: 'outside' })
    await elsewhere.createCluster('outside', { className: 'outside' })
    const facts = { ...factsOf('outside'), namespace }
    await expectShown(desk, 'Cluster not served', facts, { namespace })
    await expectMended(desk, 'Cluster not served', facts, { namespace })
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
      const facts = { ...factsOf('idle', { 'task-queue': taskQueue }), namespace }
      await expectShown(desk, 'No Worker', facts, { namespace, taskQueue })
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
