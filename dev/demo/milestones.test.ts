import { describe, expect, it } from '@jest/globals'
import type { JsonObject } from '../../src/domain/model/decode.ts'
import { deviations, newMilestones, type Milestone } from './milestones.ts'

const vip = { host: '127.0.0.10', port: 6443 }

function clusterWith(...conditions: readonly string[]): JsonObject {
  return {
    spec: { controlPlaneEndpoint: vip },
    status: { conditions: conditions.map((type) => ({ type, status: 'True' })) },
  }
}

function infrastructureWith(endpoint: object): JsonObject {
  return { metadata: { name: 'one-x7k2p', generation: 1 }, spec: { controlPlaneEndpoint: endpoint } }
}

describe('newMilestones', () => {
  it('tells each milestone once, in the order in which a cluster comes up', () => {
    const reached = new Set<Milestone>()
    const server = 'https://127.0.0.10:6443'
    const infrastructure = infrastructureWith(vip)
    const told = [
      { cluster: clusterWith() },
      { cluster: clusterWith(), infrastructure },
      { cluster: clusterWith(), infrastructure, server },
      { cluster: clusterWith('RemoteConnectionProbe'), infrastructure, server },
      {
        cluster: clusterWith('RemoteConnectionProbe', 'ControlPlaneAvailable', 'Available'),
        infrastructure,
        server,
      },
    ].map((parts) => newMilestones(parts, reached))

    expect(told).toEqual([
      [],
      ['DevCluster one-x7k2p created with endpoint 127.0.0.10:6443, generation 1'],
      ['kubeconfig for https://127.0.0.10:6443'],
      ['RemoteConnectionProbe: Cluster API reaches the API server through the VIP'],
      [
        'ControlPlaneAvailable: the control plane serves',
        'Available: control plane, machines and workers are there',
      ],
    ])
  })

  it('tells nothing of a condition that is not True', () => {
    const cluster = { status: { conditions: [{ type: 'Available', status: 'False' }] } }
    expect(newMilestones({ cluster }, new Set())).toEqual([])
  })
})

describe('deviations', () => {
  const parts = {
    cluster: clusterWith('Available'),
    infrastructure: infrastructureWith(vip),
    server: 'https://127.0.0.10:6443',
  }

  it('are none where kubeconfig and DevCluster have the VIP from the first version on', () => {
    expect(deviations(parts, [1, 1, 1])).toEqual([])
  })

  it.each([
    [
      'the kubeconfig leads elsewhere',
      { ...parts, server: 'https://127.0.0.1:6443' },
      [1],
      'the kubeconfig has https://127.0.0.1:6443, expected https://127.0.0.10:6443',
    ],
    [
      'there is no kubeconfig',
      { cluster: parts.cluster, infrastructure: parts.infrastructure },
      [1],
      'the kubeconfig has no server, expected https://127.0.0.10:6443',
    ],
    [
      'the DevCluster has another port',
      { ...parts, infrastructure: infrastructureWith({ host: '127.0.0.10', port: 20000 }) },
      [1],
      'the DevCluster has 127.0.0.10:20000, expected 127.0.0.10:6443',
    ],
    [
      'the DevCluster was rewritten on the way',
      parts,
      [1, 3, 3],
      'the DevCluster had generations 1, 3, expected 1 throughout',
    ],
    [
      'the DevCluster was never seen',
      parts,
      [],
      'the DevCluster had generations none, expected 1 throughout',
    ],
  ])('say so where %s', (_, deviating, generations, expected) => {
    expect(deviations(deviating, generations)).toEqual([expected])
  })

  it('say that the Cluster itself has none', () => {
    expect(deviations({ ...parts, cluster: {} }, [1])).toEqual(['the Cluster has no endpoint'])
  })
})
