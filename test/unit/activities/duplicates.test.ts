import { objectOf, stringMapOf } from '../../../src/domain/model/decode.ts'
import { appliedTo } from '../../../src/domain/model/json-patch.ts'
import { describe, expect, it } from '@jest/globals'
import type { ClusterApi } from '../../../src/kubernetes/cluster-api.ts'
import { KubernetesError } from '../../../src/kubernetes/errors.ts'
import { aClaim, aCluster, aClusterClass, anIPAddress, aPool } from '../../support/builders.ts'
import { failureOf, holder, run, step } from './support.ts'

const address = '10.0.0.10'
const recorded = { 'vip.capi.gorizond.io/duplicate-addresses': address }
const input = { ...step, address }

/** A Cluster whose claim was given an address that `holder` has; what is written is told in order. */
function world(options: { cluster?: ReturnType<typeof aCluster>; use?: object } = {}): {
  readonly calls: Partial<ClusterApi>
  readonly written: string[]
} {
  const { cluster = aCluster() } = options
  const written: string[] = []
  const calls: Partial<ClusterApi> = {
    getCluster: async () => cluster,
    getIPAddressClaim: async () => aClaim({ addressName: 'vip-cp-demo' }),
    getIPAddress: async ({ name }) => (name.startsWith('vip-reserved') ? undefined : anIPAddress()),
    getClusterClass: async () => aClusterClass({ declared: [], accepted: [] }),
    listIPPools: async () => [aPool()],
    listAddressUse: async () => ({
      clusters: [cluster, holder],
      ipAddresses: [anIPAddress()],
      ...options.use,
    }),
    patchCluster: async (of, patch) => {
      written.push(`patch ${patch.at(-1)?.path}`)
      const { metadata } = appliedTo({ metadata: { annotations: of.annotations } }, patch.slice(1))
      return { ...of, annotations: stringMapOf(objectOf(metadata)['annotations']) }
    },
    createIPAddress: async (object) => {
      written.push(`create ${(object['metadata'] as { name: string }).name}`)
      return anIPAddress()
    },
    deleteIPAddress: async ({ name }) => void written.push(`delete ${name}`),
    deleteIPAddressClaim: async ({ name }) => void written.push(`delete ${name}`),
  }
  return { calls, written }
}

describe('assignVip with an address that another Cluster has', () => {
  it('records it, reserves it and gives the claim back, in this order, and begins anew', async () => {
    const { calls, written } = world()
    expect(await run('assignVip', input, calls)).toEqual({
      next: 'restart',
      reason: 'DuplicateAddress',
      message:
        '10.0.0.10 is the endpoint of Cluster clusters/holder; it stays reserved, and the next one is tried',
    })
    expect(written).toEqual([
      'patch /metadata/annotations',
      'create vip-reserved-demo-10.0.0.10',
      'delete vip-cp-demo',
    ])
  })

  it('says that the Cluster waits if it asks for this very address: no next one is tried', async () => {
    const annotations = { 'vip.capi.gorizond.io/control-plane-address': address }
    const { calls } = world({ cluster: aCluster({ annotations }) })
    expect(await run('assignVip', input, calls)).toMatchObject({
      message:
        '10.0.0.10 is the endpoint of Cluster clusters/holder; it stays reserved, and the Cluster asks for it and waits',
    })
  })

  it('goes on where an attempt before it was interrupted', async () => {
    const { calls, written } = world({ cluster: aCluster({ annotations: recorded }) })
    const createIPAddress = () =>
      Promise.reject(new KubernetesError('it exists', { kind: 'alreadyExists', status: 409 }))
    expect(await run('assignVip', input, { ...calls, createIPAddress })).toMatchObject({ next: 'restart' })
    expect(written).toEqual(['delete vip-cp-demo'])
  })

  it('keeps the claim where the record comes too late: the address may have been assigned meanwhile', async () => {
    const { calls, written } = world()
    const patchCluster = () =>
      Promise.reject(new KubernetesError('it has changed', { kind: 'conflict', status: 409 }))
    const failure = await failureOf(run('assignVip', input, { ...calls, patchCluster }))
    expect(failure.type).toBe('KubernetesConflict')
    expect(written).toEqual([])
  })

  it('never assigns one that is recorded, though nobody has it any more', async () => {
    const cluster = aCluster({ annotations: recorded })
    const { calls } = world({ cluster, use: { clusters: [cluster] } })
    expect(await run('assignVip', input, calls)).toMatchObject({ next: 'restart' })
  })

  it('touches nothing where the address was its own before, and asks for a person', async () => {
    const cluster = aCluster({ annotations: { 'vip.capi.gorizond.io/control-plane-vip': address } })
    const { calls, written } = world({ cluster })
    const failure = await failureOf(run('assignVip', input, calls))
    expect(failure).toMatchObject({
      type: 'DuplicateAddress',
      message:
        '10.0.0.10 is the endpoint of Cluster clusters/holder, and was the VIP of Cluster clusters/demo before; give one of them another address',
    })
    expect(written).toEqual([])
  })

  it('assigns nothing new to a Cluster that has the address already', async () => {
    const cluster = aCluster({
      endpoint: { host: address, port: 6443 },
      annotations: { 'vip.capi.gorizond.io/control-plane-vip': address },
    })
    const { calls } = world({ cluster })
    expect(await run('assignVip', input, calls)).toMatchObject({ next: 'assigned' })
  })
})

describe('assignVip with an address that a later allocation was given too', () => {
  const later = anIPAddress({
    name: 'vip-cp-later',
    claimName: 'vip-cp-later',
    created: '2026-01-02T03:04:09Z',
  })
  const use = { clusters: [aCluster()], ipAddresses: [anIPAddress(), later] }

  it('waits until that one has stepped back', async () => {
    const { calls, written } = world({ use })
    const failure = await failureOf(run('assignVip', input, calls))
    expect(failure).toMatchObject({ type: 'DuplicateAddress', category: 'BENIGN' })
    expect(written).toEqual([])
  })

  it('steps back itself after some attempts', async () => {
    const { calls, written } = world({ use })
    expect(await run('assignVip', input, calls, 5)).toMatchObject({ next: 'restart' })
    expect(written).toContain('delete vip-cp-demo')
  })
})

describe('selectIPPool for a Cluster with reservations', () => {
  const cluster = aCluster({
    annotations: { 'vip.capi.gorizond.io/duplicate-addresses': '10.0.0.10,10.0.0.11' },
  })
  const reservation = anIPAddress({
    name: 'vip-reserved-demo-10.0.0.11',
    claimName: 'vip-reserved-demo-10.0.0.11',
    labels: { 'vip.capi.gorizond.io/reserved-by': 'demo' },
    address: '10.0.0.11',
  })

  it('lets go of those that nobody else has, and keeps the others', async () => {
    const { calls, written } = world({ cluster })
    const getIPAddress = async () => reservation
    await run('selectIPPool', step, { ...calls, getIPAddress, getIPAddressClaim: async () => undefined })
    expect(written).toEqual([
      'delete vip-reserved-demo-10.0.0.11',
      'patch /metadata/annotations/vip.capi.gorizond.io~1duplicate-addresses',
    ])
  })

  it('lets go of them too where somebody else has given the Cluster its endpoint since', async () => {
    const byHand = { ...cluster, controlPlaneEndpoint: { host: '10.9.9.9', port: 6443 } }
    const { calls, written } = world({ cluster: byHand })
    const getIPAddress = async () => reservation
    const claimless = { ...calls, getIPAddress, getIPAddressClaim: async () => undefined }
    expect(await run('selectIPPool', step, claimless)).toMatchObject({ reason: 'EndpointAlreadySet' })
    expect(written).toContain('delete vip-reserved-demo-10.0.0.11')
  })

  it('touches none of a paused Cluster', async () => {
    const paused = { ...cluster, isPaused: true, topology: undefined }
    const { calls, written } = world({ cluster: paused })
    await run('selectIPPool', step, { ...calls, getIPAddressClaim: async () => undefined })
    expect(written).toEqual([])
  })

  it('deletes no IPAddress of that name that is not one', async () => {
    const { calls, written } = world({ cluster })
    const getIPAddress = async () => anIPAddress({ name: reservation.name, address: '10.0.0.11' })
    await run('selectIPPool', step, { ...calls, getIPAddress, getIPAddressClaim: async () => undefined })
    expect(written).toEqual(['patch /metadata/annotations/vip.capi.gorizond.io~1duplicate-addresses'])
  })
})

describe('assignVip for a Cluster with reservations', () => {
  const annotations = {
    'vip.capi.gorizond.io/control-plane-vip': '10.0.0.12',
    'vip.capi.gorizond.io/duplicate-addresses': '10.0.0.10,10.0.0.11',
  }
  const cluster = aCluster({
    endpoint: { host: '10.0.0.12', port: 6443 },
    topology: { classRef: { name: 'c' }, variables: [{ name: 'clusterVip', value: '10.0.0.12' }] },
    annotations,
  })

  it('lets go of those that became free while the run was past its first step', async () => {
    const { calls, written } = world({ cluster })
    const own = anIPAddress({ address: '10.0.0.12' })
    const getIPAddress: ClusterApi['getIPAddress'] = async ({ name }) =>
      name === 'vip-cp-demo' ? own : undefined
    await run('assignVip', { ...step, address: '10.0.0.12' }, { ...calls, getIPAddress })
    expect(written).toEqual(['patch /metadata/annotations/vip.capi.gorizond.io~1duplicate-addresses'])
  })
})
