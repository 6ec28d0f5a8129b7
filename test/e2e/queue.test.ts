import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Allocator } from '../../dev/allocator.ts'
import { vipConditionOf } from '../../src/domain/allocation/vip-condition.ts'
import { formatKey } from '../../src/domain/model/object-meta.ts'
import { eventually } from '../support/eventually.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { scrapeOf } from './scrape.ts'
import type { Testbed } from './testbed.ts'

const priority = 'vip.capi.gorizond.io/queue-priority'

let suite: Fixture
let testbed: Testbed
let replicas: readonly Allocator[]

beforeAll(async () => {
  suite = await openFixture()
  ;({ testbed } = suite)
  replicas = [await suite.start(), await suite.start()]
})

afterAll(() => suite.close())

/** Creates a Cluster, and waits until it waits; two of them never wait since the same second. */
async function queueUp(
  name: string,
  className: string,
  annotations: Readonly<Record<string, string>> = {},
): Promise<string> {
  await testbed.createCluster(name, { className, annotations })
  const found = await testbed.untilCluster(
    name,
    (now) => now !== undefined && vipConditionOf(now, 'control-plane')?.reason === 'PoolExhausted',
  )
  const since = (found && vipConditionOf(found, 'control-plane')?.lastTransitionTime) ?? ''
  await eventually('the next second', async () =>
    Date.now() >= Date.parse(since) + 1_000 ? true : undefined,
  )
  return since
}

/** Resolves with the Cluster that is served next. */
function nextServed(names: readonly string[]): Promise<string> {
  return Promise.race(names.map(async (name) => testbed.untilServed(name).then(() => name)))
}

describe('Clusters that wait for the one address of a pool', () => {
  const className = 'line'
  // In the reverse order of their names.
  const waiting = ['z-first', 'm-second', 'a-third']

  beforeAll(async () => {
    await testbed.createClass(className)
    await testbed.createPool('10.138.0.10', { name: 'line', className })
    await testbed.createCluster('holder', { className })
    await testbed.untilServed('holder')
    for (const name of waiting) await queueUp(name, className)
  })

  it('are shown with their places by pools, status, plan and metrics', async () => {
    const pools = JSON.parse(await suite.print('pools', '--output=json')) as {
      pools: { name: string; queue: { cluster: { name: string }; since: string; priority: number }[] }[]
    }
    const queue = pools.pools.find(({ name }) => name === 'line')?.queue ?? []
    expect(queue.map(({ cluster }) => cluster.name)).toEqual(waiting)
    expect(queue.map(({ since }) => since)).toEqual(queue.map(({ since }) => since).toSorted())
    expect(await suite.print('pools')).toContain('Queue of InClusterIPPool/line:')
    const place = `place 2 of 3 in the queue, since ${queue[1]?.since}`
    const second = formatKey(testbed.keyOf('m-second'))
    expect(await suite.print('status', second)).toContain(place)
    expect(await suite.print('plan', second)).toContain(`Waits at ${place}`)
    expect(await suite.print('plan', second, '--output=json')).toContain('"place": 2')
    const labels = { pool_name: 'line', kind: 'InClusterIPPool', namespace: testbed.namespace }
    const scrape = scrapeOf(suite.allocator)
    await scrape.untilIs('queue_length', labels, 3)
    expect(await scrape.value('queue_longest_wait_seconds', labels)).toBeGreaterThan(1)
  })

  it('hold no claims but the first, so that the provider cannot serve them in another order', async () => {
    const claims = (await testbed.claims()).filter((name) => waiting.some((each) => name.endsWith(each)))
    expect(claims.filter((name) => name !== 'vip-cp-z-first')).toEqual([])
  })

  it('are served in the order in which they began to wait, also after a restart and while new ones come', async () => {
    const [first, second] = replicas
    await first?.stop()
    await suite.start()
    await testbed.createCluster('a-newcomer', { className })
    await testbed.deleteCluster('holder')
    const order: string[] = []
    const all = [...waiting, 'a-newcomer', 'a-late']
    let left: readonly string[] = all
    await testbed.createCluster('a-late', { className })
    for (const _ of waiting) {
      const name = await nextServed(left)
      order.push(name)
      left = left.filter((each) => each !== name)
      if (order.length === 1) await second?.stop()
      await testbed.deleteCluster(name)
    }
    expect(order).toEqual(waiting)
  })
})

describe('a queue-priority', () => {
  const className = 'urgent'

  it('puts a Cluster before those that wait for longer, and a lower one behind them', async () => {
    await testbed.createClass(className)
    await testbed.createPool('10.138.1.10', { name: 'urgent', className })
    await testbed.createCluster('u-holder', { className })
    await testbed.untilServed('u-holder')
    await queueUp('u-low', className, { [priority]: '-1' })
    await queueUp('u-plain', className)
    await queueUp('u-high', className, { [priority]: '5' })
    const order: string[] = []
    let left: readonly string[] = ['u-low', 'u-plain', 'u-high']
    await testbed.deleteCluster('u-holder')
    for (const _ of [1, 2, 3]) {
      const name = await nextServed(left)
      order.push(name)
      left = left.filter((each) => each !== name)
      await testbed.deleteCluster(name)
    }
    expect(order).toEqual(['u-high', 'u-plain', 'u-low'])
  })

  it('that is no integer is shown with its value, and the Cluster is served once it is corrected', async () => {
    const name = 'u-wrong'
    await testbed.createCluster(name, { className, annotations: { [priority]: 'high' } })
    const message = `annotation ${priority} of Cluster ${formatKey(testbed.keyOf(name))} is "high", expected an integer`
    const found = await testbed.untilCluster(
      name,
      (now) => now !== undefined && vipConditionOf(now, 'control-plane')?.reason === 'AllocationFailed',
    )
    expect(found && vipConditionOf(found, 'control-plane')?.message).toBe(message)
    await testbed.patch(testbed.path('clusters', name), { metadata: { annotations: { [priority]: '1' } } })
    expect(await testbed.hostOf(name)).toBe('10.138.1.10')
  })
})

describe('Clusters of two pools that overlap', () => {
  it('keep no address for an earlier one that cannot use it', async () => {
    for (const name of ['both', 'only']) await testbed.createClass(name)
    const classes = (names: string) => ({
      labels: { 'vip.capi.gorizond.io/cluster-class': 'true' },
      annotations: { 'vip.capi.gorizond.io/cluster-class': names },
    })
    await testbed.createPool('10.138.2.10', { name: 'p-both', ...classes('both') })
    await testbed.createPool('10.138.3.10', { name: 'q-all', ...classes('both,only') })
    for (const name of ['h1', 'h2']) {
      await testbed.createCluster(name, { className: 'both' })
      await testbed.untilServed(name)
    }
    await queueUp('o-only', 'only')
    await queueUp('o-both', 'both')
    await testbed.deleteCluster('h1')
    expect(await testbed.hostOf('o-both')).toBe('10.138.2.10')
    await testbed.deleteCluster('h2')
    expect(await testbed.hostOf('o-only')).toBe('10.138.3.10')
  })
})
