import { describe, expect, it } from '@jest/globals'
import { checkClusters } from '../../../../../src/commands/doctor/checks/clusters.ts'
import type { CheckOutcome } from '../../../../../src/commands/doctor/checks/check-result.ts'
import type { IPPool } from '../../../../../src/domain/model/pool.ts'
import { aCluster, aClusterClass, anIPAddress, aPool, variables } from '../../../../support/builders.ts'
import { aSnapshot } from '../../../../support/snapshot.ts'

const settings = { variables }
const prefix = 'vip.capi.gorizond.io'

function check(
  annotations: Readonly<Record<string, string>>,
  pools: readonly IPPool[] = [],
): readonly CheckOutcome[] {
  return checkClusters(aSnapshot({ clusters: [aCluster({ annotations })], pools }), settings)
}

describe('what is written on Clusters', () => {
  it.each([
    [{}],
    [{ [`${prefix}/ingress-enabled`]: 'true' }],
    [{ [`${prefix}/ingress-enabled`]: 'false' }],
    [{ [`${prefix}/control-plane-vip`]: '10.0.0.10', [`${prefix}/ingress-vip`]: 'fd00::1' }],
    [{ [`${prefix}/duplicate-addresses`]: '10.0.0.11' }],
    [{ 'example.com/anything': 'x' }],
  ])('is in order: %j', (annotations) => {
    expect(check(annotations)).toEqual([{ level: 'ok', found: 'annotations of 1 Cluster can be read' }])
  })

  it('is a fault where it cannot be read', () => {
    expect(check({ [`${prefix}/ingress-enabled`]: 'yes' })).toEqual([
      {
        level: 'fault',
        found: `Cluster clusters/demo: ${prefix}/ingress-enabled is "yes", expected "true" or "false"`,
        fix: `kubectl --namespace clusters annotate --overwrite cluster demo ${prefix}/ingress-enabled=true, or =false`,
      },
    ])
  })

  it('is a fault where the queue-priority is no integer', () => {
    expect(check({ [`${prefix}/queue-priority`]: '-2' })[0]?.level).toBe('ok')
    expect(check({ [`${prefix}/queue-priority`]: 'high' })).toEqual([
      {
        level: 'fault',
        found: `Cluster clusters/demo: ${prefix}/queue-priority is "high", expected an integer`,
        fix: `kubectl --namespace clusters annotate --overwrite cluster demo ${prefix}/queue-priority=0, or a higher one`,
      },
    ])
  })

  it('is a fault where it names a pool that the Cluster cannot use, with the one that was meant', () => {
    const annotations = { [`${prefix}/control-plane-pool`]: 'vip-pol' }
    expect(check(annotations, [aPool()])).toEqual([
      {
        level: 'fault',
        found: `Cluster clusters/demo: ${prefix}/control-plane-pool is "vip-pol", and it can use no such pool; did you mean "vip-pool"?`,
        fix: expect.stringContaining(`correct the annotation ${prefix}/control-plane-pool`),
      },
    ])
    expect(
      check({ [`${prefix}/control-plane-pool`]: 'GlobalInClusterIPPool/vip-pol' }, [aPool()])[0]?.found,
    ).toContain('did you mean "GlobalInClusterIPPool/vip-pool"?')
    const elsewhere = aPool({ kind: 'InClusterIPPool', name: 'vip-pol', namespace: 'elsewhere' })
    expect(check(annotations, [elsewhere])[0]?.level).toBe('fault')
    expect(check(annotations, [aPool({ name: 'vip-pol' })])[0]?.level).toBe('ok')
    expect(
      check({ [`${prefix}/ingress-pool`]: 'GlobalInClusterIPPool/x' }, [aPool({ name: 'x' })])[0]?.level,
    ).toBe('ok')
  })

  it('is a warning where it names a network that no pool is on, or another one than the pool of its address', () => {
    const networked = (network: string): IPPool =>
      aPool({ annotations: network === '' ? {} : { [`${prefix}/network`]: network } })
    const annotations = { [`${prefix}/control-plane-network`]: 'blu' }
    const found = `Cluster clusters/demo: ${prefix}/control-plane-network is "blu"`
    const fix = `correct or remove ${prefix}/control-plane-network on Cluster clusters/demo`
    expect(check(annotations, [networked('blue')])).toEqual([
      {
        level: 'warning',
        found: `${found}, which no pool is on, so nobody sees its address as taken; did you mean "blue"?`,
        fix,
      },
    ])
    expect(check(annotations, [networked('blu')])[0]?.level).toBe('ok')
    const withAddress = (network: string): readonly CheckOutcome[] =>
      checkClusters(
        aSnapshot({
          clusters: [aCluster({ annotations })],
          pools: [networked(network)],
          ipAddresses: [anIPAddress()],
        }),
        settings,
      )
    expect(withAddress('blue')).toEqual([
      { level: 'warning', found: `${found}, but the pool of its address is on network "blue"`, fix },
    ])
    expect(withAddress('')[0]?.found).toBe(
      `${found}, but the pool of its address is on the network without a name`,
    )
    expect(withAddress('blu')[0]?.level).toBe('ok')
  })

  it.each([['control-plane-vip'], ['ingress-vip']])('is a warning where %s is no address', (name) => {
    expect(check({ [`${prefix}/${name}`]: 'vip.example.com' })).toEqual([
      {
        level: 'warning',
        found: `Cluster clusters/demo: ${prefix}/${name} is "vip.example.com", expected the address that the allocator wrote`,
        fix: expect.stringContaining(`remove ${prefix}/${name} from Cluster clusters/demo`),
      },
    ])
  })

  it('is a warning where a key is not one of ours', () => {
    expect(check({ [`${prefix}/ingres-enabled`]: 'true' })).toEqual([
      {
        level: 'warning',
        found: `Cluster clusters/demo: unknown annotation "${prefix}/ingres-enabled"; did you mean "${prefix}/ingress-enabled"?`,
        fix: 'correct or remove it on Cluster clusters/demo',
      },
    ])
    const labelled = aCluster({ labels: { [`${prefix}/ingress-enabled`]: 'true' } })
    expect(checkClusters(aSnapshot({ clusters: [labelled] }), settings)[0]?.found).toBe(
      `Cluster clusters/demo: label "${prefix}/ingress-enabled" is read as annotation only`,
    )
  })

  it('is a fault where an availability gate waits for a condition that nobody writes', () => {
    const gate = `${prefix}/ControlPlaneVIPRedy`
    const cluster = aCluster({ availabilityGates: [gate] })
    expect(checkClusters(aSnapshot({ clusters: [cluster] }), settings)).toEqual([
      {
        level: 'fault',
        found: `Cluster clusters/demo: spec.availabilityGates names "${gate}", which nobody writes; did you mean "${prefix}/ControlPlaneVIPReady"?`,
        fix: `correct spec.availabilityGates of Cluster clusters/demo; there are ${prefix}/ControlPlaneVIPReady and ${prefix}/IngressVIPReady`,
      },
    ])
    const clusterClass = { ...aClusterClass({ declared: [], accepted: [] }), availabilityGates: [gate] }
    expect(checkClusters(aSnapshot({ clusterClasses: [clusterClass] }), settings)[0]?.found).toContain(
      'ClusterClass clusters/rke2-cluster-class: spec.availabilityGates names',
    )
    const right = [`${prefix}/ControlPlaneVIPReady`, `${prefix}/IngressVIPReady`, 'example.com/Other']
    expect(
      checkClusters(aSnapshot({ clusters: [aCluster({ availabilityGates: right })] }), settings)[0]?.level,
    ).toBe('ok')
  })
})

describe('what a Cluster names', () => {
  const annotation = 'vip.capi.gorizond.io/control-plane-pool'

  it('is not taken for a typing error if the pool exists and is closed', () => {
    const gold = aPool({ name: 'gold', annotations: { 'vip.capi.gorizond.io/namespaces': 'other' } })
    const clusters = [aCluster({ annotations: { [annotation]: 'gold' } })]
    expect(checkClusters(aSnapshot({ clusters, pools: [gold] }), settings)).toEqual([
      {
        level: 'fault',
        found: `Cluster clusters/demo: ${annotation} is "gold", but GlobalInClusterIPPool/gold is closed to namespace clusters (vip.capi.gorizond.io/namespaces: "other")`,
        fix: `correct that on the pool, or name another pool in the annotation ${annotation}`,
      },
    ])
  })

  it.each([['https://api.example.test'], ['api.example.test:6443'], ['api example']])(
    'is a fault if its host is %j',
    (host) => {
      const clusters = [aCluster({ endpoint: { host, port: 6443 } })]
      expect(checkClusters(aSnapshot({ clusters }), settings)).toEqual([
        {
          level: 'fault',
          found: `Cluster clusters/demo: spec.controlPlaneEndpoint.host is "${host}", expected an IP address or a DNS name`,
          fix: 'correct spec.controlPlaneEndpoint of Cluster clusters/demo: the host alone, without scheme and port',
        },
      ])
    },
  )

  it.each([['api.example.test'], ['api'], ['api.example.test.'], ['192.0.2.9'], ['2001:db8::9']])(
    'is in order if its host is %j',
    (host) => {
      const clusters = [aCluster({ endpoint: { host, port: 6443 } })]
      expect(checkClusters(aSnapshot({ clusters }), settings)[0]?.level).toBe('ok')
    },
  )
})
