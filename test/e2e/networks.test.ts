import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'
import type { Testbed } from './testbed.ts'

const range = '10.166.0.10-10.166.0.11'

let suite: Fixture
let testbed: Testbed

beforeAll(async () => {
  suite = await openFixtureWithAllocator()
  ;({ testbed } = suite)
})

afterAll(() => suite.close())

/** Creates a class with a pool of the same range as every other, on a network of its own. Resolves with the class. */
async function createTenant(network: string): Promise<string> {
  const className = `${network}-class`
  await testbed.createClass(className)
  const annotations = { 'vip.capi.gorizond.io/network': network }
  await testbed.createPool(range, { name: `${network}-pool`, className, annotations })
  return className
}

describe('two tenants with the same private range', () => {
  it('are all served if their pools are on two networks, and nothing is wrong', async () => {
    const clusters = ['red-1', 'red-2', 'blue-1', 'blue-2']
    const [red, blue] = [await createTenant('red'), await createTenant('blue')]
    for (const name of clusters) {
      await testbed.createCluster(name, { className: name.startsWith('red') ? red : blue })
    }
    const hosts = await Promise.all(clusters.map(async (name) => testbed.hostOf(name)))
    expect(hosts.slice(0, 2).toSorted()).toEqual(['10.166.0.10', '10.166.0.11'])
    expect(hosts.slice(2).toSorted()).toEqual(['10.166.0.10', '10.166.0.11'])
    const first = await testbed.untilServed('blue-1')
    expect(first.annotations['vip.capi.gorizond.io/control-plane-network']).toBe('blue')
    expect(await suite.print('status', '--problems')).not.toContain('10.166.0.1')
    expect(await suite.print('doctor')).not.toContain('both have 10.166.0')
    expect(await suite.print('pools')).toMatch(/blue-pool .*blue/)
  })

  it('wait for each other if their pools are on one network', async () => {
    const annotations = { 'vip.capi.gorizond.io/network': 'blue' }
    await testbed.createClass('late-class')
    await testbed.createPool(range, { name: 'late-pool', className: 'late-class', annotations })
    await testbed.createCluster('late', { className: 'late-class' })
    const waiting = await testbed.untilCluster(
      'late',
      (now) => now?.conditions.some(({ reason }) => reason === 'PoolExhausted') === true,
    )
    expect(waiting?.controlPlaneEndpoint.host).toBe('')
    await testbed.deleteCluster('late')
  })
})
