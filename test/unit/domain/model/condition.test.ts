import { describe, expect, it } from '@jest/globals'
import { clusterFrom } from '../../../../src/domain/model/cluster.ts'
import { aCluster, clusterObject } from '../../../support/builders.ts'

const condition = {
  type: 'Available',
  status: 'False',
  reason: 'NotAvailable',
  message: 'not yet',
  lastTransitionTime: '2026-01-02T03:04:05Z',
}

describe('the conditions of a Cluster', () => {
  it('are read as v1beta2 has them', () => {
    expect(aCluster({ conditions: [condition] }).conditions).toEqual([condition])
  })

  it('are none where the Cluster was read in v1beta1, whose list has another shape', () => {
    const older = { ...clusterObject({ conditions: [condition] }), apiVersion: 'cluster.x-k8s.io/v1beta1' }
    expect(clusterFrom(older).conditions).toEqual([])
  })

  it('have status Unknown where it is none of the three words', () => {
    expect(aCluster({ conditions: [{ ...condition, status: 'maybe' }] }).conditions[0]?.status).toBe(
      'Unknown',
    )
  })
})

describe('the availability gates of a Cluster', () => {
  it('are read by their condition types', () => {
    expect(aCluster({ availabilityGates: ['example.org/Ready'] }).availabilityGates).toEqual([
      'example.org/Ready',
    ])
  })
})
