import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import type { Allocator } from '../allocator.ts'
import type { StackConnection } from '../stack/connection.ts'
import { startStack, type Stack } from '../stack/stack.ts'
import { viewTemporal, type TemporalView } from '../../test/e2e/temporal.ts'
import { openTestbed, type Testbed } from '../../test/e2e/testbed.ts'
import { startAllocator } from '../../test/support/allocator.ts'
import { aVipCondition } from '../../test/support/builders.ts'
import { eventually } from '../../test/support/eventually.ts'
import { manualWritesIn, type ManualWrites } from './manual-writes.ts'
import type { JsonObject } from '../../src/domain/model/decode.ts'
import { violationsIn } from './invariants.ts'
import { clusterFacts, poolFacts } from './invariants/facts.ts'
import type { Observations } from './invariants/observations.ts'
import type { Violation } from './invariants/violation.ts'
import { openRecorder, type Recorder } from './recorder.ts'
import { untilQuiet } from './until-quiet.ts'

/** Writes of this test have no runs. */
const withoutTemporal = { temporalSince: Number.MAX_SAFE_INTEGER }

// An own stack: the shared one must not lose its parts, and Cluster API core would repair broken Clusters.
let ownStack: Stack
let stack: StackConnection
let temporal: TemporalView
let testbed: Testbed
let recorder: Recorder
let manual: ManualWrites
let allocator: Allocator | undefined

beforeAll(async () => {
  ownStack = await startStack({ clusterApiCore: false, progress: () => undefined })
  stack = ownStack.connection
  temporal = await viewTemporal(stack)
})

afterAll(async () => {
  await temporal.close()
  await ownStack.stop()
})

beforeEach(async () => {
  testbed = await openTestbed(stack)
  manual = manualWritesIn(testbed)
  recorder = await openRecorder({ stack, temporal: temporal.client, namespaces: [testbed.namespace] })
})

afterEach(async () => {
  try {
    await testbed.close()
  } finally {
    await recorder.close()
    await allocator?.stop()
    allocator = undefined
  }
})

async function start(): Promise<Allocator> {
  allocator = await startAllocator({
    stack,
    kubeconfigPath: stack.kubeconfigPath,
    taskQueue: randomUUID(),
    namespaces: [testbed.namespace],
  })
  return allocator
}

async function verify(options: Partial<Observations> = {}): Promise<readonly Violation[]> {
  await untilQuiet(recorder, { stillForMs: 1_000 })
  const snapshot = await recorder.snapshot()
  return violationsIn({ versions: recorder.versions(), snapshot, isQuiet: true, ...options })
}

/** Expects exactly one violation, which names all of these. */
function expectOnly(
  violations: readonly Violation[],
  invariant: Violation['invariant'],
  ...words: readonly string[]
): void {
  expect(violations).toEqual([{ invariant, message: expect.any(String) }])
  for (const word of words) expect(violations[0]?.message).toContain(word)
}

describe('a management cluster in which all invariants hold', () => {
  it('is one where the allocator has served a Cluster, another waits, and a third has a host by hand', async () => {
    await start()
    await testbed.createPool('10.170.0.1-10.170.0.9')
    await testbed.createCluster('healthy')
    await testbed.createCluster('waiting', { className: 'no-pool-class' })
    await testbed.createCluster('manual', { spec: 'controlPlaneEndpoint: { host: 10.99.9.1, port: 6443 }' })
    await testbed.untilServed('healthy')
    await temporal.untilPending(testbed.keyOf('waiting'), {
      activity: 'selectIPPool',
      reason: 'NoMatchingPool',
    })
    expect(await verify()).toEqual([])
    expect([...(await recorder.runs()).keys()].toSorted()).toEqual([
      `${testbed.namespace}/healthy`,
      `${testbed.namespace}/waiting`,
    ])
  })

  it('is one where a served Cluster was deleted', async () => {
    await start()
    await testbed.createPool('10.170.1.1-10.170.1.9')
    await testbed.createCluster('short-lived')
    await testbed.untilServed('short-lived')
    await testbed.deleteCluster('short-lived')
    await testbed.untilClaim('vip-cp-short-lived', (now) => now === undefined)
    expect(await verify()).toEqual([])
    const ends = recorder.versions().filter(({ isGone }) => isGone)
    expect(ends.map(({ kind }) => kind).toSorted()).toEqual(['Cluster', 'IPAddress', 'IPAddressClaim'])
  })

  it('is one that is written by hand as the allocator would have written it', async () => {
    await testbed.createPool('10.170.2.1')
    await testbed.createCluster('served')
    expect(await manual.serve('served', 'vip-pool')).toBe('10.170.2.1')
    expect(await verify(withoutTemporal)).toEqual([])
  })
})

describe('a snapshot', () => {
  it('is complete while namespaces of others come and go', async () => {
    const others = Array.from({ length: 20 }, () => `other-${randomUUID()}`)
    const snapshots = others.map(async (name) => {
      await testbed.api.send({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name } } })
      await testbed.api.send({ method: 'DELETE', path: `/api/v1/namespaces/${name}` })
      return recorder.snapshot()
    })
    for (const { namespaces } of await Promise.all(snapshots)) expect(namespaces).toHaveLength(1)
  })
})

describe('I1', () => {
  it('is broken by two Clusters that were given the same host from overlapping pools', async () => {
    await testbed.createPool('10.170.3.1', { name: 'one' })
    await testbed.createPool('10.170.3.1', { name: 'same' })
    await testbed.createCluster('first')
    await testbed.createCluster('second')
    await manual.serve('first', 'one')
    await manual.serve('second', 'same')
    expectOnly(
      await verify(withoutTemporal),
      'I1',
      `10.170.3.1 is host of Cluster ${testbed.namespace}/first`,
      `and host of Cluster ${testbed.namespace}/second`,
    )
  })

  it('is not broken by a person who types a host after it was given to another Cluster', async () => {
    await testbed.createPool('10.170.4.1')
    await testbed.createCluster('first')
    const host = await manual.serve('first', 'vip-pool')
    await testbed.createCluster('typed', { spec: `controlPlaneEndpoint: { host: ${host}, port: 6443 }` })
    expect(await verify({ ...withoutTemporal, graceMs: 0 })).toEqual([])
  })

  it('is broken by a host that a person had typed into another Cluster before, but not within the grace', async () => {
    await testbed.createPool('10.170.5.1')
    await testbed.createCluster('typed', { spec: 'controlPlaneEndpoint: { host: 10.170.5.1, port: 6443 }' })
    await testbed.createCluster('late')
    await manual.serve('late', 'vip-pool')
    expect(await verify({ ...withoutTemporal, graceMs: 180_000 })).toEqual([])
    expectOnly(await verify({ ...withoutTemporal, graceMs: 0 }), 'I1', '10.170.5.1', '/typed', '/late')
  })
})

describe('I2', () => {
  it('is broken by a host that we replace', async () => {
    await testbed.createPool('10.170.6.1')
    await testbed.createCluster('moved')
    await manual.assign('moved', '10.170.6.99')
    await manual.serve('moved', 'vip-pool')
    expectOnly(await verify(withoutTemporal), 'I2', `${testbed.namespace}/moved`, '10.170.6.99', '10.170.6.1')
  })

  it('is not broken by a host that a person replaces', async () => {
    await testbed.createCluster('retyped')
    await manual.patchCluster(
      'retyped',
      { spec: { controlPlaneEndpoint: { host: '10.170.7.1', port: 6443 } } },
      'kubectl',
    )
    await manual.patchCluster(
      'retyped',
      { spec: { controlPlaneEndpoint: { host: '10.170.7.2' } } },
      'kubectl',
    )
    expect(await verify()).toEqual([])
  })
})

describe('I3', () => {
  it('is broken by a host of ours without a claim', async () => {
    await testbed.createCluster('bare')
    await manual.assign('bare', '10.170.8.1')
    expectOnly(
      await verify(withoutTemporal),
      'I3',
      `${testbed.namespace}/bare`,
      '10.170.8.1',
      'vip-cp-bare does not exist',
    )
  })

  it('is broken by a claim that is bound to another address', async () => {
    await testbed.createPool('10.170.9.1')
    await testbed.createCluster('other')
    await manual.createClaim('other', 'vip-pool', await manual.uidOf('other'))
    await manual.boundAddress('other')
    await manual.assign('other', '10.170.9.2')
    expectOnly(await verify(withoutTemporal), 'I3', '10.170.9.2', 'is bound to 10.170.9.1')
  })
})

describe('I4', () => {
  it('is broken by a claim without Cluster', async () => {
    await manual.createClaim('lost', 'no-pool')
    const violations = await verify(withoutTemporal)
    await manual.remove('ipaddressclaims', 'vip-cp-lost')
    expectOnly(violations, 'I4', `IPAddressClaim ${testbed.namespace}/vip-cp-lost`, 'owned by no Cluster')
  })

  it('is broken by a reservation of an address that nobody has, and not by one that somebody has', async () => {
    await testbed.createCluster('typed', { spec: 'controlPlaneEndpoint: { host: 10.170.11.1, port: 6443 }' })
    await testbed.createCluster('keeper', { spec: 'controlPlaneEndpoint: { host: 10.170.11.2, port: 6443 }' })
    await manual.reserve('keeper', '10.170.11.1')
    expect(await verify(withoutTemporal)).toEqual([])
    await manual.reserve('keeper', '10.170.11.3')
    expectOnly(await verify(withoutTemporal), 'I4', 'vip-reserved-keeper-10.170.11.3')
  })
})

describe('I5', () => {
  afterEach(() => testbed.editCluster('paused', { paused: null }))

  it('is broken by a write of ours to a paused Cluster, and not by one of others', async () => {
    await testbed.createCluster('paused', { spec: 'paused: true' })
    await manual.patchCluster('paused', { metadata: { annotations: { note: 'mine' } } }, 'kubectl')
    expect(await verify(withoutTemporal)).toEqual([])
    await manual.patchCluster('paused', { metadata: { annotations: { note: 'ours' } } })
    expectOnly(await verify(withoutTemporal), 'I5', `${testbed.namespace}/paused`, 'note = "ours"')
  })

  it('is broken by a claim that we make for it, but not within the grace', async () => {
    await testbed.createCluster('paused', { spec: 'paused: true' })
    await manual.createClaim('paused', 'no-pool', await manual.uidOf('paused'))
    expect(await verify({ ...withoutTemporal, graceMs: 180_000 })).toEqual([])
    expectOnly(await verify({ ...withoutTemporal, graceMs: 0 }), 'I5', 'vip-cp-paused')
  })
})

describe('I6', () => {
  it('is broken by a Cluster that waits beside a pool with room', async () => {
    const className = 'unlucky-class'
    const { stop } = await start()
    await testbed.createCluster('unlucky', { className })
    await temporal.untilPending(testbed.keyOf('unlucky'), {
      activity: 'selectIPPool',
      reason: 'NoMatchingPool',
    })
    await stop()
    expect(await verify()).toEqual([])
    await testbed.createPool('10.170.13.1', { name: 'roomy', className })
    await untilCounted('roomy')
    expectOnly(await verify(), 'I6', `${testbed.namespace}/unlucky`, 'InClusterIPPool roomy has 1 left')
  })
})

describe('I7', () => {
  it('is broken by a claim for a Cluster with a host by hand', async () => {
    await testbed.createPool('10.170.14.1')
    await testbed.createCluster('manual', { spec: 'controlPlaneEndpoint: { host: 10.99.9.2, port: 6443 }' })
    await manual.createClaim('manual', 'vip-pool', await manual.uidOf('manual'))
    await manual.boundAddress('manual')
    expectOnly(
      await verify(withoutTemporal),
      'I7',
      'the host 10.99.9.2 from others',
      `IPAddressClaim ${testbed.namespace}/vip-cp-manual and IPAddress`,
      '10.170.14.1',
    )
  })
})

describe('I8', () => {
  it('is broken by a served Cluster without a run, unless Temporal was emptied since', async () => {
    await testbed.createPool('10.170.15.1')
    await testbed.createCluster('silent')
    await manual.serve('silent', 'vip-pool')
    expectOnly(await verify(), 'I8', `allocate-vip/${testbed.namespace}/silent does not exist`)
    expect(await verify(withoutTemporal)).toEqual([])
  })

  it('is broken by a waiting Cluster without a run, whatever became of Temporal', async () => {
    await testbed.createCluster('forgotten', { className: 'forgotten-class' })
    expectOnly(
      await verify(withoutTemporal),
      'I8',
      `allocate-vip/${testbed.namespace}/forgotten does not exist`,
    )
  })

  it('is broken by a condition that names another VIP than the Cluster has', async () => {
    await testbed.createPool('10.170.16.1')
    await testbed.createCluster('boasting')
    await manual.serve('boasting', 'vip-pool')
    const says = (message: string): Promise<void> =>
      testbed.patch(`${testbed.path('clusters', 'boasting')}/status`, {
        status: { conditions: [aVipCondition({ message })] },
      })
    await says('10.170.16.9:6443 from InClusterIPPool/vip-pool by IPAddressClaim vip-cp-boasting')
    expectOnly(await verify(withoutTemporal), 'I8', 'says of its control-plane VIP', '10.170.16.1')
    await says('10.170.16.1:6443 from InClusterIPPool/vip-pool by IPAddressClaim vip-cp-boasting')
    expect(await verify(withoutTemporal)).toEqual([])
  })
})

describe('I9', () => {
  const name = 'of-tenants'
  const createPool = (addresses: string): Promise<string> =>
    testbed.createPool(addresses, {
      ...{ name, className: 'nobodys-class' },
      annotations: { 'vip.capi.gorizond.io/namespace-selector': 'tenant=yes' },
    })

  it('is broken by a claim on a pool that is closed to the Namespace, and not once its labels have opened it', async () => {
    await createPool('10.170.17.1-10.170.17.2')
    for (const cluster of ['shut-out', 'let-in']) await testbed.createCluster(cluster)
    await manual.serve('shut-out', name)
    const metadata = { labels: { tenant: 'yes' } }
    await testbed.patch(`/api/v1/namespaces/${testbed.namespace}`, { metadata })
    await manual.serve('let-in', name)
    expectOnly(
      await verify(withoutTemporal),
      'I9',
      `${testbed.namespace}/vip-cp-shut-out`,
      `InClusterIPPool ${name}, which is closed`,
    )
  })

  it('is not broken by the claim of a VIP that the Cluster had before', async () => {
    await createPool('10.170.18.1')
    await testbed.createCluster('lost')
    await manual.assign('lost', '10.170.18.1')
    await manual.createClaim('lost', name, await manual.uidOf('lost'))
    expect(await manual.boundAddress('lost')).toBe('10.170.18.1')
    expect(await verify(withoutTemporal)).toEqual([])
  })
})

describe('I10', () => {
  const annotations = { 'vip.capi.gorizond.io/ip-families': 'IPv4,IPv6' }
  it('is broken by one address alone of a Cluster that asks for a pair', async () => {
    await testbed.createPool('10.170.19.1', { name: 'half', className: 'nobodys-class' })
    await testbed.createCluster('half', { annotations })
    await manual.serve('half', 'half')
    expectOnly(await verify(withoutTemporal), 'I10', `${testbed.namespace}/half`, 'is 10.170.19.1 at')
  })

  it('is broken by two addresses in the wrong order, in whatever version, and not by a whole pair', () => {
    const cluster = (value: string, host: string): object => ({
      metadata: {
        ...{ namespace: 'clusters', name: 'pair', uid: 'pair' },
        annotations: { ...annotations, 'vip.capi.gorizond.io/control-plane-vip': value },
      },
      spec: { controlPlaneEndpoint: { host, port: 6443 } },
    })
    const violationsOf = (...objects: readonly object[]): readonly Violation[] =>
      violationsIn({
        versions: objects.map((object, index) => ({
          ...{ kind: 'Cluster', by: 'watch', isGone: false, at: index, resourceVersion: BigInt(index + 1) },
          object: object as JsonObject,
        })),
      })
    expect(violationsOf(cluster('10.0.0.1,fd00::1', '10.0.0.1'))).toEqual([])
    expectOnly(violationsOf(cluster('fd00::1,10.0.0.1', 'fd00::1')), 'I10', 'is fd00::1 and 10.0.0.1')
  })
})

describe('I11', () => {
  const keptUntil = async (name: string, until: string | null, uid: string): Promise<void> => {
    await testbed.patch(testbed.path('ipaddressclaims', `vip-cp-${name}`), {
      metadata: {
        ownerReferences: [],
        annotations: {
          'vip.capi.gorizond.io/cluster-uid': uid,
          'vip.capi.gorizond.io/kept-until': until,
        },
      },
    })
  }

  it('is broken by a kept address on a Cluster of another name, which leaks once its time is over', async () => {
    await testbed.createPool('10.170.22.1')
    for (const name of ['kept', 'taker']) await testbed.createCluster(name)
    const uid = await manual.uidOf('kept')
    await manual.createClaim('kept', 'vip-pool', uid)
    expect(await manual.boundAddress('kept')).toBe('10.170.22.1')
    // Before its Cluster goes: the garbage collector would delete a claim that the Cluster owns.
    await keptUntil('kept', 'always', uid)
    await testbed.deleteCluster('kept')
    const quiet = { ...withoutTemporal, isQuiet: false }
    expect(await verify(quiet)).toEqual([])
    await manual.assign('taker', '10.170.22.1')
    expectOnly(await verify(quiet), 'I11', `${testbed.namespace}/taker`, `${testbed.namespace}/vip-cp-kept`)
    await manual.remove('ipaddressclaims', 'vip-cp-kept')
  })

  it('is not broken by a Cluster of its name that takes it over, nor by one that gets it afterwards', async () => {
    await testbed.createPool('10.170.23.1')
    await testbed.createCluster('back')
    await manual.createClaim('back', 'vip-pool', await manual.uidOf('back'))
    expect(await manual.boundAddress('back')).toBe('10.170.23.1')
    await keptUntil('back', 'always', 'uid-of-before')
    await manual.assign('back', '10.170.23.1')
    await keptUntil('back', null, await manual.uidOf('back'))
    expect(await verify(withoutTemporal)).toEqual([])
    await manual.remove('ipaddressclaims', 'vip-cp-back')
  })
})

describe('I12', () => {
  const asking = (wanted: string) => ({
    annotations: { 'vip.capi.gorizond.io/control-plane-address': wanted },
  })

  it('is broken by another address than the Cluster asks for', async () => {
    await testbed.createPool('10.170.26.1-10.170.26.2')
    await testbed.createCluster('asking', asking('10.170.26.2'))
    await manual.serve('asking', 'vip-pool')
    expectOnly(
      await verify(withoutTemporal),
      'I12',
      `Cluster ${testbed.namespace}/asking`,
      'asked for 10.170.26.2, and we gave it the control-plane VIP 10.170.26.1',
    )
  })

  it('is not broken by what the Cluster asks for later, nor by a VIP that somebody else set', async () => {
    await testbed.createPool('10.170.27.1-10.170.27.2')
    await testbed.createCluster('late')
    await manual.serve('late', 'vip-pool')
    await testbed.patch(testbed.path('clusters', 'late'), { metadata: asking('10.170.27.2') })
    await testbed.createCluster('typed', asking('10.170.27.2'))
    const spec = { controlPlaneEndpoint: { host: '10.170.28.1', port: 6443 } }
    await manual.patchCluster('typed', { spec }, 'kubectl')
    expect(await verify(withoutTemporal)).toEqual([])
  })
})

/** Waits until the provider has counted the pool's addresses. */
async function untilCounted(name: string): Promise<void> {
  await eventually(`${name} to be counted`, async () => {
    const { inClusterPools } = await recorder.snapshot()
    const pool = inClusterPools
      .map((object) => poolFacts('InClusterIPPool', object))
      .find((pool) => pool.name === name)
    return pool?.available === undefined ? undefined : true
  })
}

describe('a recorder', () => {
  it('goes on when the API server was killed and started again', async () => {
    await testbed.createCluster('before')
    const before = await recorder.snapshot()
    expect(before.clusters.map((cluster) => clusterFacts(cluster).name)).toEqual(['before'])
    await ownStack.part('kube-apiserver').kill()
    await eventually('the watches to break', () => Promise.resolve(recorder.isWatching() ? undefined : true))
    await ownStack.part('kube-apiserver').start()
    await testbed.createCluster('after')
    await testbed.deleteCluster('before')
    const after = await recorder.snapshot()
    expect(after.clusters.map((cluster) => clusterFacts(cluster).name)).toEqual(['after'])
    const seen = recorder
      .versions()
      .filter(({ kind }) => kind === 'Cluster')
      .map(({ object, isGone }) => `${clusterFacts(object).name}${isGone ? ' gone' : ''}`)
    expect([...new Set(seen)].toSorted()).toEqual(['after', 'before', 'before gone'])
  })
})
