import { describe, expect, it } from '@jest/globals'
import { allocationEvent, releaseEvent } from '../../../../src/domain/allocation/cluster-event.ts'
import { longestMessage } from '../../../../src/domain/quote.ts'
import { aCluster } from '../../../support/builders.ts'

const cluster = aCluster()

describe('the event about a VIP', () => {
  it('warns only if a person has to act', () => {
    expect(allocationEvent(cluster, 'ingress', 'Allocated', 'done')).toEqual({
      cluster,
      type: 'Normal',
      reason: 'Allocated',
      action: 'AllocateVIP',
      note: 'ingress VIP: done',
    })
    expect(allocationEvent(cluster, 'ingress', 'PoolExhausted', 'full')).toMatchObject({ type: 'Warning' })
  })

  it('tells of a release', () => {
    expect(releaseEvent(cluster, 'Released', 'all is free')).toEqual({
      cluster,
      type: 'Normal',
      reason: 'Released',
      action: 'ReleaseVIP',
      note: 'all is free',
    })
  })

  it('is no longer than the API server accepts', () => {
    const long = 'x'.repeat(longestMessage + 1)
    expect(allocationEvent(cluster, 'ingress', 'Allocated', long).note).toHaveLength(longestMessage)
    expect(releaseEvent(cluster, 'Released', long).note).toHaveLength(longestMessage)
  })
})
