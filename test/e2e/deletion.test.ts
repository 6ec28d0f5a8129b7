import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { openIdle, type AtWork } from './at-work.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { getObject, holdFinalizer, letGo, postClaim, postCluster, untilAllFree } from './objects.ts'
import { createOwnAccount, type OwnAccount } from './own-account.ts'
import { outcomeOf, untilPending } from './pending.ts'
import type { TemporalView } from './temporal.ts'
import type { World } from './world.ts'

const { stack } = realParts()
/** Of each of two Clusters; every stage of an allocation comes in at least once for most seeds. */
const recreations = 6

let suite: AtWork
let world: World
let temporal: TemporalView
let account: OwnAccount

beforeAll(async () => {
  suite = await openIdle()
  ;({ world, temporal } = suite)
  account = await createOwnAccount(stack, world)
  await suite.start({ kubeconfigPath: account.kubeconfigPath })
})

afterAll(() => suite.close())

function keyOf(name: string): { readonly namespace: string; readonly name: string } {
  return { namespace: world.namespace, name }
}

/** A ClusterClass and a pool of the test's own, `<prefix>-class` and `<prefix>-pool`. */
async function prepare(prefix: string, addresses: string): Promise<string> {
  const className = `${prefix}-class`
  await world.createClass(className)
  await world.createPool(addresses, { name: `${prefix}-pool`, className })
  return className
}

/** Resolves when the Cluster is gone, its claim and address too, and the whole pool is free again. */
async function expectNothingLeft(name: string, pool: string): Promise<void> {
  await world.untilCluster(name, (now) => now === undefined)
  await world.untilClaim(`vip-cp-${name}`, (now) => now === undefined)
  await untilAllFree(world, pool)
  expect(await world.addresses()).not.toContain(`vip-cp-${name}`)
}

const deleted = { outcome: 'skipped', reason: 'ClusterDeleted' }

describe('a Cluster that is deleted', () => {
  it('while it waits for a pool ends its run and leaves nothing', async () => {
    const className = 'poolless-class'
    await world.createClass(className)
    await world.createCluster('poolless', { className })
    await untilPending(temporal, keyOf('poolless'), 'selectIPPool', 'NoMatchingPool')
    await world.deleteCluster('poolless')
    expect(await outcomeOf(temporal, keyOf('poolless'))).toEqual(deleted)
    await world.createPool('10.143.0.1-10.143.0.9', { name: 'poolless-pool', className })
    await expectNothingLeft('poolless', 'poolless-pool')
  })

  it('between pool and claim ends its run and leaves nothing', async () => {
    const className = await prepare('unclaimed', '10.143.1.1-10.143.1.9')
    await account.withhold('create ipaddressclaims')
    await world.createCluster('unclaimed', { className })
    await untilPending(temporal, keyOf('unclaimed'), 'ensureIPAddressClaim', 'AllocationFailed')
    await world.deleteCluster('unclaimed')
    await account.withhold()
    expect(await outcomeOf(temporal, keyOf('unclaimed'))).toEqual(deleted)
    await expectNothingLeft('unclaimed', 'unclaimed-pool')
  })

  it('between claim and address ends its run and leaves nothing', async () => {
    const className = await prepare('unbound', '10.143.2.1-10.143.2.9')
    await world.pausePool('unbound-pool', true)
    // A paused pool is not chosen, so the claim is there first, and adopted.
    await postClaim(world, 'unbound', 'unbound-pool')
    await world.createCluster('unbound', { className })
    await untilPending(temporal, keyOf('unbound'), 'awaitIPAddress', 'PoolNotReady')
    await world.deleteCluster('unbound')
    expect(await outcomeOf(temporal, keyOf('unbound'))).toEqual(deleted)
    await world.pausePool('unbound-pool', false)
    await expectNothingLeft('unbound', 'unbound-pool')
  })

  it('between address and endpoint ends its run and leaves nothing', async () => {
    const className = await prepare('unassigned', '10.143.3.1-10.143.3.9')
    await account.withhold('patch clusters')
    await world.createCluster('unassigned', { className })
    await untilPending(temporal, keyOf('unassigned'), 'assignVip', 'ClusterRejected')
    await world.deleteCluster('unassigned')
    await account.withhold()
    expect(await outcomeOf(temporal, keyOf('unassigned'))).toEqual(deleted)
    await expectNothingLeft('unassigned', 'unassigned-pool')
  })

  it('after it was served leaves nothing', async () => {
    const className = await prepare('served', '10.143.4.1-10.143.4.9')
    await world.createCluster('served', { className })
    await world.untilServed('served')
    await world.deleteCluster('served')
    await expectNothingLeft('served', 'served-pool')
  })

  it('in the foreground keeps its address from others until it is gone', async () => {
    const className = await prepare('slow', '10.143.5.1-10.143.5.9')
    await postCluster(world, 'slow', { className, metadata: { finalizers: [holdFinalizer] } })
    const { host } = (await world.untilServed('slow')).controlPlaneEndpoint
    await world.api.send({
      method: 'DELETE',
      path: world.path('clusters', 'slow'),
      body: { propagationPolicy: 'Foreground' },
    })
    await world.untilClaim('vip-cp-slow', (now) => now === undefined)
    const names = ['quick-0', 'quick-1', 'quick-2']
    await Promise.all(names.map((name) => world.createCluster(name, { className })))
    const others = await Promise.all(names.map((name) => world.untilServed(name)))
    const slow = await getObject(world, 'clusters', 'slow')
    await letGo(world, 'clusters', 'slow')
    expect(slow.metadata.deletionTimestamp).toBeDefined()
    expect(slow.spec['controlPlaneEndpoint']).toMatchObject({ host })
    const hosts = others.map(({ controlPlaneEndpoint }) => controlPlaneEndpoint.host)
    expect(new Set([host, ...hosts]).size).toBe(1 + names.length)

    await Promise.all(names.map((name) => world.deleteCluster(name)))
    for (const name of ['slow', ...names]) await expectNothingLeft(name, 'slow-pool')
  })
})

describe('a Cluster that is re-created under its name', () => {
  it('at once, again and again, has one claim in the end, its own', async () => {
    const className = await prepare('phoenix', '10.143.6.1-10.143.6.9')
    const random = seededRandom('re-creation')
    const names = ['phoenix-0', 'phoenix-1']
    /** How far an allocation gets before its Cluster is deleted. */
    const reached = {
      created: async () => undefined,
      claimed: (name: string) => world.untilClaim(`vip-cp-${name}`, (now) => now !== undefined),
      bound: (name: string) => world.untilClaim(`vip-cp-${name}`, (now) => now?.addressName !== undefined),
      served: (name: string) => world.untilServed(name),
    }
    await Promise.all(
      names.map(async (name) => {
        for (let round = 0; round < recreations; round += 1) {
          await world.createCluster(name, { className })
          const stage = random.pick<keyof typeof reached>(['created', 'claimed', 'bound', 'served'])
          await reached[stage](name)
          await world.deleteCluster(name)
          await world.untilCluster(name, (now) => now === undefined)
        }
        await world.createCluster(name, { className })
      }),
    )
    const hosts = await Promise.all(
      names.map(async (name) => {
        const { uid, controlPlaneEndpoint } = await world.untilServed(name)
        const claim = await world.untilClaim(
          `vip-cp-${name}`,
          (now) => now?.addressName !== undefined && !now.isDeleting,
        )
        expect(claim?.ownerReferences).toMatchObject([{ kind: 'Cluster', name, uid }])
        const address = await getObject(world, 'ipaddresses', claim?.addressName ?? '')
        expect(address.spec['address']).toBe(controlPlaneEndpoint.host)
        return controlPlaneEndpoint.host
      }),
    )
    expect(new Set(hosts).size).toBe(names.length)
    await eventually('the pool to count one address each', async () => {
      const { status } = await getObject(world, 'inclusterippools', 'phoenix-pool')
      const { used } = (status?.['ipAddresses'] ?? {}) as { used?: number }
      return used === names.length ? true : undefined
    })
    const claims = (await world.claims()).filter((claim) => claim.startsWith('vip-cp-phoenix-'))
    expect(claims.toSorted()).toEqual(names.map((name) => `vip-cp-${name}`))
  })
})
