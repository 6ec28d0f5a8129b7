import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  allocateVipType,
  statusQuery,
  workflowIdFor,
  type AllocateVipResult,
  type AllocationStatus,
} from '../../src/workflows/contract.ts'
import type { PoolVerdict } from '../../src/domain/allocation/pool-selection.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixture, type Fixture } from './fixture.ts'
import type { TemporalView } from './temporal.ts'
import { openTestbed, type PoolOptions, type Testbed } from './testbed.ts'

const { stack } = realParts()
const classKey = 'vip.capi.gorizond.io/cluster-class'
const roleKey = 'vip.capi.gorizond.io/role'
const priorityAnnotation = 'vip.capi.gorizond.io/priority'
const namespacesAnnotation = 'vip.capi.gorizond.io/namespaces'
const explicitAnnotation = 'vip.capi.gorizond.io/control-plane-pool'

let suite: Fixture
let testbed: Testbed
/** For what is about all classes of a namespace, or about two namespaces. */
let other: Testbed
let temporal: TemporalView

beforeAll(async () => {
  suite = await openFixture()
  ;({ testbed, temporal } = suite)
  other = await openTestbed(stack)
  await suite.start({ namespaces: [other.namespace] })
})

afterAll(() => suite.close(() => other.close()))

/** What the run for a Cluster's control plane says of every pool it looked at. */
async function consideredFor(name: string): Promise<readonly PoolVerdict[]> {
  const handle = temporal.client.workflow.getHandle(workflowIdFor(testbed.keyOf(name)))
  const { roles } = await handle.query<AllocationStatus>(statusQuery)
  return roles['control-plane']?.considered ?? []
}

async function editPool(name: string, metadata: object): Promise<void> {
  await testbed.api.send({
    method: 'PATCH',
    path: testbed.path('inclusterippools', name),
    body: { metadata },
    contentType: 'application/merge-patch+json',
  })
}

describe('a Cluster without a pool', () => {
  it('shows why each pool is not for it', async () => {
    await other.createPool('10.106.0.1', { name: 'elsewhere', className: 'another-class' })
    await other.createPool('10.106.1.1', { name: 'for-ingress', labels: { [roleKey]: 'ingress' } })
    await other.createCluster('pathless')
    const wait = await temporal.untilPending(other.keyOf('pathless'), { reason: 'NoMatchingPool' })
    const becauses = [
      ['elsewhere', `is for ClusterClass another-class, not ${other.namespace}/rke2-cluster-class`],
      ['for-ingress', 'is for role ingress, not control-plane'],
    ] as const
    const verdicts = becauses.map(([name, because]) => ({
      kind: 'InClusterIPPool',
      name,
      verdict: 'rejected',
      because,
    }))
    expect(wait.details).toEqual([{ considered: expect.arrayContaining(verdicts) }])
    const lines = becauses.map(([name, because]) => `InClusterIPPool/${name}: ${because}`)
    expect(lines.filter((line) => !wait.message.includes(line))).toEqual([])
    await other.deleteCluster('pathless')
  })

  it('shows that it waits for one even where there are many pools', async () => {
    for (let count = 0; count < 20; count++) {
      await testbed.createPool(`10.108.${count}.1`, {
        name: `one-of-many-${count}`,
        className: 'another-class',
      })
    }
    await testbed.createCluster('lost-in-many')
    const wait = await temporal.untilPending(testbed.keyOf('lost-in-many'))
    expect(wait.reason).toBe('NoMatchingPool')
    expect(wait.message).toContain(`with ${classKey}=rke2-cluster-class`)
    await testbed.deleteCluster('lost-in-many')
  })

  it('does not take another one than it names', async () => {
    await other.createPool('10.107.0.1', { name: 'unnamed' })
    const asked = 'GlobalInClusterIPPool/unnamed'
    await other.createCluster('stubborn', { annotations: { [explicitAnnotation]: asked } })
    const wait = await temporal.untilPending(other.keyOf('stubborn'), { reason: 'NoMatchingPool' })
    expect(wait.message).toContain(
      `the Cluster asks for "${asked}" by its annotation ${explicitAnnotation}, and no pool that it can use has this name (there is `,
    )
    expect(await other.claims()).not.toContain('vip-cp-stubborn')
    await other.deleteCluster('stubborn')
    await other.delete('inclusterippools', 'unnamed')
  })
})

describe('the control-plane VIP comes from', () => {
  it('the pool labeled with the ClusterClass', async () => {
    const className = 'labeled-class'
    await testbed.createClass(className)
    await testbed.createPool('10.100.0.1', { name: 'labeled-a', className: 'another-class' })
    await testbed.createPool('10.100.1.1', { name: 'labeled-b', className })
    await testbed.createCluster('labeled', { className })
    expect(await testbed.hostOf('labeled')).toBe('10.100.1.1')
  })

  it('the pool that the Cluster names, be it of another class and role', async () => {
    const className = 'named-class'
    await testbed.createClass(className)
    await testbed.createPool('10.100.2.1', {
      name: 'named-a',
      className,
      annotations: { [priorityAnnotation]: '100' },
    })
    await testbed.createPool('10.100.3.1', {
      name: 'named-b',
      className: 'another-class',
      labels: { [roleKey]: 'ingress' },
    })
    await testbed.createCluster('named', { className, annotations: { [explicitAnnotation]: 'named-b' } })
    expect(await testbed.hostOf('named')).toBe('10.100.3.1')
  })

  it('the pool whose list has the very class, where another namespace has one of the same name', async () => {
    const className = 'shared'
    await testbed.createClass(className)
    await other.createClass(className)
    const listing = (namespace: string, name: string): PoolOptions => ({
      name,
      className: 'true',
      annotations: { [classKey]: `${namespace}/${className}` },
    })
    await testbed.createPool('10.101.0.1', listing(testbed.namespace, 'shared-a'))
    await testbed.createPool('10.101.1.1', listing(other.namespace, 'shared-b'))
    await testbed.createCluster('class-elsewhere', { className, classNamespace: other.namespace })
    expect(await testbed.hostOf('class-elsewhere')).toBe('10.101.1.1')
    await testbed.createCluster('class-here', { className })
    expect(await testbed.hostOf('class-here')).toBe('10.101.0.1')
  })

  it('the pool that a Cluster without topology names', async () => {
    await testbed.createPool('10.103.0.1', { name: 'without-topology', className: 'another-class' })
    await testbed.api.send({
      method: 'POST',
      path: testbed.path('clusters'),
      body: {
        apiVersion: 'cluster.x-k8s.io/v1beta2',
        kind: 'Cluster',
        metadata: { name: 'plain', annotations: { [explicitAnnotation]: 'without-topology' } },
        spec: {
          clusterNetwork: { apiServerPort: 7443 },
          // Core asks for one of infrastructureRef, controlPlaneRef and topology; it need not exist.
          infrastructureRef: {
            apiGroup: 'infrastructure.demo.vip.capi.gorizond.io',
            kind: 'DemoCluster',
            name: 'plain',
          },
        },
      },
    })
    expect((await testbed.untilServed('plain')).controlPlaneEndpoint).toEqual({
      host: '10.103.0.1',
      port: 7443,
    })
  })

  it('a pool after all others were rejected, each for a reason of its own that is kept', async () => {
    const className = 'picky-class'
    await testbed.createClass(className)
    const pools: readonly (readonly [PoolOptions, string])[] = [
      [
        { className: 'another-class' },
        `is for ClusterClass another-class, not ${testbed.namespace}/${className}`,
      ],
      [
        { className: 'true', annotations: { [classKey]: 'x,y' } },
        `is for ClusterClass x, y, not ${testbed.namespace}/${className}`,
      ],
      [
        { className: 'true' },
        `label ${classKey} is "true", but the annotation of the same key lists no ClusterClass`,
      ],
      [{ labels: { [roleKey]: 'ingress' } }, 'is for role ingress, not control-plane'],
      [{ labels: { [roleKey]: 'worker' } }, `${roleKey} is "worker", expected control-plane or ingress`],
      [
        { kind: 'GlobalInClusterIPPool', annotations: { [namespacesAnnotation]: 'elsewhere' } },
        `is closed to namespace ${testbed.namespace} (${namespacesAnnotation}: "elsewhere")`,
      ],
      [
        { annotations: { [priorityAnnotation]: '1.5' } },
        `${priorityAnnotation} is "1.5", expected an integer`,
      ],
    ]
    const verdicts: object[] = []
    for (const [index, [options, because]] of pools.entries()) {
      const { kind = 'InClusterIPPool' } = options
      const name = await testbed.createPool(`10.109.${index}.1`, {
        name: `picky-${index}`,
        className,
        ...options,
      })
      verdicts.push({ kind, name, verdict: 'rejected', because })
    }
    await testbed.createPool('10.109.99.1', { name: 'picky-z', className })
    await testbed.createCluster('picky', { className })
    expect(await testbed.hostOf('picky')).toBe('10.109.99.1')
    expect(await consideredFor('picky')).toEqual(expect.arrayContaining(verdicts))
  })

  it('a pool that is not being deleted', async () => {
    const className = 'leaving-class'
    await testbed.createClass(className)
    await testbed.createPool('10.104.0.1', { name: 'leaving-a', className })
    await testbed.createPool('10.104.1.1', { name: 'leaving-b', className })
    // The test's own finalizer holds the pool, however fast the provider lets go of it.
    await editPool('leaving-a', { finalizers: ['test.vip.capi.gorizond.io/hold'] })
    try {
      await testbed.delete('inclusterippools', 'leaving-a')
      await testbed.createCluster('leaving', { className })
      expect(await testbed.hostOf('leaving')).toBe('10.104.1.1')
      expect(await consideredFor('leaving')).toContainEqual({
        kind: 'InClusterIPPool',
        name: 'leaving-a',
        verdict: 'rejected',
        because: 'is being deleted',
      })
    } finally {
      await editPool('leaving-a', { finalizers: null })
    }
  })

  it('a pool that is not exhausted', async () => {
    const className = 'full-class'
    await testbed.createClass(className)
    await testbed.createPool('10.105.0.1', { name: 'full-a', className })
    await testbed.createPool('10.105.1.1', { name: 'full-b', className })
    await testbed.createCluster('filler', { className })
    expect(await testbed.hostOf('filler')).toBe('10.105.0.1')
    await testbed.untilPool('full-a', (now) => now?.capacity?.free === 0)
    await testbed.createCluster('after-filler', { className })
    expect(await testbed.hostOf('after-filler')).toBe('10.105.1.1')
    expect(await consideredFor('after-filler')).toContainEqual({
      kind: 'InClusterIPPool',
      name: 'full-a',
      verdict: 'rejected',
      because: '0 of 1 addresses free',
    })
  })
})

describe('a VIP that was allocated', () => {
  /** One after the other to the same pool. */
  const edits = [
    { labels: { [classKey]: 'another-class' } },
    { labels: { [classKey]: null } },
    { labels: { [classKey]: 'sticky', [roleKey]: 'ingress' } },
    { labels: { [roleKey]: null }, annotations: { [priorityAnnotation]: '-999' } },
  ]

  it('stays where it is, whatever class, role and priority its pool gets', async () => {
    const className = 'sticky'
    const key = testbed.keyOf(className)
    await testbed.createClass(className)
    await testbed.createPool('10.120.0.1-10.120.0.3', { name: className, className })
    // One edit makes it a pool for ingress VIPs, for which the watcher would start a run beside that of this test.
    const annotations = { 'vip.capi.gorizond.io/ingress-enabled': 'false' }
    await testbed.createCluster(className, { className, annotations })
    const before = await testbed.untilServed(className)
    const claim = await testbed.untilClaim(`vip-cp-${className}`, (now) => now?.addressName !== undefined)
    await temporal.client.workflow.getHandle(workflowIdFor(key)).result()
    const better = { name: `a-${className}`, className, annotations: { [priorityAnnotation]: '100' } }
    await testbed.createPool('10.121.0.1', better)

    for (const metadata of edits) {
      await editPool(className, metadata)
      // Whatever the watcher made of that: this run looks at the Cluster and at the pools as they are now.
      const result: AllocateVipResult = await temporal.client.workflow.execute(allocateVipType, {
        taskQueue: suite.taskQueue,
        workflowId: workflowIdFor(key),
        args: [key],
      })
      expect(result.roles['control-plane']).toMatchObject({
        outcome: 'allocated',
        address: before.controlPlaneEndpoint.host,
        pool: { name: className },
      })
    }
    expect(await testbed.hostOf(className)).toBe('10.120.0.1')
    const now = await testbed.untilClaim(`vip-cp-${className}`, () => true)
    expect(now?.resourceVersion).toBe(claim?.resourceVersion)
    // The next Cluster shows that the new choice is another one.
    await testbed.createCluster(`${className}-next`, { className })
    expect(await testbed.hostOf(`${className}-next`)).toBe('10.121.0.1')
  })
})
