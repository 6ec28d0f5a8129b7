import { describe, expect, it } from '@jest/globals'
import { typedEndpointProblems } from '../../../../../src/commands/doctor/checks/typed-endpoints.ts'
import { typedEndpointsIn } from '../../../../../src/commands/doctor/checks/typed-endpoints.ts'
import { reserveEndpoints } from '../../../../../src/commands/doctor/reserve-endpoints.ts'
import { appliedTo } from '../../../../../src/domain/model/json-patch.ts'
import { clusterFrom, type Cluster } from '../../../../../src/domain/model/cluster.ts'
import { objectOf, stringMapOf } from '../../../../../src/domain/model/decode.ts'
import { KubernetesError } from '../../../../../src/kubernetes/errors.ts'
import {
  aCluster,
  anIPAddress,
  aPool,
  clusterObject,
  variables,
  type ClusterOptions,
} from '../../../../support/builders.ts'
import { aSnapshot, type SnapshotObjects } from '../../../../support/snapshot.ts'

const reserve = 'vip.capi.gorizond.io/reserve-endpoint'
const settings = { variables }
const typed = { endpoint: { host: '10.0.0.12', port: 6443 } }
const beginning =
  'endpoints by hand of 1 Cluster are in ranges of pools, which may give them to somebody else: '

function problems(cluster: ClusterOptions, objects: SnapshotObjects = {}) {
  return typedEndpointProblems(
    aSnapshot({ pools: [aPool()], ...objects, clusters: [aCluster(cluster)] }),
    settings,
  )
}

describe('an endpoint by hand', () => {
  it('in the range of a pool is a warning, with the annotation that reserves it', () => {
    expect(problems(typed)).toEqual([
      {
        level: 'warning',
        found: `${beginning}clusters/demo 10.0.0.12 (GlobalInClusterIPPool/vip-pool)`,
        fix: `annotate each with ${reserve}=true, or run doctor --fix, which does that for all of them; =false says that it is to stay so`,
      },
    ])
  })

  it('that no claim of its Cluster can reserve is to be excluded from the pool', () => {
    const elsewhere = aPool({ kind: 'InClusterIPPool', namespace: 'other' })
    const closed = aPool({ annotations: { 'vip.capi.gorizond.io/namespaces': 'gold' } })
    const fix = 'add the address to spec.excludedAddresses of the pool'
    expect(problems(typed, { pools: [elsewhere] })).toEqual([
      {
        level: 'warning',
        found: `${beginning}clusters/demo 10.0.0.12 (InClusterIPPool other/vip-pool)`,
        fix,
      },
    ])
    expect(problems(typed, { pools: [closed] })).toMatchObject([{ level: 'warning', fix }])
    const refuses = { 'vip.capi.gorizond.io/control-plane-enabled': 'false' }
    expect(problems({ ...typed, annotations: refuses })).toMatchObject([{ level: 'warning', fix }])
    const asks = { [reserve]: 'true' }
    expect(problems({ ...typed, annotations: asks }, { pools: [closed] })).toMatchObject([
      { level: 'warning', fix },
    ])
  })

  it.each<[string, ClusterOptions, SnapshotObjects]>([
    ['is outside of all pools', { endpoint: { host: '10.1.0.12', port: 6443 } }, {}],
    ['is a DNS name', { endpoint: { host: 'api.example.org', port: 6443 } }, {}],
    ['is excluded', typed, { pools: [aPool({ excludedAddresses: ['10.0.0.12'] })] }],
    [
      'is on another network',
      typed,
      { pools: [aPool({ annotations: { 'vip.capi.gorizond.io/network': 'x' } })] },
    ],
    [
      'is held in the pool already',
      typed,
      { ipAddresses: [anIPAddress({ address: '10.0.0.12', name: 'mine' })] },
    ],
    [
      'is the VIP that we assigned',
      { ...typed, annotations: { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.12' } },
      {},
    ],
    ['asks for it', { ...typed, annotations: { [reserve]: 'true' } }, {}],
    ['is to stay so', { ...typed, annotations: { [reserve]: 'false' } }, {}],
    ['is of a paused Cluster', { ...typed, paused: true }, {}],
  ])('is in order if it %s', (_, cluster, objects) => {
    expect(problems(cluster, objects)).toEqual([])
  })

  it('is a fault if the annotation says neither', () => {
    expect(problems({ ...typed, annotations: { [reserve]: 'yes' } })).toEqual([
      {
        level: 'fault',
        found: `Cluster clusters/demo: ${reserve} is "yes", expected "true" or "false"`,
        fix: `kubectl --namespace clusters annotate --overwrite cluster demo ${reserve}=true, or =false`,
      },
    ])
  })
})

describe('doctor --fix', () => {
  const snapshot = aSnapshot({
    pools: [aPool()],
    clusters: [
      aCluster(typed),
      aCluster({ name: 'refused', endpoint: { host: '10.0.0.13', port: 6443 } }),
      aCluster({ name: 'far', endpoint: { host: '10.1.0.13', port: 6443 } }),
    ],
  })

  it('annotates the Clusters whose endpoints can be reserved, and reports what the API server refuses', async () => {
    const patched: string[] = []
    const api = {
      async patchCluster(cluster: Cluster, patch: Parameters<typeof appliedTo>[1]): Promise<Cluster> {
        if (cluster.name === 'refused')
          throw new KubernetesError('no right to patch', { kind: 'forbidden', status: 403 })
        patched.push(cluster.name)
        const object = objectOf(clusterObject(typed))
        const { annotations } = objectOf(appliedTo(object, patch)['metadata'])
        expect(stringMapOf(annotations)).toEqual({ [reserve]: 'true' })
        return clusterFrom(appliedTo(object, patch))
      },
    }
    const done = await reserveEndpoints(api, snapshot, typedEndpointsIn(snapshot, settings))
    expect(patched).toEqual(['demo'])
    expect(done.fixed).toEqual([
      `Cluster clusters/demo has the annotation ${reserve}, so that 10.0.0.12 is reserved in GlobalInClusterIPPool/vip-pool`,
    ])
    expect(done.failed).toEqual(['Cluster clusters/refused could not be annotated: no right to patch'])
    expect(typedEndpointsIn(done.snapshot, settings).map(({ cluster }) => cluster.name)).toEqual(['refused'])
  })
})
