import { describe, expect, it } from '@jest/globals'
import { whyKept } from '../../../../src/domain/release/kept-claim.ts'
import { aClaim, aPool, type ClaimOptions, type PoolOptions } from '../../../support/builders.ts'

const paused = { 'cluster.x-k8s.io/paused': '' }

function kept(claim: ClaimOptions, pool: PoolOptions = {}): ReturnType<typeof whyKept> {
  return whyKept(aClaim({ deleting: true, ...claim }), [
    aPool({ name: 'another', annotations: paused }),
    aPool(pool),
  ])
}

describe('a claim that is being deleted is kept', () => {
  it('by a finalizer of somebody else, which is named', () => {
    const finalizers = ['ipam.cluster.x-k8s.io/ReleaseAddress', 'example.org/audit']
    expect(kept({ finalizers })).toEqual({ by: 'finalizer', because: 'example.org/audit holds it' })
  })

  it.each(['ipam.cluster.x-k8s.io/ReleaseAddress', 'foregroundDeletion', 'orphan'])(
    'not by the finalizer %s, which goes by itself',
    (finalizer) => {
      expect(kept({ finalizers: [finalizer] })).toBeUndefined()
    },
  )

  it('by its own pause', () => {
    expect(kept({ annotations: paused })).toEqual({
      by: 'pause',
      because: 'it is paused; unpause it',
    })
  })

  it('by the pause of its pool, and of no other', () => {
    expect(kept({}, { annotations: paused })).toEqual({
      by: 'pause',
      because: 'GlobalInClusterIPPool/vip-pool is paused; unpause it',
    })
    expect(kept({})).toBeUndefined()
  })
})
