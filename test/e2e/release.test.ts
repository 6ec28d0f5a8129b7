import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Cluster } from '../../src/domain/model/cluster.ts'
import { releaseCheckedAnnotation } from '../../src/domain/names.ts'
import { releaseWorkflowIdFor } from '../../src/workflows/contract.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'
import { addTestFinalizer, removeTestFinalizer, untilAllFree } from './objects.ts'
import type { TemporalView } from './temporal.ts'
import type { Testbed } from './testbed.ts'

const { stack, tctl } = realParts()

let suite: Fixture
let testbed: Testbed
let temporal: TemporalView

/** Deleted first of all, since its claim counts as leaked only after a while. */
let leaky: Cluster

beforeAll(async () => {
  suite = await openFixtureWithAllocator()
  ;({ testbed, temporal } = suite)
  leaky = await serve('leaky', '10.150.1.1')
  await testbed.pausePool('leaky-pool', true)
  await remove('leaky')
})

afterAll(() => suite.close())

/** A served Cluster of a class of its own, with a pool `<name>-pool` of the address alone. */
async function serve(name: string, address: string): Promise<Cluster> {
  const className = await testbed.createClassWithPool(name, address)
  await testbed.createCluster(name, { className })
  return testbed.untilServed(name)
}

async function remove(name: string, propagationPolicy = 'Background'): Promise<void> {
  await testbed.api.send({
    method: 'DELETE',
    path: testbed.path('clusters', name),
    body: { propagationPolicy },
  })
}

const held = (name: string, address: string): readonly object[] => [
  { role: 'control-plane', claim: `vip-cp-${name}`, address },
]

describe('the release of a deleted Cluster', () => {
  const pausedPool = 'InClusterIPPool/leaky-pool is paused; unpause it'

  it('waits while the pool is paused', async () => {
    const pending = temporal.untilPending(releaseWorkflowIdFor(leaky), { reason: 'ReleasePending' })
    expect((await pending).message).toContain(pausedPool)
  })

  it('says what was given back, and how long that took', async () => {
    const { namespace, name, uid } = await serve('plain', '10.150.0.1')
    await remove('plain')
    const result = await temporal.releaseOf({ namespace, name, uid })
    expect(result).toEqual({
      cluster: { namespace, name, uid },
      released: held('plain', '10.150.0.1'),
      seconds: expect.any(Number),
      message: `Cluster ${namespace}/plain is gone, and so is what it held, ${result.seconds} s after this run began: control-plane VIP 10.150.0.1 (IPAddressClaim vip-cp-plain)`,
    })
    expect(await testbed.claims()).not.toContain('vip-cp-plain')
    expect(await testbed.addresses()).not.toContain('vip-cp-plain')
  })

  it('is confirmed although nobody watched when it was deleted', async () => {
    const cluster = await serve('unseen', '10.150.2.1')
    await testbed.pausePool('unseen-pool', true)
    await suite.allocator.stop()
    await remove('unseen')
    await testbed.untilClaim('vip-cp-unseen', (claim) => claim?.isDeleting === true)
    await suite.start()
    await temporal.untilPending(releaseWorkflowIdFor(cluster), {
      reason: 'ReleasePending',
      words: 'is paused',
    })
    await testbed.pausePool('unseen-pool', false)
    expect((await temporal.releaseOf(cluster)).released).toEqual(held('unseen', '10.150.2.1'))
  })

  it('leaves alone what a Cluster has that was re-created under its name at once', async () => {
    const former = await serve('phoenix', '10.150.3.1')
    await remove('phoenix')
    await testbed.untilCluster('phoenix', (now) => now === undefined)
    await testbed.createCluster('phoenix', { className: 'phoenix-class' })
    expect((await temporal.releaseOf(former)).released).toEqual(held('phoenix', '10.150.3.1'))
    const { uid, controlPlaneEndpoint } = await testbed.untilServed('phoenix')
    expect(controlPlaneEndpoint.host).toBe('10.150.3.1')
    const claim = await testbed.untilClaim('vip-cp-phoenix', (now) => now?.addressName !== undefined)
    expect(claim?.ownerReferences).toMatchObject([{ kind: 'Cluster', uid }])
  })

  it('has the provider look again that waits for the end of a pause that nobody tells it of', async () => {
    const cluster = await serve('deadlock', '10.150.4.1')
    await addTestFinalizer(testbed, 'ipaddressclaims', 'vip-cp-deadlock')
    await testbed.editCluster('deadlock', { paused: true })
    // Cluster API has heard of the pause, and so has the provider.
    await testbed.untilCluster(
      'deadlock',
      (now) => now?.conditions.some(({ type, status }) => type === 'Paused' && status === 'True') ?? false,
    )
    await remove('deadlock', 'Foreground')
    await testbed.untilClaim('vip-cp-deadlock', (claim) => claim?.isDeleting === true)
    // The garbage collector takes the claim off the address, which its pool owns too.
    await eventually('the garbage collector to be done', async () =>
      (await testbed.ipAddresses()).find(
        ({ name, ownerReferences }) => name === 'vip-cp-deadlock' && ownerReferences.length === 1,
      ),
    )
    // The provider has one worker: what came before this claim, it has looked at.
    await serve('witness', '10.150.9.1')
    // As people do with a Cluster that does not go.
    await testbed.patch(testbed.path('clusters', 'deadlock'), { metadata: { finalizers: null } })
    await testbed.untilCluster('deadlock', (now) => now === undefined)
    const nudged = await testbed.untilClaim(
      'vip-cp-deadlock',
      (claim) => claim?.annotations[releaseCheckedAnnotation] !== undefined,
    )
    expect(nudged?.finalizers).toContain('ipam.cluster.x-k8s.io/ReleaseAddress')
    await untilAllFree(testbed, 'deadlock-pool')
    await removeTestFinalizer(testbed, 'ipaddressclaims', 'vip-cp-deadlock')
    expect((await temporal.releaseOf(cluster)).released).toEqual(held('deadlock', '10.150.4.1'))
  })

  it('says how to free an address whose claim was taken away by force', async () => {
    const cluster = await serve('forced', '10.150.5.1')
    await testbed.pausePool('forced-pool', true)
    await remove('forced')
    await testbed.untilClaim('vip-cp-forced', (claim) => claim?.isDeleting === true)
    await testbed.patch(testbed.path('ipaddressclaims', 'vip-cp-forced'), { metadata: { finalizers: null } })
    const { message } = await temporal.untilPending(releaseWorkflowIdFor(cluster), {
      reason: 'ReleasePending',
      words: 'kubectl',
    })
    const [, command = ''] = /(kubectl .*)$/.exec(message) ?? []
    await promisify(execFile)('sh', [
      '-c',
      command.replaceAll('kubectl ', `${stack.paths.kubectl} --kubeconfig ${stack.kubeconfigPath} `),
    ])
    expect((await temporal.releaseOf(cluster)).released).toEqual(held('forced', '10.150.5.1'))
  })

  it('becomes a leak if the pool stays paused, and ends when the pool goes on', async () => {
    const { message } = await temporal.untilPending(releaseWorkflowIdFor(leaky), {
      reason: 'ReleaseLeaked',
      words: pausedPool,
    })
    expect(message).toMatch(
      /^leaked: IPAddressClaim .*\/vip-cp-leaky \(10\.150\.1\.1\) of the former Cluster .*\/leaky has been in deletion for \d+ s, held by ipam\.cluster\.x-k8s\.io\/ReleaseAddress: /,
    )
    await testbed.pausePool('leaky-pool', false)
    expect((await temporal.releaseOf(leaky)).released).toEqual(held('leaky', '10.150.1.1'))
  })
})

describe('by hand', () => {
  const run = async (input: string, workflowId: string): Promise<string> => {
    const options = [
      '--taskqueue',
      suite.taskQueue,
      '--workflow_type',
      'releaseVip',
      '--workflow_id',
      workflowId,
    ]
    const { stdout, stderr } = await promisify(execFile)(tctl, [
      ...['--address', stack.temporal.address, '--ns', 'default', 'workflow', 'run'],
      ...[...options, '--input', input],
    ]).catch((error: unknown) => error as { stdout: string; stderr: string })
    return stdout + stderr
  }

  it('a release can be asked for, of a Cluster that held nothing too', async () => {
    const cluster = { namespace: testbed.namespace, name: 'never', uid: randomUUID() }
    expect(await run(JSON.stringify(cluster), releaseWorkflowIdFor(cluster))).toContain(
      'is gone, and held nothing any more',
    )
  })

  it('a release of a Cluster that exists waits until it is gone', async () => {
    const { namespace, name, uid } = await serve('alive', '10.150.6.1')
    const cluster = { namespace, name, uid }
    const ended = run(JSON.stringify(cluster), releaseWorkflowIdFor(cluster))
    await temporal.untilPending(releaseWorkflowIdFor(cluster), {
      reason: 'ReleasePending',
      words: 'still exists',
    })
    await remove('alive')
    expect(await ended).toContain('10.150.6.1')
  })

  it('a wrong argument is refused at once, with what was expected', async () => {
    expect(await run('{"namespace":"clusters","name":"demo"}', randomUUID())).toContain(
      'uid of the deleted Cluster',
    )
  })
})

describe('a restart', () => {
  it('confirms nothing where every claim has its Cluster', async () => {
    await serve('settled', '10.150.7.1')
    const before = await requests()
    await suite.allocator.stop()
    await suite.start()
    await serve('beside', '10.150.8.1')
    expect(before).toBeGreaterThan(0)
    expect(await requests()).toBe(1)
  })
})

/** Runs that this allocator has started. */
async function requests(): Promise<number> {
  return eventually('the metrics', async () => {
    const text = await (await fetch(suite.allocator.metricsUrl)).text()
    const [, count] = /workflow_requests_total\{outcome="started"\} (\d+)/.exec(text) ?? []
    return count === undefined ? undefined : Number(count)
  })
}
