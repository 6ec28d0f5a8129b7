import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { allocateVipType, workflowIdFor } from '../../src/workflows/contract.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixture, type Fixture } from './fixture.ts'
import {
  getObject,
  ourWrites,
  patchObject,
  postClaim,
  postCluster,
  untilAllFree,
  type StoredObject,
} from './objects.ts'
import { createRevocableAccount, type RevocableAccount } from './revocable-account.ts'
import type { TemporalView } from './temporal.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()
const pausedAnnotation = 'cluster.x-k8s.io/paused'

let suite: Fixture
let testbed: Testbed
let temporal: TemporalView
let account: RevocableAccount

beforeAll(async () => {
  suite = await openFixture()
  ;({ testbed, temporal } = suite)
  await testbed.createPool('10.142.0.10-10.142.0.99')
  account = await createRevocableAccount(stack, testbed)
  await suite.start({ kubeconfigPath: account.kubeconfigPath })
})

afterAll(() => suite.close())

/** The two ways to pause a Cluster, as the merge patches that do and undo it. */
const ways = [
  { way: 'spec', pause: { spec: { paused: true } }, unpause: { spec: { paused: null } } },
  {
    way: 'annotation',
    pause: { metadata: { annotations: { [pausedAnnotation]: '' } } },
    unpause: { metadata: { annotations: { [pausedAnnotation]: null } } },
  },
] as const

/** One Cluster for each way to pause, under names that begin alike. */
function clustersOf(prefix: string): readonly { name: string; pause: object; unpause: object }[] {
  return ways.map(({ way, ...patches }) => ({ name: `${prefix}-${way}`, ...patches }))
}

type Paused = ReturnType<typeof clustersOf>[number]

/** What the allocator has written to the Cluster and, if there is one, to its claim. */
async function writesFor(name: string): Promise<unknown> {
  const hasClaim = (await testbed.claims()).includes(`vip-cp-${name}`)
  const objects: readonly StoredObject[] = await Promise.all([
    getObject(testbed, 'clusters', name),
    ...(hasClaim ? [getObject(testbed, 'ipaddressclaims', `vip-cp-${name}`)] : []),
  ])
  return objects.map((object) => ({ kind: object.kind, writes: ourWrites(object) }))
}

/**
 * Pauses the Clusters, gives them what their allocation waited for, and shows that the step sees the pause and writes
 * nothing; then unpauses them and waits until they are served.
 */
async function expectNoWriteDuringPause(
  activity: string,
  clusters: readonly Paused[],
  wayFree: () => Promise<void>,
): Promise<void> {
  await Promise.all(
    clusters.map(({ name, pause }) => patchObject(testbed, testbed.path('clusters', name), pause)),
  )
  const before = await Promise.all(clusters.map(({ name }) => writesFor(name)))
  await wayFree()
  await Promise.all(
    clusters.map(async ({ name }) => {
      await temporal.retryNow(testbed.keyOf(name))
      const { message } = await temporal.untilPending(testbed.keyOf(name), {
        activity,
        reason: 'ClusterPaused',
      })
      expect(message).toContain(`${testbed.namespace}/${name} is paused`)
      // Another attempt that has begun after the pause was shown.
      await temporal.retryNow(testbed.keyOf(name))
      await temporal.untilPending(testbed.keyOf(name), { activity, reason: 'ClusterPaused' })
    }),
  )
  expect(await Promise.all(clusters.map(({ name }) => writesFor(name)))).toEqual(before)
  await Promise.all(
    clusters.map(({ name, unpause }) => patchObject(testbed, testbed.path('clusters', name), unpause)),
  )
  await Promise.all(clusters.map(({ name }) => testbed.untilServed(name)))
}

describe('a Cluster that is paused', () => {
  it('before it was created gets nothing until it is unpaused, and a run by hand says why', async () => {
    const clusters = clustersOf('born')
    await Promise.all(
      clusters.map(async ({ name, pause }) => {
        const { spec, metadata } = pause as { spec?: object; metadata?: object }
        await postCluster(testbed, name, {
          ...(spec && { spec: { ...spec } }),
          ...(metadata && { metadata: { ...metadata } }),
        })
      }),
    )
    await Promise.all(
      clusters.map(async ({ name }) => {
        await temporal.client.workflow.start(allocateVipType, {
          taskQueue: suite.taskQueue,
          workflowId: workflowIdFor(testbed.keyOf(name)),
          args: [testbed.keyOf(name)],
        })
        await temporal.untilPending(testbed.keyOf(name), {
          activity: 'selectIPPool',
          reason: 'ClusterPaused',
        })
        expect(ourWrites(await getObject(testbed, 'clusters', name))).toEqual([])
      }),
    )
    expect(await testbed.claims()).toEqual([])
    await Promise.all(
      clusters.map(({ name, unpause }) => patchObject(testbed, testbed.path('clusters', name), unpause)),
    )
    await Promise.all(clusters.map(({ name }) => testbed.untilServed(name)))
  })

  it('while it waits for a pool gets no claim, though the pool has come', async () => {
    const className = 'unselected-class'
    await testbed.createClass(className)
    const clusters = clustersOf('unselected')
    await Promise.all(clusters.map(({ name }) => testbed.createCluster(name, { className })))
    for (const { name } of clusters) {
      await temporal.untilPending(testbed.keyOf(name), { activity: 'selectIPPool', reason: 'NoMatchingPool' })
    }
    await expectNoWriteDuringPause('selectIPPool', clusters, async () => {
      await testbed.createPool('10.142.1.1-10.142.1.9', { name: 'unselected-pool', className })
    })
  })

  it('between pool and claim gets no claim', async () => {
    await account.withhold('create ipaddressclaims')
    const clusters = clustersOf('unclaimed')
    await Promise.all(clusters.map(({ name }) => testbed.createCluster(name)))
    for (const { name } of clusters) {
      await temporal.untilPending(testbed.keyOf(name), {
        activity: 'ensureIPAddressClaim',
        reason: 'AllocationFailed',
      })
    }
    await expectNoWriteDuringPause('ensureIPAddressClaim', clusters, () => account.withhold())
  })

  it('between claim and address gets nothing, though the pool works again', async () => {
    const className = 'unbound-class'
    await testbed.createClass(className)
    await testbed.createPool('10.142.2.1-10.142.2.9', { name: 'unbound-pool', className })
    await testbed.pausePool('unbound-pool', true)
    const clusters = clustersOf('unbound')
    for (const { name } of clusters) {
      // A paused pool is not chosen, so the claim is there first, and adopted.
      await postClaim(testbed, name, 'unbound-pool')
      await testbed.createCluster(name, { className })
    }
    for (const { name } of clusters) {
      await temporal.untilPending(testbed.keyOf(name), { activity: 'awaitIPAddress', reason: 'PoolNotReady' })
    }
    await expectNoWriteDuringPause('awaitIPAddress', clusters, () => testbed.pausePool('unbound-pool', false))
  })

  it('between address and endpoint keeps its claim and gets no endpoint', async () => {
    await account.withhold('patch clusters')
    const clusters = clustersOf('unassigned')
    await Promise.all(clusters.map(({ name }) => testbed.createCluster(name)))
    for (const { name } of clusters) {
      await temporal.untilPending(testbed.keyOf(name), { activity: 'assignVip', reason: 'ClusterRejected' })
    }
    await expectNoWriteDuringPause('assignVip', clusters, () => account.withhold())
  })

  it('while it is deleted goes once it is unpaused, and its address with it', async () => {
    const className = 'leaving-class'
    await testbed.createClass(className)
    await testbed.createPool('10.142.3.1-10.142.3.9', { name: 'leaving-pool', className })
    const clusters = clustersOf('leaving')
    await Promise.all(clusters.map(({ name }) => testbed.createCluster(name, { className })))
    await Promise.all(clusters.map(({ name }) => testbed.untilServed(name)))
    for (const { name, pause } of clusters) {
      await patchObject(testbed, testbed.path('clusters', name), pause)
      const before = await writesFor(name)
      await testbed.deleteCluster(name)
      await testbed.untilCluster(name, (now) => now?.isDeleting === true)
      expect(await writesFor(name)).toEqual(before)
    }
    await Promise.all(
      clusters.map(({ name, unpause }) => patchObject(testbed, testbed.path('clusters', name), unpause)),
    )
    await Promise.all(clusters.map(({ name }) => testbed.untilCluster(name, (now) => now === undefined)))
    await untilAllFree(testbed, 'leaving-pool')
  })
})
