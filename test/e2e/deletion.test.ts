import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { seededRandom } from '../support/seeded-random.ts'
import {
  getObject,
  testFinalizer,
  removeTestFinalizer,
  postClaim,
  postCluster,
  untilAllFree,
} from './objects.ts'
import { createRevocableAccount, type RevocableAccount } from './revocable-account.ts'
import type { TemporalView } from './temporal.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()
/** Of each of two Clusters; every stage of an allocation comes in at least once for most seeds. */
const recreations = 6

let suite: Fixture
let testbed: Testbed
let temporal: TemporalView
let account: RevocableAccount

beforeAll(async () => {
  suite = await openFixture()
  ;({ testbed, temporal } = suite)
  account = await createRevocableAccount(stack, testbed)
  await suite.start({ kubeconfigPath: account.kubeconfigPath })
})

afterAll(() => suite.close())

/** Resolves when the Cluster is gone, its claim and address too, and the whole pool is free again. */
async function expectNothingLeft(name: string, pool: string): Promise<void> {
  await testbed.untilCluster(name, (now) => now === undefined)
  await testbed.untilClaim(`vip-cp-${name}`, (now) => now === undefined)
  await untilAllFree(testbed, pool)
  expect(await testbed.addresses()).not.toContain(`vip-cp-${name}`)
}

const deleted = { outcome: 'skipped', reason: 'ClusterDeleted' }

describe('a Cluster that is deleted', () => {
  it('while it waits for a pool ends its run and leaves nothing', async () => {
    const className = 'poolless-class'
    await testbed.createClass(className)
    await testbed.createCluster('poolless', { className })
    await temporal.untilPending(testbed.keyOf('poolless'), {
      activity: 'selectIPPool',
      reason: 'NoMatchingPool',
    })
    await testbed.deleteCluster('poolless')
    expect(await temporal.outcomeOf(testbed.keyOf('poolless'))).toEqual(deleted)
    await testbed.createPool('10.143.0.1-10.143.0.9', { name: 'poolless-pool', className })
    await expectNothingLeft('poolless', 'poolless-pool')
  })

  it('between pool and claim ends its run and leaves nothing', async () => {
    const className = await testbed.createClassWithPool('unclaimed', '10.143.1.1-10.143.1.9')
    await account.withhold('create ipaddressclaims')
    await testbed.createCluster('unclaimed', { className })
    await temporal.untilPending(testbed.keyOf('unclaimed'), {
      activity: 'ensureIPAddressClaim',
      reason: 'AllocationFailed',
    })
    await testbed.deleteCluster('unclaimed')
    await account.withhold()
    expect(await temporal.outcomeOf(testbed.keyOf('unclaimed'))).toEqual(deleted)
    await expectNothingLeft('unclaimed', 'unclaimed-pool')
  })

  it('between claim and address ends its run and leaves nothing', async () => {
    const className = await testbed.createClassWithPool('unbound', '10.143.2.1-10.143.2.9')
    await testbed.pausePool('unbound-pool', true)
    // A paused pool is not chosen, so the claim is there first, and adopted.
    await postClaim(testbed, 'unbound', 'unbound-pool')
    await testbed.createCluster('unbound', { className })
    await temporal.untilPending(testbed.keyOf('unbound'), {
      activity: 'awaitIPAddress',
      reason: 'PoolNotReady',
    })
    await testbed.deleteCluster('unbound')
    expect(await temporal.outcomeOf(testbed.keyOf('unbound'))).toEqual(deleted)
    await testbed.pausePool('unbound-pool', false)
    await expectNothingLeft('unbound', 'unbound-pool')
  })

  it('between address and endpoint ends its run and leaves nothing', async () => {
    const className = await testbed.createClassWithPool('unassigned', '10.143.3.1-10.143.3.9')
    await account.withhold('patch clusters')
    await testbed.createCluster('unassigned', { className })
    await temporal.untilPending(testbed.keyOf('unassigned'), {
      activity: 'assignVip',
      reason: 'ClusterRejected',
    })
    await testbed.deleteCluster('unassigned')
    await account.withhold()
    expect(await temporal.outcomeOf(testbed.keyOf('unassigned'))).toEqual(deleted)
    await expectNothingLeft('unassigned', 'unassigned-pool')
  })

  it('after it was served leaves nothing', async () => {
    const className = await testbed.createClassWithPool('served', '10.143.4.1-10.143.4.9')
    await testbed.createCluster('served', { className })
    await testbed.untilServed('served')
    await testbed.deleteCluster('served')
    await expectNothingLeft('served', 'served-pool')
  })

  it('in the foreground keeps its address from others until it is gone', async () => {
    const className = await testbed.createClassWithPool('slow', '10.143.5.1-10.143.5.9')
    await postCluster(testbed, 'slow', { className, metadata: { finalizers: [testFinalizer] } })
    const { host } = (await testbed.untilServed('slow')).controlPlaneEndpoint
    await testbed.api.send({
      method: 'DELETE',
      path: testbed.path('clusters', 'slow'),
      body: { propagationPolicy: 'Foreground' },
    })
    await testbed.untilClaim('vip-cp-slow', (now) => now === undefined)
    const names = ['quick-0', 'quick-1', 'quick-2']
    await Promise.all(names.map((name) => testbed.createCluster(name, { className })))
    const others = await Promise.all(names.map((name) => testbed.untilServed(name)))
    const slow = await getObject(testbed, 'clusters', 'slow')
    await removeTestFinalizer(testbed, 'clusters', 'slow')
    expect(slow.metadata.deletionTimestamp).toBeDefined()
    expect(slow.spec['controlPlaneEndpoint']).toMatchObject({ host })
    const hosts = others.map(({ controlPlaneEndpoint }) => controlPlaneEndpoint.host)
    expect(new Set([host, ...hosts]).size).toBe(1 + names.length)

    await Promise.all(names.map((name) => testbed.deleteCluster(name)))
    for (const name of ['slow', ...names]) await expectNothingLeft(name, 'slow-pool')
  })
})

describe('a Cluster that is re-created under its name', () => {
  it('at once, again and again, has one claim in the end, its own', async () => {
    const className = await testbed.createClassWithPool('phoenix', '10.143.6.1-10.143.6.9')
    const random = seededRandom('re-creation')
    const names = ['phoenix-0', 'phoenix-1']
    /** How far an allocation gets before its Cluster is deleted. */
    const reached = {
      created: async () => undefined,
      claimed: (name: string) => testbed.untilClaim(`vip-cp-${name}`, (now) => now !== undefined),
      bound: (name: string) => testbed.untilClaim(`vip-cp-${name}`, (now) => now?.addressName !== undefined),
      served: (name: string) => testbed.untilServed(name),
    }
    await Promise.all(
      names.map(async (name) => {
        for (let round = 0; round < recreations; round += 1) {
          await testbed.createCluster(name, { className })
          const stage = random.pick<keyof typeof reached>(['created', 'claimed', 'bound', 'served'])
          await reached[stage](name)
          await testbed.deleteCluster(name)
          await testbed.untilCluster(name, (now) => now === undefined)
        }
        await testbed.createCluster(name, { className })
      }),
    )
    const hosts = await Promise.all(
      names.map(async (name) => {
        const { uid, controlPlaneEndpoint } = await testbed.untilServed(name)
        const claim = await testbed.untilClaim(
          `vip-cp-${name}`,
          (now) => now?.addressName !== undefined && !now.isDeleting,
        )
        expect(claim?.ownerReferences).toMatchObject([{ kind: 'Cluster', name, uid }])
        const address = await getObject(testbed, 'ipaddresses', claim?.addressName ?? '')
        expect(address.spec['address']).toBe(controlPlaneEndpoint.host)
        return controlPlaneEndpoint.host
      }),
    )
    expect(new Set(hosts).size).toBe(names.length)
    await eventually('the pool to count one address each', async () => {
      const { status } = await getObject(testbed, 'inclusterippools', 'phoenix-pool')
      const { used } = (status?.['ipAddresses'] ?? {}) as { used?: number }
      return used === names.length ? true : undefined
    })
    const claims = (await testbed.claims()).filter((claim) => claim.startsWith('vip-cp-phoenix-'))
    expect(claims.toSorted()).toEqual(names.map((name) => `vip-cp-${name}`))
  })
})
