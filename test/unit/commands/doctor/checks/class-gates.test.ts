import { describe, expect, it } from '@jest/globals'
import { checkClassGates } from '../../../../../src/commands/doctor/checks/class-gates.ts'
import type { CheckOutcome, Reading } from '../../../../../src/commands/doctor/checks/check-result.ts'
import type { ClusterClass } from '../../../../../src/domain/model/cluster-class.ts'
import {
  extensionConfigFrom,
  type ExtensionConfig,
} from '../../../../../src/domain/model/extension-config.ts'
import { hostRequiredShape, ownAddressShape, projectShapes } from '../../../../e2e/class-shapes.ts'
import { aClass, aCluster, aPool, classOfShape, variables } from '../../../../support/builders.ts'
import { exampleClass } from '../../../../support/example-class.ts'
import { aSnapshot, type SnapshotObjects } from '../../../../support/snapshot.ts'

const prefix = 'vip.capi.gorizond.io'
const name = `ClusterClass clusters/${aClass}`
const none: Reading<readonly ExtensionConfig[]> = { read: [] }
const plain = classOfShape({ variables: [], patches: [] })
const needsNone = {
  level: 'ok',
  found: `${name} needs no gate: no pool serves it, or it wants no VIP`,
}

function check(
  clusterClass: ClusterClass,
  objects: SnapshotObjects = { pools: [aPool()] },
  extensionConfigs = none,
  requiresOptIn = false,
): readonly CheckOutcome[] {
  const snapshot = aSnapshot({ clusterClasses: [clusterClass], ...objects })
  return checkClassGates(snapshot, { variables, requiresOptIn }, extensionConfigs)
}

describe('a ClusterClass', () => {
  it('is a warning without a gate, with the ways out', () => {
    expect(check(plain)).toEqual([
      {
        level: 'warning',
        found: `${name} has no gate, so the infrastructure cluster can come without the VIP: no patch reads the VIP`,
        fix: `add a gate to ${name} (docs/gates.md), or annotate it with ${prefix}/control-plane-enabled: "false" if its provider has an address of its own`,
      },
    ])
  })

  it('is a warning that says why what it has is no gate', () => {
    const [shape = { variables: [], patches: [] }] = projectShapes.filter(({ project }) => project === 'k3s')
    const withDefault = classOfShape({
      variables: [
        { name: 'clusterVip', required: false, schema: { openAPIV3Schema: { type: 'string', default: '' } } },
      ],
      patches: shape.patches,
    })
    expect(check(withDefault)).toMatchObject([
      {
        level: 'warning',
        found: `${name} has no gate, so the infrastructure cluster can come without the VIP: the variable clusterVip has a default, so it is there before the VIP; patch controlplane reads the variable clusterVip in a template without fail, and renders "<no value>" without it`,
      },
    ])
  })

  it.each([
    [
      'cluster-class',
      `${name} waits for the VIP: patch control-plane-endpoint reads the variable clusterVip`,
    ],
    [
      'cluster-class-without-variable',
      `${name} waits for the VIP: patch control-plane-endpoint fails without the annotation ${prefix}/control-plane-vip`,
    ],
  ])('of examples/%s.yaml is in order', (example, found) => {
    expect(check(exampleClass(example))).toEqual([{ level: 'ok', found }])
  })

  it.each([
    ...projectShapes.map((shape) => [shape.project, shape] as const),
    ['CAREN', hostRequiredShape] as const,
    ['CAPHV', ownAddressShape] as const,
  ])('of the shape that %s has is no false alarm', (_, shape) => {
    expect(check(classOfShape(shape)).map(({ level }) => level)).toEqual(['ok'])
  })

  it('says what its Clusters have until then, if they have to give the variable', () => {
    const [shape = { variables: [], patches: [] }] = projectShapes
    expect(check(classOfShape(shape))[0]?.found).toBe(
      `${name} requires the variable controlPlaneIpAddr: if a Cluster gives it empty, its templates have an empty host until the VIP is there`,
    )
  })

  it.each<[string, ClusterClass, SnapshotObjects, boolean]>([
    [
      'no pool is for it',
      plain,
      { pools: [aPool({ labels: { [`${prefix}/cluster-class`]: 'other' } })] },
      false,
    ],
    [
      'it refuses a VIP',
      { ...plain, annotations: { [`${prefix}/control-plane-enabled`]: 'false' } },
      { pools: [aPool()] },
      false,
    ],
    ['nobody asks for a VIP where that is required', plain, { pools: [aPool()] }, true],
    [
      'all its Clusters have an endpoint of somebody else',
      plain,
      { clusters: [aCluster({ endpoint: { host: '10.9.9.9', port: 6443 } })] },
      false,
    ],
  ])('needs no gate if %s', (_, clusterClass, objects, requiresOptIn) => {
    expect(check(clusterClass, objects, none, requiresOptIn)).toEqual([needsNone])
  })

  it.each<[string, SnapshotObjects, boolean]>([
    ['waits', { clusters: [aCluster()] }, false],
    [
      'asks for a VIP where that is required',
      { clusters: [aCluster({ annotations: { [`${prefix}/control-plane-enabled`]: 'true' } })] },
      true,
    ],
    [
      'has a VIP of ours',
      {
        clusters: [
          aCluster({
            endpoint: { host: '10.0.0.10', port: 6443 },
            annotations: { [`${prefix}/control-plane-vip`]: '10.0.0.10' },
          }),
        ],
      },
      false,
    ],
  ])('needs a gate if a Cluster of it %s, whatever its pool is', (_, objects, requiresOptIn) => {
    expect(check(plain, objects, none, requiresOptIn)).toMatchObject([{ level: 'warning' }])
  })

  describe('with an external patch', () => {
    const external = classOfShape({
      variables: [],
      patches: [{ name: 'vip', external: { generatePatchesExtension: 'vip.vips' } }],
    })
    const config = (manager: string): Reading<readonly ExtensionConfig[]> => ({
      read: [
        extensionConfigFrom({
          metadata: { name: 'vips', managedFields: [{ manager }] },
          status: { handlers: [{ name: 'vip.vips', requestHook: { hook: 'GeneratePatches' } }] },
        }),
      ],
    })
    const pools = { pools: [aPool()] }

    it('waits if it is ours', () => {
      expect(check(external, pools, config('capi-vip-allocator'))).toEqual([
        { level: 'ok', found: `${name} waits for the VIP: its external patch vip.vips writes it` },
      ])
    })

    it.each([
      ['is of somebody else', config('caren')],
      ['cannot be looked up', { unread: 'no' }],
    ])('may wait if it %s', (_, configs) => {
      expect(check(external, pools, configs)).toEqual([
        { level: 'ok', found: `${name} may wait for the VIP: its external patch vip.vips decides` },
      ])
    })
  })

  it('waits if a hook of ours holds up its Clusters', () => {
    const [shape = { variables: [], patches: [] }] = projectShapes
    const hooked = {
      read: [
        extensionConfigFrom({
          metadata: { name: 'vips', managedFields: [{ manager: 'capi-vip-allocator' }] },
          status: { handlers: [{ name: 'gate.vips', requestHook: { hook: 'BeforeClusterCreate' } }] },
        }),
      ],
    }
    expect(check(classOfShape(shape), { pools: [aPool()] }, hooked)).toEqual([
      { level: 'ok', found: `${name} waits for the VIP: gate.vips holds up its new Clusters` },
    ])
  })
})
