import { describe, expect, it } from '@jest/globals'
import { clusterFrom } from '../../../../src/domain/model/cluster.ts'

describe('a Cluster', () => {
  it.each<[string, object]>([
    ['of v1beta2', { phase: 'Provisioning', initialization: { infrastructureProvisioned: false } }],
    ['that has no infrastructure object yet', { phase: 'Pending' }],
    ['of v1beta1', { phase: 'Provisioning', infrastructureReady: false, controlPlaneReady: false }],
  ])('awaits its infrastructure: %s', (_, status) => {
    expect(clusterFrom({ status }).isAwaitingInfrastructure).toBe(true)
  })

  it.each<[string, object | undefined]>([
    ['Cluster API has not said anything', undefined],
    ['Cluster API has not said anything, and conditions were moved', { conditions: [] }],
    ['it is in another phase', { phase: 'Provisioned' }],
    [
      'its infrastructure is there',
      { phase: 'Provisioning', initialization: { infrastructureProvisioned: true } },
    ],
    [
      'its control plane was there',
      { phase: 'Provisioning', initialization: { controlPlaneInitialized: true } },
    ],
    ['its infrastructure is there in v1beta1', { phase: 'Provisioning', infrastructureReady: true }],
    ['its control plane is there in v1beta1', { phase: 'Provisioning', controlPlaneReady: true }],
  ])('awaits none if %s', (_, status) => {
    expect(clusterFrom({ status }).isAwaitingInfrastructure).toBe(false)
  })
})
