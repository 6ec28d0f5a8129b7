import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { releaseWorkflowIdFor, workflowIdFor } from '../../src/workflows/contract.ts'
import type { PlaceholderValues } from '../support/expected-text.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'
import { applyRemedy, expectSymptom, openRunbookSession, type RunbookSession } from './runbook-session.ts'
import { postClaim } from './objects.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()

let suite: Fixture
let testbed: Testbed
let session: RunbookSession

beforeAll(async () => {
  suite = await openFixtureWithAllocator()
  testbed = suite.testbed
  session = await openRunbookSession(stack, { ...suite, namespace: testbed.namespace })
})

afterAll(async () => {
  try {
    await session.close()
  } finally {
    await suite.close()
  }
})

/** What the page's placeholders stand for, where Cluster, class and pool of one story have one name. */
function valuesFor(name: string, more: PlaceholderValues = {}): PlaceholderValues {
  const { namespace } = testbed
  return { namespace, cluster: name, class: name, pool: name, ...more }
}

/** A class with a pool of its own under one name. */
async function makeClass(name: string, addresses: string): Promise<void> {
  await testbed.createClass(name)
  await testbed.createPool(addresses, { name, className: name })
}

/** Makes a class with a pool, and a Cluster that has an address of it. */
async function serve(name: string, addresses: string): Promise<string> {
  await makeClass(name, addresses)
  await testbed.createCluster(name, { className: name })
  return testbed.hostOf(name)
}

describe('docs/troubleshooting.md shows and mends', () => {
  // Takes a minute to become a leak, which the others use.
  it('a claim that is left behind by its Cluster, before it is one', async () => {
    await serve('left', '10.151.0.1')
    await testbed.pausePool('left', true)
    await testbed.deleteCluster('left')
    expect(await testbed.untilClaim('vip-cp-left', (now) => now?.isDeleting === true)).toBeDefined()
  })

  it('a Cluster that no pool is for', async () => {
    await testbed.createClass('unmatched')
    await testbed.createPool('10.151.1.1', { name: 'unmatched', className: 'another' })
    await testbed.createCluster('unmatched', { className: 'unmatched' })
    const values = valuesFor('unmatched', { 'other-class': 'another', reason: 'NoMatchingPool' })
    await expectSymptom(session, 'One look', values)
    await applyRemedy(session, 'One look', values)
    await expectSymptom(session, 'Waiting too long', values)
    await expectSymptom(session, 'No pool matches', values)
    await applyRemedy(session, 'No pool matches', values)
    expect(await testbed.hostOf('unmatched')).toBe('10.151.1.1')
  })

  it('a pool without an address left', async () => {
    await serve('exhausted', '10.151.2.1')
    await testbed.untilPool('exhausted', (now) => now?.capacity?.free === 0)
    await testbed.createCluster('hungry', { className: 'exhausted' })
    const values = { ...valuesFor('exhausted'), cluster: 'hungry', addresses: '10.151.2.2-10.151.2.9' }
    await expectSymptom(session, 'Pool exhausted', values)
    await applyRemedy(session, 'Pool exhausted', values)
    expect(await testbed.hostOf('hungry')).toBe('10.151.2.2')
  })

  it('a pool that is paused', async () => {
    await makeClass('unready', '10.151.3.1')
    await testbed.pausePool('unready', true)
    await testbed.createCluster('unready', { className: 'unready' })
    await expectSymptom(session, 'Pool not ready', valuesFor('unready'))
    await applyRemedy(session, 'Pool not ready', valuesFor('unready'))
    expect(await testbed.hostOf('unready')).toBe('10.151.3.1')
  })

  it('a Cluster that is paused', async () => {
    await makeClass('paused', '10.151.4.1')
    await testbed.createCluster('paused', { className: 'paused', spec: 'paused: true' })
    const cluster = testbed.keyOf('paused')
    await suite.temporal.client.workflow.start('allocateVip', {
      workflowId: workflowIdFor(cluster),
      taskQueue: suite.taskQueue,
      args: [cluster],
    })
    await expectSymptom(session, 'Cluster paused', valuesFor('paused'))
    await applyRemedy(session, 'Cluster paused', valuesFor('paused'))
    expect(await testbed.hostOf('paused')).toBe('10.151.4.1')
  })

  it('an endpoint that somebody typed in', async () => {
    await makeClass('typed', '10.151.5.1')
    const endpoint = 'controlPlaneEndpoint: { host: 10.151.5.99, port: 6443 }'
    await testbed.createCluster('typed', { className: 'typed', spec: endpoint })
    await expectSymptom(session, 'Endpoint already set', valuesFor('typed', { address: '10.151.5.99' }))
    expect(await testbed.hostOf('typed')).toBe('10.151.5.99')
  })

  it('a claim of somebody else in the way', async () => {
    await makeClass('contested', '10.151.6.1-10.151.6.2')
    const { metadata } = await testbed.api.send<{ metadata: { uid: string } }>({
      method: 'POST',
      path: `/api/v1/namespaces/${testbed.namespace}/configmaps`,
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'somebody' } },
    })
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'somebody', uid: metadata.uid }
    await postClaim(testbed, 'contested', 'contested', { ownerReferences: [owner] })
    await testbed.createCluster('contested', { className: 'contested' })
    const values = valuesFor('contested', { owner: 'ConfigMap somebody' })
    await expectSymptom(session, 'Claim conflict', values)
    await applyRemedy(session, 'Claim conflict', values)
    expect(await testbed.hostOf('contested')).toMatch(/^10\.151\.6\./)
  })

  it('an address that somebody else has', async () => {
    await testbed.createClass('twice')
    const address = '10.151.7.1'
    const endpoint = `controlPlaneEndpoint: { host: ${address}, port: 6443 }`
    await testbed.createCluster('twice-typed', { className: 'twice', spec: endpoint })
    await testbed.createPool('10.151.7.1-10.151.7.2', { name: 'twice', className: 'twice' })
    // The first count of a pool wakes the run, and a step that is woken tells its run nothing.
    await testbed.untilPool('twice', (now) => now?.capacity?.free === 2)
    await testbed.createCluster('twice', { className: 'twice' })
    const values = valuesFor('twice', { address, 'other-cluster': 'twice-typed' })
    await expectSymptom(session, 'Duplicate address', values)
    await applyRemedy(session, 'Duplicate address', values)
    expect(await testbed.hostOf('twice')).toBe('10.151.7.2')
  })

  it('an address that is lost', async () => {
    const address = await serve('lost', '10.151.8.1')
    await testbed.patch(testbed.path('inclusterippools', 'lost'), { spec: { addresses: ['10.151.8.9'] } })
    await testbed.delete('ipaddressclaims', 'vip-cp-lost')
    const values = valuesFor('lost', { address })
    await expectSymptom(session, 'Address lost', values)
    await applyRemedy(session, 'Address lost', values)
    await testbed.untilClaim('vip-cp-lost', (now) => now?.addressName !== undefined)
    expect(await testbed.hostOf('lost')).toBe(address)
  })

  it('a claim that is left behind by its Cluster', async () => {
    const claim = await testbed.untilClaim('vip-cp-left', (now) => now !== undefined)
    const uid = claim?.ownerReferences[0]?.uid ?? ''
    const values = valuesFor('left', { uid, address: '10.151.0.1' })
    await expectSymptom(session, 'Leaked claim', values)
    await applyRemedy(session, 'Leaked claim', values)
    const id = releaseWorkflowIdFor({ namespace: testbed.namespace, name: 'left', uid })
    await suite.temporal.client.workflow.getHandle(id).result()
    expect(await testbed.claims()).not.toContain('vip-cp-left')
  })
})
