import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { controlPlaneHost } from '../../dev/stack/cluster-providers.ts'
import { conditionOf, openWholeClusters, providerPath, upWithinMs, type WholeClusters } from './fixture.ts'

const vipReady = 'vip.capi.gorizond.io/ControlPlaneVIPReady'

let suite: WholeClusters

beforeAll(async () => {
  suite = await openWholeClusters()
  await suite.testbed.applyExample('in-memory-pool')
})

afterAll(() => suite.close())

/** Names of the Machines of a Cluster, all or those with one more label. */
async function machinesOf(cluster: string, label?: string): Promise<readonly string[]> {
  const selector = [`cluster.x-k8s.io/cluster-name=${cluster}`, label ?? []].flat().join(',')
  const { items } = await suite.testbed.api.send<{
    items: readonly { readonly metadata: { readonly name: string } }[]
  }>({
    method: 'GET',
    path: `${providerPath(suite.testbed.namespace, 'machines')}?labelSelector=${encodeURIComponent(selector)}`,
  })
  return items.map(({ metadata }) => metadata.name)
}

/** Waits until the control plane of a Cluster has this many machines, all of them new and available. */
async function untilControlPlaneHas(name: string, replicas: number): Promise<void> {
  await suite.clusters.until(name, (now) => {
    const { controlPlane = {} } = now?.status ?? {}
    return (
      controlPlane.replicas === replicas &&
      controlPlane.upToDateReplicas === replicas &&
      controlPlane.availableReplicas === replicas
    )
  })
  await suite.untilTrue(name, 'Available')
}

/** The present time, without its fraction: times of creation have none, and a machine made now must not count as older. */
function thisSecond(): string {
  const now = new Date()
  now.setMilliseconds(0)
  return now.toISOString()
}

async function expectThroughVip(name: string, port: number, nodes: number): Promise<void> {
  expect(suite.serverOf(name)).toBe(`https://${controlPlaneHost}:${port}`)
  expect(suite.endpointsOf(name)).toEqual([`${controlPlaneHost}:${port}`])
  expect(suite.generationsOf(name)).toEqual([1])
  expect(await suite.nodesOf(name)).toHaveLength(nodes)
}

describe('a whole cluster', () => {
  let port: number

  it(
    'becomes Available through its VIP, which its infrastructure has from the first version on',
    async () => {
      port = await suite.create('one')
      await suite.untilTrue('one', 'RemoteConnectionProbe', 'ControlPlaneAvailable', 'Available')

      await expectThroughVip('one', port, 2)
    },
    upWithinMs,
  )

  it(
    'keeps its VIP while its control plane is rolled out',
    async () => {
      const [before = ''] = await machinesOf('one', 'cluster.x-k8s.io/control-plane')
      const controlPlane = suite.clusters.versionsOf('one').at(-1)?.spec.controlPlaneRef?.name
      await suite.testbed.patch(providerPath(suite.testbed.namespace, 'kubeadmcontrolplanes', controlPlane), {
        spec: { rollout: { after: thisSecond() } },
      })
      await suite.machines.until(before, (now) => now === undefined)
      await untilControlPlaneHas('one', 1)

      expect(await machinesOf('one', 'cluster.x-k8s.io/control-plane')).not.toContain(before)
      await expectThroughVip('one', port, 2)
    },
    upWithinMs,
  )

  it(
    'keeps its VIP while its control plane is scaled up',
    async () => {
      await suite.testbed.editCluster('one', { topology: { controlPlane: { replicas: 3 } } })
      await untilControlPlaneHas('one', 3)

      expect(await machinesOf('one', 'cluster.x-k8s.io/control-plane')).toHaveLength(3)
      await expectThroughVip('one', port, 4)
    },
    upWithinMs,
  )
})

describe('a second cluster, with the pool exhausted,', () => {
  let port: number

  it('waits without infrastructure, and says for what', async () => {
    port = await suite.create('two')
    const waiting = await suite.clusters.until('two', (now) => conditionOf(now, vipReady) !== undefined)

    expect(conditionOf(waiting, vipReady)).toMatchObject({
      status: 'False',
      reason: 'PoolExhausted',
      message: expect.stringContaining('0 of 1 addresses free'),
    })
    expect(waiting?.spec.infrastructureRef).toBeUndefined()
  })

  it('gets the address only when the machines of the first one are gone', async () => {
    const machines = await machinesOf('one')
    expect(machines).toHaveLength(4)
    await suite.testbed.deleteCluster('one')
    await suite.claims.until('vip-cp-one', (now) => now === undefined)

    const released = BigInt(suite.claims.versionsOf('vip-cp-one').at(-1)?.metadata.resourceVersion ?? '')
    for (const name of machines) {
      for (const recording of [suite.machines, suite.infrastructureMachines]) {
        const last = recording.versionsOf(name).at(-1)
        expect(last?.metadata.deletionTimestamp).toBeDefined()
        expect(BigInt(last?.metadata.resourceVersion ?? '')).toBeLessThan(released)
      }
    }
    expect(await machinesOf('one')).toEqual([])
  })

  it(
    'comes up through the same VIP',
    async () => {
      await suite.untilTrue('two', 'Available')

      await expectThroughVip('two', port, 2)
    },
    upWithinMs,
  )
})
