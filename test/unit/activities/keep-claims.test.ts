import { describe, expect, it } from '@jest/globals'
import type { IPAddressClaim } from '../../../src/domain/model/claim.ts'
import {
  clusterUidAnnotation,
  keptSinceAnnotation,
  keptUntilAnnotation,
  retainAnnotation,
} from '../../../src/domain/names.ts'
import type { ClusterApi } from '../../../src/kubernetes/cluster-api.ts'
import { KubernetesError } from '../../../src/kubernetes/errors.ts'
import { aCluster, anIPAddress, aPool, aRetainedClaim } from '../../support/builders.ts'
import { failureOf, run } from './support.ts'

const deleted = { namespace: 'clusters', name: 'demo', uid: 'uid-of-demo' }
const vip = { role: 'control-plane', claim: 'vip-cp-demo', address: '10.0.0.10' } as const
const input = {
  ...deleted,
  isFirst: false,
  held: [vip],
  goneSince: Date.now() - 5_000,
  understandsKeep: true,
}

const retained = (annotations: Readonly<Record<string, string>> = {}, uid = 'uid-of-demo') =>
  aRetainedClaim({ annotations: { [clusterUidAnnotation]: uid, ...annotations } })
const inHours = (hours: number): string =>
  `${new Date(Date.now() + hours * 3_600_000).toISOString().slice(0, -5)}Z`
const ownSince = (hoursAgo: number) => ({
  [keptSinceAnnotation]: inHours(-hoursAgo),
  [keptUntilAnnotation]: inHours(24 - hoursAgo),
})

/** A management cluster with this claim, on a pool that retains addresses. Records writes and events. */
function holding(claim: IPAddressClaim, calls: Partial<ClusterApi> = {}) {
  const writes: unknown[] = []
  const api: Partial<ClusterApi> = {
    getIPAddressClaim: async ({ name }) => (name === claim.name ? claim : undefined),
    listIPAddressesOf: async () => [anIPAddress()],
    getCluster: async () => undefined,
    listIPPools: async () => [aPool({ annotations: { [retainAnnotation]: '24h' } })],
    patchIPAddressClaim: async (_key, patch) => {
      writes.push(patch)
      return claim
    },
    deleteIPAddressClaim: async ({ name }) => {
      writes.push(`delete ${name}`)
    },
    recordEvent: async ({ reason, note }) => {
      writes.push(`${reason}: ${note}`)
    },
    ...calls,
  }
  return { api, writes }
}

describe('confirmRelease of a claim that outlives its Cluster', () => {
  it('does not wait for its end in the first step', async () => {
    const { api } = holding(retained())
    const first = { ...deleted, isFirst: true, held: [], understandsKeep: true }
    expect(await run('confirmRelease', first, api)).toEqual({ next: 'wait', held: [vip], isGone: true })
  })

  it('marks it as it was read, says so, and has the run sleep until then', async () => {
    const { api, writes } = holding(retained())
    const result = await run('confirmRelease', input, api)
    expect(result).toMatchObject({ next: 'keep', held: [vip], isNew: true })
    const { until } = result as { readonly until: number }
    expect(Math.abs(until - Date.now() - 24 * 3_600_000)).toBeLessThan(10_000)
    const time = `${new Date(until).toISOString().slice(0, -5)}Z`
    expect(writes).toEqual([
      {
        metadata: {
          resourceVersion: '100',
          annotations: { [keptSinceAnnotation]: expect.any(String), [keptUntilAnnotation]: time },
        },
      },
      `Kept: IPAddressClaim clusters/vip-cp-demo (10.0.0.10) is kept for clusters/demo until ${time}`,
    ])
  })

  it('writes nothing again while it is kept', async () => {
    const { api, writes } = holding(retained(ownSince(1)))
    const result = await run('confirmRelease', input, api)
    expect(result).toEqual({
      next: 'keep',
      held: [vip],
      until: Date.parse(inHours(23)),
      message: expect.stringContaining('is kept for clusters/demo until '),
    })
    expect(writes).toEqual([])
  })

  it('names no end of one that a person releases', async () => {
    const annotations = { [keptSinceAnnotation]: inHours(-1), [keptUntilAnnotation]: 'always' }
    const { api } = holding(retained(annotations), {
      listIPPools: async () => [aPool({ annotations: { [retainAnnotation]: 'always' } })],
    })
    expect(await run('confirmRelease', input, api)).toEqual({
      next: 'keep',
      held: [vip],
      message: expect.stringContaining('is kept for clusters/demo until a person releases it'),
    })
  })

  it('has a run of an earlier version wait by retries', async () => {
    const { api } = holding(retained(ownSince(1)))
    const { understandsKeep: _, ...earlier } = input
    const failure = await failureOf(run('confirmRelease', earlier, api))
    expect(failure).toMatchObject({ type: 'ReleasePending', category: 'BENIGN' })
    expect(failure.message).toContain('is kept for clusters/demo until ')
  })

  it('deletes it when its time is over', async () => {
    const { api, writes } = holding(retained(ownSince(25)))
    const failure = await failureOf(run('confirmRelease', input, api))
    expect(failure).toMatchObject({ type: 'ReleasePending', category: 'BENIGN' })
    expect(failure.message).toContain('is released, since its time is over')
    expect(writes).toEqual(['delete vip-cp-demo'])
  })

  it('keeps it as its annotations say if no kind of pool is served', async () => {
    const { api } = holding(retained(ownSince(1)), {
      listIPPools: () => Promise.reject(new KubernetesError('no pools', { kind: 'notServed', status: 404 })),
    })
    expect(await run('confirmRelease', input, api)).toMatchObject({ next: 'keep' })
  })

  it('reads it again if somebody has changed it', async () => {
    const { api } = holding(retained(), {
      patchIPAddressClaim: () =>
        Promise.reject(new KubernetesError('changed', { kind: 'conflict', status: 409 })),
    })
    expect(await failureOf(run('confirmRelease', input, api))).toMatchObject({ type: 'ReleasePending' })
  })

  it('releases nothing that a Cluster of this name has as endpoint', async () => {
    const present = aCluster({ uid: 'new', endpoint: { host: '10.0.0.10', port: 6443 } })
    const { api, writes } = holding(retained(ownSince(25)), { getCluster: async () => present })
    const failure = await failureOf(run('confirmRelease', input, api))
    expect(failure.message).toContain('Cluster clusters/demo (uid new) names the address')
    expect(writes).toEqual([])
  })

  it('ends without a release if a later Cluster has it', async () => {
    const { api, writes } = holding(retained({}, 'new'), { getCluster: async () => aCluster({ uid: 'new' }) })
    expect(await run('confirmRelease', input, api)).toEqual({
      next: 'released',
      held: [],
      because:
        'Cluster clusters/demo is gone, and a later one of this name has IPAddressClaim clusters/vip-cp-demo',
    })
    expect(writes).toEqual([])
  })
})
