import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { closeAll } from '../../dev/stack/close-all.ts'
import type { Cluster, Condition } from '../../src/domain/model/cluster.ts'
import { createClassWithoutVariable, recordRendered, shownTexts, untilTopologyWaits } from './gate-fixture.ts'
import { startAllocator } from '../support/allocator.ts'
import { openExtension, type ExtensionFixture } from './extension-fixture.ts'
import {
  assigned,
  hostOf,
  latestOn,
  movedWithinMs,
  openMoveFixture,
  pathOfPart,
  pausedOn,
  defined,
  untilBound,
  type MoveFixture,
  type ManagementCluster,
} from './move-fixture.ts'
import { record } from './recording.ts'
import { openTestbed, type Testbed } from './testbed.ts'

const controlPlane = 'vip.capi.gorizond.io/ControlPlaneVIPReady'
const vipAnnotation = 'vip.capi.gorizond.io/control-plane-vip'
/** Clusters of these names, each like the example of that name. */
const examples = ['cluster-v1beta2', 'cluster-v1beta1']

interface RenderedCluster {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly controlPlaneEndpoint?: object }
}

let moving: MoveFixture
let testbed: Testbed
let source: ManagementCluster
let target: ManagementCluster

beforeAll(async () => {
  moving = await openMoveFixture({ source: '1.13', target: '1.14' })
  ;({ testbed, source, target } = moving)
  await testbed.createPool('10.82.0.10-10.82.0.20')
  await Promise.all(
    examples.map((example) => testbed.applyExample(example, ['name: demo-cluster', `name: ${example}`])),
  )
})

afterAll(() => moving.close())

function conditionOf(cluster: Cluster | undefined, type: string): Condition | undefined {
  return cluster?.conditions.find((condition) => condition.type === type)
}

describe.each(examples)('on Cluster API 1.13, %s of the examples', (name) => {
  it('gets endpoint, variable and annotation in one write', async () => {
    await source.clusters.until(name, (now) => hostOf(now) !== '')
    const before = source.clusters.versionsOf(name).filter((version) => hostOf(version) === '')
    const served = defined(source.clusters.versionsOf(name)[before.length])
    const host = hostOf(served)
    expect(host).toMatch(/^10\.82\.0\.\d+$/)
    expect(served).toMatchObject({
      metadata: { annotations: { [vipAnnotation]: host } },
      spec: {
        controlPlaneEndpoint: { host, port: 6443 },
        topology: { variables: [{ name: 'clusterVip', value: host }] },
      },
    })
    for (const { metadata, spec } of before) {
      expect(metadata.annotations?.[vipAnnotation]).toBeUndefined()
      expect(spec.topology.variables).toBeUndefined()
    }
  })

  it('has its topology rendered with the address, and not before', async () => {
    const rendered = defined(
      await source.clusters.until(name, (now) => now?.spec.infrastructureRef !== undefined),
    )
    expect(hostOf(rendered)).not.toBe('')
    const path = pathOfPart(testbed, rendered.spec.infrastructureRef)
    expect(await testbed.api.send({ method: 'GET', path })).toMatchObject({
      spec: { controlPlaneEndpoint: { host: hostOf(rendered), port: 6443 } },
    })
  })
})

describe('on Cluster API 1.13, a Cluster', () => {
  it('says that it is served, beside the conditions of Cluster API', async () => {
    const cluster = await testbed.untilCluster(
      'cluster-v1beta2',
      (now) =>
        conditionOf(now, controlPlane)?.status === 'True' &&
        conditionOf(now, 'TopologyReconciled')?.status === 'True',
    )
    expect(conditionOf(cluster, controlPlane)).toMatchObject({
      reason: 'Allocated',
      message: `${cluster?.controlPlaneEndpoint.host}:6443 from InClusterIPPool/vip-pool by IPAddressClaim vip-cp-cluster-v1beta2`,
    })
  })

  it('says why it waits, and is held unavailable by a gate until it has its VIP', async () => {
    const className = 'late-class'
    await testbed.createClass(className)
    await testbed.createCluster('late', {
      className,
      spec: `availabilityGates: [{ conditionType: ${controlPlane} }]`,
    })
    const held = await testbed.untilCluster('late', (now) =>
      (conditionOf(now, 'Available')?.message ?? '').includes('ControlPlaneVIPReady: '),
    )
    expect(conditionOf(held, 'Available')?.status).toBe('False')
    expect(conditionOf(held, controlPlane)).toMatchObject({ status: 'False', reason: 'NoMatchingPool' })
    await testbed.createPool('10.83.0.10', { name: 'late-pool', className })
    await testbed.untilCluster(
      'late',
      (now) =>
        conditionOf(now, controlPlane)?.reason === 'Allocated' &&
        !(conditionOf(now, 'Available')?.message ?? 'ControlPlaneVIPReady').includes('ControlPlaneVIPReady'),
    )
  })

  it('waits without a variable, by a template that fails without the annotation of the VIP', async () => {
    const className = 'annotation'
    const rendered = await recordRendered(source.stack, testbed)
    try {
      await createClassWithoutVariable(testbed, className)
      await testbed.createCluster('by-annotation', { className })
      expect(shownTexts()).toContain(await untilTopologyWaits(testbed, 'by-annotation'))
      await testbed.createPool('10.83.1.10', { name: 'annotation-pool', className })
      const infrastructure = await rendered.first('by-annotation', 'infrastructureRef')
      expect(infrastructure.metadata.generation).toBe(1)
      expect(infrastructure.spec['controlPlaneEndpoint']).toEqual({ host: '10.83.1.10', port: 6443 })
      const controlPlane = await rendered.first('by-annotation', 'controlPlaneRef')
      expect(JSON.stringify(controlPlane.spec)).toContain('10.83.1.10')
    } finally {
      await rendered.close()
      await testbed.deleteCluster('by-annotation')
    }
    await testbed.untilCluster('by-annotation', (now) => now === undefined)
  })

  it('gives its address back when it is deleted', async () => {
    await testbed.untilServed('late')
    expect(await testbed.addresses()).toContain('vip-cp-late')
    await testbed.deleteCluster('late')
    await testbed.untilClaim('vip-cp-late', (now) => now === undefined)
    expect(await testbed.addresses()).not.toContain('vip-cp-late')
  })
})

describe('on Cluster API 1.13, with the runtime extension, a Cluster', () => {
  const className = 'extension-class'
  let own: Testbed
  let extension: ExtensionFixture
  const closers: (() => Promise<unknown>)[] = []

  beforeAll(async () => {
    const { stack } = source
    own = await openTestbed(stack)
    closers.push(own.leave)
    extension = await openExtension(stack, own)
    closers.push(extension.close)
    await own.createPool('10.83.1.10-10.83.1.20', { className })
    const { flags } = await extension.flagsOfReplica()
    const { kubeconfigPath } = stack
    const options = { stack, kubeconfigPath, flags, taskQueue: 'extension', namespaces: [own.namespace] }
    const allocator = await startAllocator(options)
    closers.push(() => allocator.stop())
    await extension.untilRegistered()
    await extension.createClass(className)
  })

  afterAll(() => closeAll(closers))

  it('has its VIP in the first version of its infrastructure object', async () => {
    const demo = 'infrastructure.demo.vip.capi.gorizond.io/v1alpha1'
    const path = `/apis/${demo}/namespaces/${own.namespace}/democlusters`
    const recording = await record<RenderedCluster>(source.stack, path)
    closers.push(recording.close)
    await own.createCluster('first', { className })
    const host = await own.hostOf('first')
    const rendered = await own.untilCluster('first', (now) => now?.isRendered === true)
    expect(rendered?.controlPlaneEndpoint.host).toBe(host)
    const { items } = await own.api.send<{ items: readonly RenderedCluster[] }>({ method: 'GET', path })
    const [name = ''] = items.map(({ metadata }) => metadata.name)
    await recording.until(name, (now) => now !== undefined)
    const versions = recording.versionsOf(name)
    expect(versions.map(({ spec }) => spec.controlPlaneEndpoint)).toEqual(
      versions.map(() => ({ host, port: 6443 })),
    )
  })
})

describe('a move by clusterctl from Cluster API 1.13 to 1.14', () => {
  it(
    'leaves every Cluster its endpoint, variable, annotation and address',
    async () => {
      await moving.move(examples)
      for (const name of examples) {
        const asItWas = defined(pausedOn(source, name)[0])
        const now = latestOn(target, name)
        expect(now.metadata.uid).not.toBe(asItWas.metadata.uid)
        expect(assigned(now)).toEqual(assigned(asItWas))
        const { claim, address } = await untilBound(moving, `vip-cp-${name}`)
        const { uid } = now.metadata
        expect(claim.metadata.ownerReferences).toMatchObject([
          { kind: 'Cluster', name, uid, controller: true },
        ])
        expect(address).toBe(hostOf(asItWas))
      }
    },
    movedWithinMs,
  )
})
