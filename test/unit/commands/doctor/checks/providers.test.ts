import { describe, expect, it } from '@jest/globals'
import type { CheckOutcome, Reading } from '../../../../../src/commands/doctor/checks/check-result.ts'
import {
  checkIpamProvider,
  checkCore,
  programDeploymentFrom,
  versionIn,
  type ProgramDeployment,
} from '../../../../../src/commands/doctor/checks/providers.ts'
import type { IPAddressClaim } from '../../../../../src/domain/model/claim.ts'
import type { Cluster } from '../../../../../src/domain/model/cluster.ts'
import type { IPPool } from '../../../../../src/domain/model/pool.ts'
import type { Snapshot } from '../../../../../src/domain/allocation/snapshot.ts'
import { aClaim, aCluster, anUncountedPool, aPool } from '../../../../support/builders.ts'
import { aSnapshot } from '../../../../support/snapshot.ts'

function aDeployment(
  options: { image?: string; available?: number; args?: readonly string[] } = {},
): ProgramDeployment {
  const { image = 'registry.example.com/controller:v1.14.2', available = 1, args = [] } = options
  return programDeploymentFrom({
    metadata: { namespace: 'system', name: 'manager' },
    spec: { replicas: 2, template: { spec: { containers: [{ image, args }] } } },
    status: { availableReplicas: available },
  })
}

describe('a version', () => {
  it.each([
    ['registry.k8s.io/cluster-api/controller:v1.14.2', { major: 1, minor: 14, patch: 2 }],
    ['registry:5000/controller:1.0.3', { major: 1, minor: 0, patch: 3 }],
    ['registry/controller:v1.1.0-rc.1@sha256:abc', { major: 1, minor: 1, patch: 0 }],
    ['registry/controller:v12.34.56', { major: 12, minor: 34, patch: 56 }],
    ['registry/controller:v1.2.3/4', undefined],
    ['registry/controller@sha256:abc', undefined],
    ['registry/controller:main', undefined],
    ['registry:5000/controller', undefined],
    ['', undefined],
  ])('of %j is %j', (image, version) => {
    expect(versionIn(image)).toEqual(version)
  })
})

describe('a Deployment', () => {
  it('is read with its image, arguments, Pods and ServiceAccount', () => {
    const pod = {
      serviceAccountName: 'runner',
      containers: [{ image: 'i:v1.0.0', args: ['--x', 5] }, { image: 'y' }],
    }
    expect(
      programDeploymentFrom({
        spec: { replicas: 3, template: { spec: pod } },
        status: { availableReplicas: 2 },
      }),
    ).toMatchObject({ image: 'i:v1.0.0', args: ['--x'], available: 2, wanted: 3, serviceAccount: 'runner' })
  })

  it('wants one Pod and has none, where nothing is said', () => {
    expect(programDeploymentFrom({})).toMatchObject({
      image: '',
      args: [],
      available: 0,
      wanted: 1,
      serviceAccount: 'default',
    })
  })
})

describe('Cluster API core', () => {
  it('is skipped where no Deployment is labelled', () => {
    expect(checkCore([])).toEqual([
      {
        level: 'skipped',
        found:
          'no Deployment has the label cluster.x-k8s.io/provider=cluster-api: its version cannot be known',
      },
    ])
  })

  it('is in order where it runs, whatever its image is called', () => {
    expect(checkCore([aDeployment()])).toEqual([
      { level: 'ok', found: 'v1.14.2 (Deployment system/manager) is available' },
    ])
    expect(checkCore([aDeployment({ image: 'x:main' })])).toEqual([
      { level: 'ok', found: 'image "x:main" (Deployment system/manager) is available' },
    ])
  })

  it('is a fault where no Pod is available', () => {
    expect(checkCore([aDeployment({ available: 0 })])).toEqual([
      {
        level: 'fault',
        found: 'Cluster API core does not run: Deployment system/manager has 0 of 2 Pods available',
        fix: expect.stringContaining('kubectl --namespace system describe deployment manager'),
      },
    ])
  })

  it.each([
    ['v1.10.9', 'warning'],
    ['v0.4.0', 'warning'],
    ['v1.11.0', 'ok'],
    ['v2.0.0', 'ok'],
  ])('of %s is: %s', (version, level) => {
    expect(checkCore([aDeployment({ image: `x:${version}` })])[0]?.level).toBe(level)
  })

  it('says what an old version, and a feature gate that is off, are a warning of', () => {
    const args = ['--feature-gates=ClusterTopology=false']
    expect(checkCore([aDeployment({ image: 'x:v1.10.9', args })])).toEqual([
      {
        level: 'warning',
        found:
          'Cluster API core is v1.10.9 (Deployment system/manager): before 1.11 there is no v1beta2, and Clusters get no conditions',
        fix: 'upgrade Cluster API core to 1.12 or newer: clusterctl upgrade plan',
      },
      {
        level: 'warning',
        found:
          'the feature gate ClusterTopology is off in Deployment system/manager: Clusters of a ClusterClass are refused',
        fix: 'switch it on: set CLUSTER_TOPOLOGY=true for clusterctl init, or --feature-gates=ClusterTopology=true on the manager',
      },
    ])
  })

  it.each([
    ['--feature-gates=ClusterTopology=false', 'warning'],
    ['--feature-gates=MachinePool=true,ClusterTopology=false,RuntimeSDK=false', 'warning'],
    ['--feature-gates=ClusterTopology=true,RuntimeSDK=false', 'ok'],
    ['--feature-gates=NoClusterTopology=false', 'ok'],
  ])('with %s is: %s', (argument, level) => {
    expect(checkCore([aDeployment({ args: ['--leader-elect', argument] })])[0]?.level).toBe(level)
  })
})

const now = Date.parse('2026-01-02T03:10:00Z')
/** Objects of the builders are from 03:04:05. */
const justNow = '2026-01-02T03:09:30Z'
const nothingRead = { unread: 'list deployments: forbidden' }
const labelled = { 'cluster.x-k8s.io/cluster-name': 'demo' }

interface Objects {
  readonly clusters?: readonly Cluster[]
  readonly claims?: readonly IPAddressClaim[]
  readonly pools?: readonly IPPool[]
}

function known({ clusters = [aCluster()], claims = [], pools = [aPool()] }: Objects = {}): {
  readonly read: Snapshot
} {
  return { read: aSnapshot({ clusters, claims, pools }) }
}

function check(
  deployments: Reading<readonly ProgramDeployment[]>,
  objects: Reading<Snapshot> = known(),
): readonly CheckOutcome[] {
  return checkIpamProvider(deployments, objects, now)
}

describe('the IPAM provider', () => {
  const provider = aDeployment({ image: 'x:v1.1.0' })

  it('is in order where its Deployment is available, with its effect', () => {
    expect(check({ read: [provider] })).toEqual([
      {
        level: 'ok',
        found:
          'v1.1.0 (Deployment system/manager) is available: 1 pool with counted addresses, and no claim is overdue',
      },
    ])
    expect(check({ read: [provider] }, nothingRead)).toEqual([
      { level: 'ok', found: 'v1.1.0 (Deployment system/manager) is available' },
    ])
  })

  it('is named wherever it runs', () => {
    const second = { ...provider, name: 'second' }
    expect(check({ read: [provider, second] }, nothingRead)[0]?.found).toBe(
      'v1.1.0 (Deployment system/manager), v1.1.0 (Deployment system/second) is available',
    )
  })

  it('is known by its effect alone where there is no Deployment to be seen', () => {
    expect(check({ read: [] })).toEqual([
      {
        level: 'ok',
        found:
          'its effect can be seen: 1 pool with counted addresses, and no claim is overdue; its version is unknown: no Deployment has the label cluster.x-k8s.io/provider=ipam-in-cluster',
      },
    ])
  })

  it('is skipped where nothing shows it', () => {
    expect(check({ read: [] }, known({ pools: [] }))[0]?.level).toBe('skipped')
    expect(check(nothingRead, nothingRead)).toEqual([
      { level: 'skipped', found: 'its version is unknown: list deployments: forbidden' },
    ])
  })

  it('is a fault where no Pod is available, a warning where it is old', () => {
    expect(check({ read: [aDeployment({ image: 'x:v1.1.0', available: 0 })] })).toMatchObject([
      {
        level: 'fault',
        found:
          'the in-cluster IPAM provider does not run: Deployment system/manager has 0 of 2 Pods available',
      },
    ])
    expect(check({ read: [aDeployment({ image: 'x:v1.0.3' })] })).toMatchObject([
      {
        level: 'warning',
        found: expect.stringContaining('v1.0.3'),
        fix: 'upgrade the in-cluster IPAM provider to v1.1.0 or newer: clusterctl upgrade plan',
      },
    ])
    expect(check({ read: [aDeployment({ image: 'x:v1.2.0' })] })).toMatchObject([{ level: 'ok' }])
    expect(check({ read: [aDeployment({ image: 'x:main' })] })).toMatchObject([{ level: 'ok' }])
  })

  it('is a fault where claims stay unbound although their pool has addresses', () => {
    const claims = [aClaim({ labels: labelled }), aClaim({ name: 'other' })]
    expect(check({ read: [provider] }, known({ claims }))).toEqual([
      {
        level: 'fault',
        found:
          'unbound for more than a minute, although their pools have free addresses: IPAddressClaim clusters/vip-cp-demo, clusters/other',
        fix: expect.stringContaining('capi-ipam-in-cluster-system'),
      },
    ])
  })

  it('is a fault where nobody counts a pool', () => {
    expect(check({ read: [] }, known({ pools: [anUncountedPool()] }))).toMatchObject([
      { level: 'fault', found: 'nobody has counted the addresses of GlobalInClusterIPPool/vip-pool' },
    ])
    expect(check({ read: [] }, known({ pools: [anUncountedPool({ created: justNow })] }))[0]?.level).toBe(
      'skipped',
    )
    const paused = { annotations: { 'cluster.x-k8s.io/paused': '' } }
    expect(check({ read: [] }, known({ pools: [anUncountedPool(paused)] }))[0]?.level).toBe('skipped')
  })

  const full = { total: 1, used: 1, free: 0, outOfRange: 0 }
  const paused = { 'cluster.x-k8s.io/paused': '' }
  const own = aPool({ kind: 'InClusterIPPool' })
  const unbound = aClaim({ labels: labelled })

  it.each<[string, Objects]>([
    ['is bound', { claims: [aClaim({ addressName: 'vip-cp-demo' })] }],
    ['is new', { claims: [aClaim({ labels: labelled, created: justNow })] }],
    ['is being deleted', { claims: [aClaim({ labels: labelled, deleting: true })] }],
    ['is paused', { claims: [aClaim({ labels: labelled, annotations: paused })] }],
    ['is for a paused Cluster', { claims: [unbound], clusters: [aCluster({ paused: true })] }],
    ['is for no Cluster', { claims: [unbound], clusters: [] }],
    ['asks a pool that is exhausted', { claims: [unbound], pools: [aPool({ capacity: full })] }],
    ['asks a pool that is paused', { claims: [unbound], pools: [aPool({ annotations: paused })] }],
    ['asks a pool that is being deleted', { claims: [unbound], pools: [aPool({ deleting: true })] }],
    ['asks a pool that does not exist', { claims: [unbound], pools: [aPool({ name: 'other' })] }],
    [
      'asks a pool of another namespace',
      {
        claims: [aClaim({ labels: labelled, poolKind: 'InClusterIPPool' })],
        pools: [{ ...own, namespace: 'elsewhere' }],
      },
    ],
    ['asks a pool of another kind', { claims: [unbound], pools: [own] }],
  ])('is not to blame for a claim that %s', (_, objects) => {
    expect(check({ read: [provider] }, known(objects))[0]?.level).toBe('ok')
  })

  it('is to blame for a claim of a pool in its own namespace', () => {
    const claims = [aClaim({ labels: labelled, poolKind: 'InClusterIPPool' })]
    expect(check({ read: [provider] }, known({ claims, pools: [own] }))[0]?.level).toBe('fault')
  })
})
