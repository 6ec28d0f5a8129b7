import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { vipConditionOf } from '../../src/domain/allocation/vip-condition.ts'
import type { Cluster } from '../../src/domain/model/cluster.ts'
import { workflowIdFor } from '../../src/workflows/contract.ts'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'
import type { TemporalView } from './temporal.ts'
import type { Testbed } from './testbed.ts'

const ingressVip = 'vip.capi.gorizond.io/ingress-vip'
const ingressEnabled = 'vip.capi.gorizond.io/ingress-enabled'
const roleKey = 'vip.capi.gorizond.io/role'

let suite: Fixture
let testbed: Testbed
let temporal: TemporalView

beforeAll(async () => {
  suite = await openFixtureWithAllocator()
  ;({ testbed, temporal } = suite)
})

afterAll(() => suite.close())

/** A class with both variables, a pool for its control planes, and one for ingress where addresses are given. */
async function scenario(
  className: string,
  controlPlane: string,
  ingress?: string,
  variables = true,
): Promise<void> {
  await testbed.createClass(className)
  if (variables) {
    await testbed.patch(testbed.path('clusterclasses', className), {
      spec: {
        variables: ['clusterVip', 'ingressVip'].map((name) => ({
          name,
          required: false,
          schema: { openAPIV3Schema: { type: 'string' } },
        })),
      },
    })
  }
  await testbed.createPool(controlPlane, { name: `${className}-cp`, className })
  if (ingress !== undefined) await createIngressPool(className, ingress)
}

async function createIngressPool(className: string, addresses: string): Promise<void> {
  const name = `${className}-ingress`
  await testbed.createPool(addresses, { name, className, labels: { [roleKey]: 'ingress' } })
}

async function annotate(name: string, annotations: Readonly<Record<string, string | null>>): Promise<void> {
  await testbed.patch(testbed.path('clusters', name), { metadata: { annotations } })
}

async function untilIngress(name: string): Promise<Cluster> {
  const cluster = await testbed.untilCluster(name, (now) => now?.annotations[ingressVip] !== undefined)
  if (cluster === undefined) throw new Error(`${name} is gone`)
  return cluster
}

describe('a Cluster with a pool for ingress', () => {
  it('gets a second VIP in annotation and variable, from its own claim', async () => {
    await scenario('in-both', '10.70.0.10-10.70.0.20', '10.70.1.10-10.70.1.20')
    await testbed.createCluster('in-both', { className: 'in-both' })
    await testbed.untilServed('in-both')
    const cluster = await untilIngress('in-both')
    const vip = cluster.annotations[ingressVip]
    expect(vip).toBe('10.70.1.10')
    expect(cluster.labels[ingressVip]).toBe(vip)
    expect(cluster.topology?.variables).toEqual(
      expect.arrayContaining([
        { name: 'clusterVip', value: '10.70.0.10' },
        { name: 'ingressVip', value: vip },
      ]),
    )
    const claim = await testbed.untilClaim('vip-ingress-in-both', (now) => now?.addressName !== undefined)
    expect(claim).toMatchObject({
      labels: { [roleKey]: 'ingress', 'cluster.x-k8s.io/cluster-name': 'in-both' },
      ownerReferences: [{ kind: 'Cluster', uid: cluster.uid }],
      poolRef: { name: 'in-both-ingress' },
    })
    const run = temporal.client.workflow.getHandle(workflowIdFor(testbed.keyOf('in-both')))
    expect(await run.result()).toMatchObject({
      roles: {
        'control-plane': { outcome: 'allocated', address: '10.70.0.10' },
        ingress: { outcome: 'allocated', address: vip, claim: 'vip-ingress-in-both' },
      },
    })
  })

  it('is served as control plane while its ingress pool is exhausted, and gets the rest once there is room', async () => {
    await scenario('in-stuck', '10.71.0.10-10.71.0.20', '10.71.1.10')
    await testbed.createCluster('in-first', { className: 'in-stuck' })
    await untilIngress('in-first')
    await testbed.createCluster('in-second', { className: 'in-stuck' })
    expect((await testbed.untilServed('in-second')).annotations).not.toHaveProperty(ingressVip)
    const key = testbed.keyOf('in-second')
    await temporal.untilPending(key, { activity: 'selectIPPool', reason: 'PoolExhausted' })
    // The run that waits keeps the condition of the other VIP up to date.
    await annotate('in-second', { 'vip.capi.gorizond.io/control-plane-address': '10.71.0.20' })
    await testbed.untilCluster(
      'in-second',
      (now) =>
        now !== undefined &&
        vipConditionOf(now, 'control-plane')?.message.includes('but it asks for 10.71.0.20') === true,
    )
    await testbed.deleteCluster('in-first')
    expect((await untilIngress('in-second')).annotations[ingressVip]).toBe('10.71.1.10')
  })

  it('has its ingress VIP while its control plane waits for an exhausted pool, and gets the rest once there is room', async () => {
    await scenario('in-apart', '10.79.0.10', '10.79.1.10-10.79.1.20')
    await testbed.createCluster('in-apart-first', { className: 'in-apart' })
    await untilIngress('in-apart-first')
    await testbed.untilServed('in-apart-first')
    await testbed.createCluster('in-apart-second', { className: 'in-apart' })
    const { annotations, controlPlaneEndpoint } = await untilIngress('in-apart-second')
    expect(annotations[ingressVip]).toBe('10.79.1.11')
    expect(controlPlaneEndpoint.host).toBe('')
    const key = testbed.keyOf('in-apart-second')
    await temporal.untilPending(key, { activity: 'selectIPPool', reason: 'PoolExhausted' })
    await testbed.deleteCluster('in-apart-first')
    expect(await testbed.hostOf('in-apart-second')).toBe('10.79.0.10')
    expect(await temporal.client.workflow.getHandle(workflowIdFor(key)).result()).toMatchObject({
      roles: { 'control-plane': { address: '10.79.0.10' }, ingress: { address: '10.79.1.11' } },
    })
  })

  it('that is served gets one as soon as such a pool appears', async () => {
    await scenario('in-late', '10.72.0.10-10.72.0.20')
    await testbed.createCluster('in-late', { className: 'in-late' })
    await testbed.untilServed('in-late')
    await createIngressPool('in-late', '10.72.1.10')
    expect((await untilIngress('in-late')).annotations[ingressVip]).toBe('10.72.1.10')
  })

  it('that refuses one gets none', async () => {
    await scenario('in-refused', '10.73.0.10-10.73.0.20', '10.73.1.10-10.73.1.20')
    await testbed.createCluster('in-refused', {
      className: 'in-refused',
      annotations: { [ingressEnabled]: 'false' },
    })
    await testbed.createCluster('in-wanted', { className: 'in-refused' })
    await testbed.untilServed('in-refused')
    await untilIngress('in-wanted')
    expect(await testbed.claims()).not.toContain('vip-ingress-in-refused')
    await annotate('in-refused', { [ingressEnabled]: null })
    await untilIngress('in-refused')
  })

  it('that has one by hand costs none', async () => {
    await scenario('in-manual', '10.74.0.10-10.74.0.20', '10.74.1.10-10.74.1.20')
    await testbed.createCluster('in-manual', {
      className: 'in-manual',
      annotations: { [ingressEnabled]: 'false' },
    })
    const { topology } = await testbed.untilServed('in-manual')
    const variables = [...(topology?.variables ?? []), { name: 'ingressVip', value: '10.99.1.1' }]
    await testbed.patch(testbed.path('clusters', 'in-manual'), { spec: { topology: { variables } } })
    await annotate('in-manual', { [ingressEnabled]: null })
    await testbed.createCluster('in-after', { className: 'in-manual' })
    await untilIngress('in-after')
    expect(await testbed.claims()).not.toContain('vip-ingress-in-manual')
  })

  it('that has an endpoint by hand still gets its ingress VIP', async () => {
    await scenario('in-half', '10.75.0.10-10.75.0.20', '10.75.1.10-10.75.1.20')
    const spec = 'controlPlaneEndpoint: { host: 10.99.0.9, port: 6443 }'
    await testbed.createCluster('in-half', { className: 'in-half', spec })
    expect((await untilIngress('in-half')).controlPlaneEndpoint.host).toBe('10.99.0.9')
    expect(await testbed.claims()).not.toContain('vip-cp-in-half')
  })

  it('of a class without the variable has it in the annotation alone', async () => {
    await scenario('in-plain', '10.76.0.10-10.76.0.20', '10.76.1.10', false)
    await testbed.createCluster('in-plain', { className: 'in-plain' })
    const cluster = await untilIngress('in-plain')
    expect(cluster.topology?.variables.map(({ name }) => name)).not.toContain('ingressVip')
  })

  it('gets the ingress VIP back in its variable when an apply drops it', async () => {
    await scenario('in-drop', '10.77.0.10-10.77.0.20', '10.77.1.10')
    await testbed.createCluster('in-drop', { className: 'in-drop' })
    await untilIngress('in-drop')
    await testbed.patch(testbed.path('clusters', 'in-drop'), { spec: { topology: { variables: null } } })
    const healed = await testbed.untilCluster('in-drop', (now) => now?.topology?.variables.length === 2)
    expect(healed?.topology?.variables).toContainEqual({ name: 'ingressVip', value: '10.77.1.10' })
  })
})

describe('an annotation that cannot be read', () => {
  it('is shown, and the control plane served all the same', async () => {
    await scenario('in-typo', '10.78.0.10-10.78.0.20', '10.78.1.10')
    await testbed.createCluster('in-typo', { className: 'in-typo', annotations: { [ingressEnabled]: 'yes' } })
    await testbed.untilServed('in-typo')
    const key = testbed.keyOf('in-typo')
    await temporal.untilPending(key, { activity: 'selectIPPool', reason: 'AllocationFailed' })
    await annotate('in-typo', { [ingressEnabled]: 'true' })
    expect((await untilIngress('in-typo')).annotations[ingressVip]).toBe('10.78.1.10')
  })
})
