import { describe, expect, it } from '@jest/globals'
import { claimMetadataFor } from '../../../src/domain/model/claim.ts'
import type { ClusterApi } from '../../../src/kubernetes/cluster-api.ts'
import { KubernetesError } from '../../../src/kubernetes/errors.ts'
import {
  aClaim,
  aCluster,
  anIPAddress,
  aPool,
  ownerReference,
  type ClusterOptions,
} from '../../support/builders.ts'
import { failureOf, run, step } from './support.ts'

const demo = aCluster()
const bound = aClaim({
  addressName: 'vip-cp-demo',
  owners: [ownerReference(demo)],
  labels: claimMetadataFor(demo, 'control-plane').labels,
})
const input = { ...step, address: '10.0.0.10', ports: [6443, 443] }

/** Probes; what was written is in the answer. */
async function probe(
  answers: Readonly<Record<number, 'accepted' | 'refused'>>,
  {
    cluster = {},
    calls = {},
  }: { readonly cluster?: ClusterOptions; readonly calls?: Partial<ClusterApi> } = {},
) {
  const written: unknown[] = []
  const probed: string[] = []
  const api: Partial<ClusterApi> = {
    getCluster: async () => aCluster(cluster),
    getIPAddressClaim: async () => bound,
    getIPAddress: async () => anIPAddress(),
    listIPAddressesOf: async () => [],
    createIPAddress: async (object) => {
      written.push(object)
      return anIPAddress()
    },
    deleteIPAddressClaim: async ({ name }) => void written.push(`delete ${name}`),
    ...calls,
  }
  const result = await run('probeAddress', input, api, 1, {
    probePort: async (address, port) => {
      probed.push(`${address}:${port}`)
      return answers[port]
    },
  })
  return { result, written, probed }
}

describe('probeAddress', () => {
  it('tries every port, and goes on if none answers', async () => {
    expect(await probe({})).toEqual({
      result: { next: 'assign' },
      written: [],
      probed: ['10.0.0.10:6443', '10.0.0.10:443'],
    })
  })

  it.each(['accepted', 'refused'] as const)(
    'reserves an address at which a port has %s, and gives the claim back',
    async (how) => {
      const { result, written } = await probe({ 443: how })
      expect(result).toEqual({
        next: 'restart',
        reason: 'DuplicateAddress',
        message: `10.0.0.10 is in use outside of the management cluster, since tcp/443 ${how} a connection; it stays reserved, and the next one is tried`,
      })
      expect(written).toMatchObject([
        {
          metadata: {
            name: 'vip-reserved-demo-10.0.0.10',
            labels: { 'vip.capi.gorizond.io/reserved-by': 'demo' },
            annotations: {
              'vip.capi.gorizond.io/in-use': expect.stringMatching(`^tcp/443 ${how} a connection at 20`),
            },
            ownerReferences: [{ kind: 'Cluster', name: 'demo', uid: 'uid-of-demo' }],
          },
          spec: { address: '10.0.0.10' },
        },
        'delete vip-cp-demo',
      ])
    },
  )

  it('does so once if an earlier attempt has got half of it done', async () => {
    const there = new KubernetesError('it is there', { kind: 'alreadyExists', status: 409 })
    const { result, written } = await probe(
      { 6443: 'accepted' },
      { calls: { createIPAddress: () => Promise.reject(there) } },
    )
    expect(result).toMatchObject({ next: 'restart', reason: 'DuplicateAddress' })
    expect(written).toEqual(['delete vip-cp-demo'])
  })

  it('writes nothing to a paused Cluster', async () => {
    const failure = await failureOf(probe({ 6443: 'accepted' }, { cluster: { paused: true } }))
    expect(failure.type).toBe('ClusterPaused')
  })

  it.each([
    ['the Cluster is another one', { cluster: { uid: 'new' } }, { next: 'replaced' }],
    [
      'the claim has another address',
      { calls: { getIPAddress: async () => anIPAddress({ address: '10.0.0.11' }) } },
      { next: 'restart', message: 'the IPAddressClaim no longer holds the address' },
    ],
  ])('writes nothing if %s by now', async (_, world, expected) => {
    const { result, written } = await probe({ 6443: 'accepted' }, world)
    expect({ result, written }).toEqual({ result: expected, written: [] })
  })
})

describe('a pool at whose addresses something answers everywhere', () => {
  const answered = Array.from({ length: 8 }, (_, index) =>
    anIPAddress({
      name: `vip-reserved-demo-10.0.0.${index + 2}`,
      address: `10.0.0.${index + 2}`,
      annotations: { 'vip.capi.gorizond.io/in-use': 'tcp/443 accepted a connection at 2026-01-01' },
    }),
  )
  const pool = (annotations: Readonly<Record<string, string>>) => aPool({ annotations })
  const withPool = (annotations: Readonly<Record<string, string>>, kept = answered) =>
    probe(
      { 443: 'accepted' },
      { calls: { listIPAddressesOf: async () => kept, listIPPools: async () => [pool(annotations)] } },
    )

  it('is left alone by a Cluster that has reserved some of it, and a person is told', async () => {
    const failure = await failureOf(withPool({ 'vip.capi.gorizond.io/probe-ports': '6443,443' }))
    expect(failure.type).toBe('AllocationFailed')
    expect(failure.message).toMatch(
      /^something has answered at 8 addresses of GlobalInClusterIPPool\/vip-pool, and now at 10\.0\.0\.10 \(tcp\/443 accepted a connection\): a firewall or proxy may answer for everybody; correct vip/,
    )
  })

  it.each([
    ['other ports', { 'vip.capi.gorizond.io/probe-ports': '6443' }],
    ['no ports', {}],
    [
      'the address as free',
      { 'vip.capi.gorizond.io/probe-ports': '6443,443', 'vip.capi.gorizond.io/probe-except': '10.0.0.10' },
    ],
  ])('is asked again once it names %s', async (_, annotations) => {
    expect(await withPool(annotations)).toMatchObject({
      result: { next: 'restart', message: expect.stringContaining('probed in another way') },
      written: [],
    })
  })

  it('is one where fewer answers are hosts', async () => {
    const { result } = await withPool({ 'vip.capi.gorizond.io/probe-ports': '6443,443' }, answered.slice(1))
    expect(result).toMatchObject({ next: 'restart', reason: 'DuplicateAddress' })
  })
})

describe('selectIPPool', () => {
  const pool = aPool({ annotations: { 'vip.capi.gorizond.io/probe-ports': '6443' } })
  const select = async (cluster: ClusterOptions) =>
    run('selectIPPool', step, {
      getCluster: async () => aCluster(cluster),
      getIPAddressClaim: async () => bound,
      listIPPools: async () => [pool],
    })

  it('has the address of a new VIP probed if the pool asks for that', async () => {
    expect(await select({})).toMatchObject({ next: 'claim', probe: { ports: [6443], except: [] } })
  })

  it('does not have a VIP probed that is in use already', async () => {
    const served = {
      endpoint: { host: '10.0.0.10', port: 6443 },
      annotations: { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' },
    }
    expect(await select(served)).not.toHaveProperty('probe')
  })
})
