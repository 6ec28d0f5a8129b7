import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { releaseWorkflowIdFor, workflowIdFor } from '../../src/workflows/contract.ts'
import type { Facts } from '../support/promised-text.ts'
import { realParts } from '../support/real-parts.ts'
import { openAtWork, type AtWork } from './at-work.ts'
import { expectMended, expectShown, openHelpDesk, type HelpDesk } from './help-desk.ts'
import { postClaim } from './objects.ts'
import type { World } from './world.ts'

const { stack } = realParts()

let suite: AtWork
let world: World
let desk: HelpDesk

beforeAll(async () => {
  suite = await openAtWork()
  world = suite.world
  desk = await openHelpDesk(stack, { ...suite, namespace: world.namespace })
})

afterAll(async () => {
  try {
    await desk.close()
  } finally {
    await suite.close()
  }
})

/** What the page's placeholders stand for, where Cluster, class and pool of one story have one name. */
function factsOf(name: string, more: Facts = {}): Facts {
  const { namespace } = world
  return { namespace, cluster: name, class: name, pool: name, ...more }
}

/** A class with a pool of its own under one name. */
async function makeClass(name: string, addresses: string): Promise<void> {
  await world.createClass(name)
  await world.createPool(addresses, { name, className: name })
}

async function hostOf(name: string): Promise<string> {
  return (await world.untilServed(name)).controlPlaneEndpoint.host
}

/** Makes a class with a pool, and a Cluster that has an address of it. */
async function serve(name: string, addresses: string): Promise<string> {
  await makeClass(name, addresses)
  await world.createCluster(name, { className: name })
  return hostOf(name)
}

describe('docs/troubleshooting.md shows and mends', () => {
  // Takes a minute to become a leak, which the others use.
  it('a claim that is left behind by its Cluster, before it is one', async () => {
    await serve('left', '10.151.0.1')
    await world.pausePool('left', true)
    await world.deleteCluster('left')
    expect(await world.untilClaim('vip-cp-left', (now) => now?.isDeleting === true)).toBeDefined()
  })

  it('a Cluster that no pool is for', async () => {
    await world.createClass('unmatched')
    await world.createPool('10.151.1.1', { name: 'unmatched', className: 'another' })
    await world.createCluster('unmatched', { className: 'unmatched' })
    const facts = factsOf('unmatched', { 'other-class': 'another', reason: 'NoMatchingPool' })
    await expectShown(desk, 'One look', facts)
    await expectShown(desk, 'Waiting too long', facts)
    await expectShown(desk, 'No pool matches', facts)
    await expectMended(desk, 'No pool matches', facts)
    expect(await hostOf('unmatched')).toBe('10.151.1.1')
  })

  it('a pool without an address left', async () => {
    await serve('exhausted', '10.151.2.1')
    await world.untilPool('exhausted', (now) => now?.capacity?.free === 0)
    await world.createCluster('hungry', { className: 'exhausted' })
    const facts = { ...factsOf('exhausted'), cluster: 'hungry', addresses: '10.151.2.2-10.151.2.9' }
    await expectShown(desk, 'Pool exhausted', facts)
    await expectMended(desk, 'Pool exhausted', facts)
    expect(await hostOf('hungry')).toBe('10.151.2.2')
  })

  it('a pool that is paused', async () => {
    await makeClass('unready', '10.151.3.1')
    await world.pausePool('unready', true)
    await world.createCluster('unready', { className: 'unready' })
    await expectShown(desk, 'Pool not ready', factsOf('unready'))
    await expectMended(desk, 'Pool not ready', factsOf('unready'))
    expect(await hostOf('unready')).toBe('10.151.3.1')
  })

  it('a Cluster that is paused', async () => {
    await makeClass('paused', '10.151.4.1')
    await world.createCluster('paused', { className: 'paused', spec: 'paused: true' })
    const cluster = { namespace: world.namespace, name: 'paused' }
    await suite.temporal.client.workflow.start('allocateVip', {
      workflowId: workflowIdFor(cluster),
      taskQueue: suite.taskQueue,
      args: [cluster],
    })
    await expectShown(desk, 'Cluster paused', factsOf('paused'))
    await expectMended(desk, 'Cluster paused', factsOf('paused'))
    expect(await hostOf('paused')).toBe('10.151.4.1')
  })

  it('an endpoint that somebody typed in', async () => {
    await makeClass('typed', '10.151.5.1')
    const endpoint = 'controlPlaneEndpoint: { host: 10.151.5.99, port: 6443 }'
    await world.createCluster('typed', { className: 'typed', spec: endpoint })
    await expectShown(desk, 'Endpoint already set', factsOf('typed', { address: '10.151.5.99' }))
    expect(await hostOf('typed')).toBe('10.151.5.99')
  })

  it('a claim of somebody else in the way', async () => {
    await makeClass('contested', '10.151.6.1-10.151.6.2')
    const { metadata } = await world.api.send<{ metadata: { uid: string } }>({
      method: 'POST',
      path: `/api/v1/namespaces/${world.namespace}/configmaps`,
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'somebody' } },
    })
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'somebody', uid: metadata.uid }
    await postClaim(world, 'contested', 'contested', { ownerReferences: [owner] })
    await world.createCluster('contested', { className: 'contested' })
    const facts = factsOf('contested', { owner: 'ConfigMap somebody' })
    await expectShown(desk, 'Claim conflict', facts)
    await expectMended(desk, 'Claim conflict', facts)
    expect(await hostOf('contested')).toMatch(/^10\.151\.6\./)
  })

  it('an address that somebody else has', async () => {
    await world.createClass('twice')
    const address = '10.151.7.1'
    const endpoint = `controlPlaneEndpoint: { host: ${address}, port: 6443 }`
    await world.createCluster('twice-typed', { className: 'twice', spec: endpoint })
    await world.createPool('10.151.7.1-10.151.7.2', { name: 'twice', className: 'twice' })
    // The first count of a pool wakes the run, and a step that is woken tells its run nothing.
    await world.untilPool('twice', (now) => now?.capacity?.free === 2)
    await world.createCluster('twice', { className: 'twice' })
    const facts = factsOf('twice', { address, 'other-cluster': 'twice-typed' })
    await expectShown(desk, 'Duplicate address', facts)
    await expectMended(desk, 'Duplicate address', facts)
    expect(await hostOf('twice')).toBe('10.151.7.2')
  })

  it('an address that is lost', async () => {
    const address = await serve('lost', '10.151.8.1')
    await world.patch(world.path('inclusterippools', 'lost'), { spec: { addresses: ['10.151.8.9'] } })
    await world.api.send({ method: 'DELETE', path: world.path('ipaddressclaims', 'vip-cp-lost') })
    const facts = factsOf('lost', { address })
    await expectShown(desk, 'Address lost', facts)
    await expectMended(desk, 'Address lost', facts)
    await world.untilClaim('vip-cp-lost', (now) => now?.addressName !== undefined)
    expect(await hostOf('lost')).toBe(address)
  })

  it('a claim that is left behind by its Cluster', async () => {
    const claim = await world.untilClaim('vip-cp-left', (now) => now !== undefined)
    const uid = claim?.ownerReferences[0]?.uid ?? ''
    const facts = factsOf('left', { uid, address: '10.151.0.1' })
    await expectShown(desk, 'Leaked claim', facts)
    await expectMended(desk, 'Leaked claim', facts)
    const id = releaseWorkflowIdFor({ namespace: world.namespace, name: 'left', uid })
    await suite.temporal.client.workflow.getHandle(id).result()
    expect(await world.claims()).not.toContain('vip-cp-left')
  })
})
