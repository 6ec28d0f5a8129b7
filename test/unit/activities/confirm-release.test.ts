import { describe, expect, it } from '@jest/globals'
import type { IPAddressClaim } from '../../../src/domain/model/claim.ts'
import { collectWithinMs } from '../../../src/domain/release/release-verdict.ts'
import { leakAfterMs } from '../../../src/domain/timings.ts'
import type { ClusterApi } from '../../../src/kubernetes/cluster-api.ts'
import { KubernetesError } from '../../../src/kubernetes/errors.ts'
import { aClaim, aCluster, anIPAddress, aPool, ownerReference } from '../../support/builders.ts'
import { failureOf, run } from './support.ts'

const deletedCluster = { namespace: 'clusters', name: 'demo', uid: 'uid-of-demo' }
const vip = { role: 'control-plane', claim: 'vip-cp-demo', address: '10.0.0.10' } as const
const first = { ...deletedCluster, isFirst: true, held: [] }
/** What the run says later, when the Cluster has been gone for so long. */
const later = (ms: number) => ({
  ...deletedCluster,
  isFirst: false,
  held: [vip],
  goneSince: Date.now() - ms,
})

const empty: Partial<ClusterApi> = {
  listIPAddressesOf: async () => [],
  getIPAddressClaim: async () => undefined,
  getCluster: async () => undefined,
  listIPPools: async () => [aPool()],
}

/** A management cluster with one claim for the control plane, and its address. */
function holding(
  claim: IPAddressClaim,
  ...ipAddresses: ReturnType<typeof anIPAddress>[]
): Partial<ClusterApi> {
  return {
    ...empty,
    getIPAddressClaim: async ({ name }) => (name === claim.name ? claim : undefined),
    listIPAddressesOf: async () => ipAddresses,
  }
}

const deleting = aClaim({ deleting: true, addressName: 'vip-cp-demo', finalizers: ['a/b'] })
const stuck = {
  ...holding(deleting, anIPAddress()),
  listIPPools: async () => [aPool({ annotations: { 'cluster.x-k8s.io/paused': '' } })],
}
const refusal = (kind: KubernetesError['kind']) => async (): Promise<never> => {
  throw new KubernetesError(`no: ${kind}`, { kind, status: 400 })
}

describe('confirmRelease', () => {
  it('ends where nothing is there', async () => {
    expect(await run('confirmRelease', first, empty)).toEqual({ next: 'released', held: [] })
  })

  it('reads the Cluster last, so that it is proof', async () => {
    const reads: string[] = []
    const reading =
      <T>(what: string, answer: T) =>
      async (): Promise<T> => {
        reads.push(what)
        return answer
      }
    await run('confirmRelease', first, {
      listIPAddressesOf: reading('addresses', []),
      getIPAddressClaim: reading('claim', undefined),
      getCluster: reading('Cluster', undefined),
    })
    expect(reads).toEqual(['addresses', 'claim', 'claim', 'claim', 'claim', 'Cluster'])
  })

  it('sees what goes while it looks, and keeps what it was told of', async () => {
    let looks = 0
    const goes = { ...stuck, getIPAddressClaim: async () => ((looks += 1) === 1 ? deleting : undefined) }
    const ipAddresses = async () => (looks === 0 ? [anIPAddress()] : [])
    const reservation = { role: 'reservation', address: '10.0.0.11' } as const
    expect(
      await run(
        'confirmRelease',
        { ...first, held: [reservation] },
        { ...goes, listIPAddressesOf: ipAddresses },
      ),
    ).toEqual({ next: 'released', held: [reservation, vip] })
  })

  it('looks up an address that has no label', async () => {
    const asked: string[] = []
    const getIPAddress: ClusterApi['getIPAddress'] = async ({ name }) => {
      asked.push(name)
      return anIPAddress()
    }
    const calls = { ...stuck, listIPAddressesOf: async () => [], getIPAddress }
    expect(await run('confirmRelease', { ...later(0), held: [] }, calls)).toEqual({
      next: 'wait',
      held: [vip],
      isGone: true,
    })
    expect(asked).toEqual(['vip-cp-demo'])
  })

  it('has the run remember what it sees for the first time, after some looks', async () => {
    expect(await run('confirmRelease', first, stuck)).toEqual({ next: 'wait', held: [vip], isGone: true })
  })

  it('waits quietly for what is known', async () => {
    const failure = await failureOf(run('confirmRelease', later(5_000), stuck, 3))
    expect(failure).toMatchObject({ type: 'ReleasePending', category: 'BENIGN', nextRetryDelay: 5_000 })
    expect(failure.message).toContain('GlobalInClusterIPPool/vip-pool is paused')
  })

  it('says loudly after a while that it is leaked', async () => {
    const failure = await failureOf(run('confirmRelease', later(leakAfterMs), stuck))
    expect(failure).toMatchObject({ type: 'ReleaseLeaked', category: undefined })
    expect(failure.message).toMatch(/^leaked: /)
  })

  it.each([
    ['still exists', aCluster()],
    ['is still being deleted', aCluster({ deleting: true })],
  ])('waits quietly while the Cluster %s, however long', async (state, cluster) => {
    const calls = { ...stuck, getCluster: async () => cluster }
    const failure = await failureOf(run('confirmRelease', { ...first, isFirst: false, held: [vip] }, calls))
    expect(failure).toMatchObject({ type: 'ReleasePending', category: 'BENIGN' })
    expect(failure.message).toBe(
      `Cluster clusters/demo ${state}; what it holds is looked for when it is gone`,
    )
  })

  it('does not wait in its first step, which a wake does not repeat', async () => {
    const calls = { ...stuck, getCluster: async () => aCluster() }
    const known = { ...first, held: [vip] }
    expect(await run('confirmRelease', known, calls)).toEqual({ next: 'wait', held: [vip], isGone: false })
  })

  it('has the run remember what a Cluster holds that still exists', async () => {
    const calls = { ...stuck, getCluster: async () => aCluster() }
    expect(await run('confirmRelease', first, calls)).toEqual({ next: 'wait', held: [vip], isGone: false })
  })

  it('ends where all that is there belongs to a namesake', async () => {
    const owners = [ownerReference({ name: 'demo', uid: 'new' })]
    const calls = holding(aClaim({ owners, addressName: 'vip-cp-demo' }), anIPAddress())
    const getCluster = async () => aCluster({ uid: 'new' })
    expect(await run('confirmRelease', first, { ...calls, getCluster })).toEqual({
      next: 'released',
      held: [],
    })
  })
})

describe('what does not go by itself', () => {
  it('is touched, so that its provider looks at it, as it was read', async () => {
    const patches: unknown[] = []
    const patchIPAddressClaim: ClusterApi['patchIPAddressClaim'] = async ({ name }, patch) => {
      patches.push([name, patch])
      return deleting
    }
    await failureOf(
      run('confirmRelease', later(5_000), { ...holding(deleting, anIPAddress()), patchIPAddressClaim }),
    )
    const annotations = { 'vip.capi.gorizond.io/release-checked': expect.stringMatching(/^\d{4}-.*Z$/) }
    expect(patches).toEqual([['vip-cp-demo', { metadata: { resourceVersion: '100', annotations } }]])
  })

  it.each(['conflict', 'notFound'] as const)('may have moved on by then (%s)', async (kind) => {
    const patchIPAddressClaim = refusal(kind)
    const failure = await failureOf(
      run('confirmRelease', later(5_000), { ...holding(deleting, anIPAddress()), patchIPAddressClaim }),
    )
    expect(failure.type).toBe('ReleasePending')
    expect(failure.message).toContain('vip-cp-demo')
  })

  it('may be refused to us, which a person has to mend', async () => {
    const patchIPAddressClaim = refusal('forbidden')
    const failure = await failureOf(
      run('confirmRelease', later(5_000), { ...holding(deleting, anIPAddress()), patchIPAddressClaim }),
    )
    expect(failure).toMatchObject({ type: 'ReleasePending', message: 'no: forbidden', category: undefined })
  })

  it('is deleted where the garbage collector has missed it: a claim', async () => {
    const deleted: string[] = []
    const deleteIPAddressClaim = async ({ name }: { name: string }): Promise<void> => void deleted.push(name)
    const calls = { ...holding(aClaim(), anIPAddress()), deleteIPAddressClaim }
    await failureOf(run('confirmRelease', later(collectWithinMs), calls))
    expect(deleted).toEqual(['vip-cp-demo'])
  })

  it('is deleted where the garbage collector has missed it: a reservation', async () => {
    const deleted: string[] = []
    const deleteIPAddress = async ({ name }: { name: string }): Promise<void> => void deleted.push(name)
    const reservation = anIPAddress({
      name: 'vip-reserved-demo-10.0.0.10',
      owners: [ownerReference(deletedCluster)],
    })
    const listIPAddressesOf = async () => [reservation]
    const held = [{ role: 'reservation', claim: 'vip-cp-demo', address: '10.0.0.10' } as const]
    const input = { ...later(collectWithinMs), held }
    await failureOf(run('confirmRelease', input, { ...empty, listIPAddressesOf, deleteIPAddress }))
    expect(deleted).toEqual(['vip-reserved-demo-10.0.0.10'])
  })

  it('is reported too where no kind of pool is served any more', async () => {
    const patchIPAddressClaim = async () => deleting
    const calls = { ...stuck, listIPPools: refusal('notServed'), patchIPAddressClaim }
    const failure = await failureOf(run('confirmRelease', later(leakAfterMs), calls))
    expect(failure.type).toBe('ReleaseLeaked')
    expect(failure.message).toContain('whose pools are not served')
  })
})

describe('kinds that are not served', () => {
  const unserved = { ...empty, listIPAddressesOf: refusal('notServed') }

  it('are waited for a while, since an API server may have just started', async () => {
    expect(await run('confirmRelease', first, unserved)).toEqual({ next: 'wait', held: [], isGone: true })
    const failure = await failureOf(run('confirmRelease', later(leakAfterMs - 5_000), unserved))
    expect(failure).toMatchObject({ type: 'ReleasePending', category: 'BENIGN', message: 'no: notServed' })
  })

  it('have no objects, and the release ends', async () => {
    expect(await run('confirmRelease', later(leakAfterMs), unserved)).toEqual({
      next: 'released',
      held: [vip],
      because: 'no: notServed',
    })
  })

  it('are not confused with an API server that is away', async () => {
    const calls = { ...empty, listIPAddressesOf: refusal('unavailable') }
    expect((await failureOf(run('confirmRelease', later(leakAfterMs), calls))).type).toBe(
      'KubernetesUnavailable',
    )
  })
})
