import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { allocateVipType } from '../../src/workflows/contract.ts'
import { realParts } from '../support/real-parts.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { openFixture, type Fixture } from './fixture.ts'
import {
  endpointOf,
  getObject,
  patchObject,
  postClaim,
  postCluster,
  untilAllFree,
  variablesOf,
  type ClusterSettings,
  type ClusterVersion,
  type StoredObject,
} from './objects.ts'
import type { TemporalView } from './temporal.ts'
import { versionsUntil } from './recording.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()
const defaultPort = 16443
const vipAnnotation = 'vip.capi.gorizond.io/control-plane-vip'

let suite: Fixture
let testbed: Testbed
let temporal: TemporalView

beforeAll(async () => {
  suite = await openFixture()
  ;({ testbed, temporal } = suite)
  await testbed.createPool('10.141.0.10-10.141.0.99')
  await suite.start({ flags: [`--default-port=${defaultPort}`] })
})

afterAll(() => suite.close())

/** Creates the Cluster and waits until it has its endpoint. */
async function serve(name: string, settings: ClusterSettings): Promise<StoredObject> {
  await postCluster(testbed, name, settings)
  await testbed.untilServed(name)
  return getObject(testbed, 'clusters', name)
}

const network = { apiServerPort: 9443 }

describe('a Cluster without a host', () => {
  it.each<{ what: string; name: string; settings: ClusterSettings; port: number }>([
    { what: 'no endpoint', name: 'none', settings: {}, port: defaultPort },
    {
      what: 'a port only',
      name: 'port-only',
      settings: { spec: { controlPlaneEndpoint: { port: 7443 } } },
      port: 7443,
    },
    {
      what: 'no endpoint and an apiServerPort',
      name: 'bind-port',
      settings: { spec: { clusterNetwork: network } },
      port: 9443,
    },
    {
      what: 'a port and another apiServerPort',
      name: 'both-ports',
      settings: { spec: { clusterNetwork: network, controlPlaneEndpoint: { port: 7443 } } },
      port: 7443,
    },
    {
      what: 'the zero endpoint of v1beta1',
      name: 'zero',
      settings: { version: 'v1beta1', spec: { controlPlaneEndpoint: { host: '', port: 0 } } },
      port: defaultPort,
    },
    {
      what: 'the empty endpoint of v1beta1',
      name: 'empty',
      settings: { version: 'v1beta1', spec: { controlPlaneEndpoint: {} } },
      port: defaultPort,
    },
    {
      what: 'the empty host of v1beta1 and a port',
      name: 'empty-host',
      settings: { version: 'v1beta1', spec: { controlPlaneEndpoint: { host: '', port: 6443 } } },
      port: 6443,
    },
    {
      what: 'the empty host of v1beta1 and an apiServerPort',
      name: 'empty-host-bind-port',
      settings: {
        version: 'v1beta1',
        spec: { clusterNetwork: network, controlPlaneEndpoint: { host: '', port: 0 } },
      },
      port: 9443,
    },
  ])('gets one, and port $port with $what', async ({ name, settings, port }) => {
    const cluster = await serve(name, settings)
    expect(endpointOf(cluster)).toEqual({ host: expect.stringMatching(/^10\.141\.0\.\d+$/), port })
    const claim = await testbed.untilClaim(`vip-cp-${name}`, (now) => now?.addressName !== undefined)
    const address = await getObject(testbed, 'ipaddresses', claim?.addressName ?? '')
    expect(address.spec['address']).toBe(endpointOf(cluster).host)
  })

  it('gets an IPv6 host without brackets', async () => {
    await testbed.createClass('six-class')
    await testbed.api.send({
      method: 'POST',
      path: testbed.path('inclusterippools'),
      body: {
        apiVersion: 'ipam.cluster.x-k8s.io/v1alpha2',
        kind: 'InClusterIPPool',
        metadata: { name: 'six-pool', labels: { 'vip.capi.gorizond.io/cluster-class': 'six-class' } },
        spec: { addresses: ['fd00:141::10-fd00:141::1f'], prefix: 64 },
      },
    })
    const cluster = await serve('six', { className: 'six-class' })
    expect(endpointOf(cluster)).toEqual({ host: 'fd00:141::10', port: defaultPort })
    expect(variablesOf(cluster)).toEqual({ clusterVip: 'fd00:141::10' })
    expect(cluster.metadata.annotations).toMatchObject({ [vipAnnotation]: 'fd00:141::10' })
  })

  it.each(['v1beta1', 'v1beta2'] as const)(
    'has host, port, variable and annotation from one version to the next, created as %s',
    async (version) => {
      const isComplete = (cluster: StoredObject): boolean =>
        endpointOf(cluster).host !== undefined &&
        endpointOf(cluster).port !== undefined &&
        variablesOf(cluster)['clusterVip'] !== undefined &&
        cluster.metadata.annotations?.[vipAnnotation] !== undefined
      const created = await postCluster(testbed, `whole-${version}`, { version })
      const versions = await versionsUntil(stack, testbed, created, isComplete)
      const host = await testbed.hostOf(`whole-${version}`)
      // The first one is as created, in its own API version; all that follow are read as v1beta2.
      const read = versions.slice(1).map((cluster) => ({
        endpoint: endpointOf(cluster),
        variables: variablesOf(cluster),
        annotation: cluster.metadata.annotations?.[vipAnnotation],
      }))
      expect(read.at(-1)).toEqual({
        endpoint: { host, port: defaultPort },
        variables: { clusterVip: host },
        annotation: host,
      })
      for (const before of read.slice(0, -1)) {
        expect(before).toEqual({ endpoint: {}, variables: {}, annotation: undefined })
      }
    },
  )
})

describe('a host that is set already', () => {
  it.each<{ what: string; name: string; host: string; settings: ClusterSettings; port: number }>([
    {
      what: 'the default port',
      name: 'host-only',
      host: '10.141.99.1',
      settings: { spec: { controlPlaneEndpoint: { host: '10.141.99.1' } } },
      port: defaultPort,
    },
    {
      what: 'its apiServerPort',
      name: 'host-bind-port',
      host: '10.141.99.2',
      settings: { spec: { clusterNetwork: network, controlPlaneEndpoint: { host: '10.141.99.2' } } },
      port: 9443,
    },
    {
      what: 'the default port as v1beta1 with port 0',
      name: 'host-port-zero',
      host: '10.141.99.3',
      settings: { version: 'v1beta1', spec: { controlPlaneEndpoint: { host: '10.141.99.3', port: 0 } } },
      port: defaultPort,
    },
  ])('is kept, and gets $what', async ({ name, host, settings, port }) => {
    const cluster = await serve(name, settings)
    expect(endpointOf(cluster)).toEqual({ host, port })
    expect(await temporal.outcomeOf(testbed.keyOf(name))).toEqual({
      outcome: 'skipped',
      reason: 'EndpointAlreadySet',
    })
    expect(variablesOf(cluster)).toEqual({ clusterVip: host })
    expect(cluster.metadata.annotations ?? {}).not.toHaveProperty([vipAnnotation])
    expect(await testbed.claims()).not.toContain(`vip-cp-${name}`)
  })

  it('with its port is never claimed for, whatever it is', async () => {
    const random = seededRandom('endpoints by hand')
    const manual = Array.from({ length: 8 }, (_, index) => ({
      name: `manual-${index}`,
      version: random.pick<ClusterVersion>(['v1beta1', 'v1beta2']),
      endpoint: {
        host: random.pick([
          `10.141.98.${index}`,
          `fd00:141:98::${index}`,
          `api-${index}.example.org`,
          // An address of the pool.
          `10.141.0.${90 + index}`,
        ]),
        port: 1 + random.below(65_535),
      },
    }))
    await Promise.all(
      manual.map(({ name, version, endpoint }) =>
        postCluster(testbed, name, { version, spec: { controlPlaneEndpoint: endpoint } }),
      ),
    )
    // The watcher starts no run for them, so a person does.
    const runs = manual.map(({ name }) =>
      temporal.client.workflow.execute(allocateVipType, {
        taskQueue: suite.taskQueue,
        workflowId: randomUUID(),
        args: [testbed.keyOf(name)],
      }),
    )
    for (const result of await Promise.all(runs)) {
      expect(result).toMatchObject({
        roles: { 'control-plane': { outcome: 'skipped', reason: 'EndpointAlreadySet' } },
      })
    }
    for (const { name, endpoint } of manual) {
      expect(endpointOf(await getObject(testbed, 'clusters', name))).toEqual(endpoint)
    }
    const claims = await testbed.claims()
    expect(claims.filter((claim) => claim.startsWith('vip-cp-manual-'))).toEqual([])
  })

  it('by an infrastructure provider ends the wait for a pool', async () => {
    const className = 'infra-class'
    await testbed.createClass(className)
    await testbed.createCluster('infra', { className })
    await temporal.untilPending(testbed.keyOf('infra'), {
      activity: 'selectIPPool',
      reason: 'NoMatchingPool',
    })
    const endpoint = { host: '10.141.97.1', port: 6443 }
    const provider = { manager: 'infrastructure-provider' }
    await patchObject(
      testbed,
      testbed.path('clusters', 'infra'),
      { spec: { controlPlaneEndpoint: endpoint } },
      provider,
    )
    expect(await temporal.outcomeOf(testbed.keyOf('infra'))).toEqual({
      outcome: 'skipped',
      reason: 'EndpointAlreadySet',
    })
    await testbed.createPool('10.141.2.1', { name: 'infra-pool', className })
    await testbed.createCluster('infra-next', { className })
    expect(await testbed.hostOf('infra-next')).toBe('10.141.2.1')
    expect(endpointOf(await getObject(testbed, 'clusters', 'infra'))).toEqual(endpoint)
    expect(await testbed.claims()).not.toContain('vip-cp-infra')
  })

  it('by an infrastructure provider ends the wait for an address, and frees what was claimed', async () => {
    const className = 'infra-late-class'
    await testbed.createClass(className)
    await testbed.createPool('10.141.3.1', { name: 'infra-late-pool', className })
    await testbed.pausePool('infra-late-pool', true)
    // A paused pool is not chosen, so the claim is there first, and adopted.
    await postClaim(testbed, 'infra-late', 'infra-late-pool')
    await testbed.createCluster('infra-late', { className })
    await temporal.untilPending(testbed.keyOf('infra-late'), {
      activity: 'awaitIPAddress',
      reason: 'PoolNotReady',
    })
    const endpoint = { host: '10.141.97.2', port: 6443 }
    const provider = { manager: 'infrastructure-provider' }
    await patchObject(
      testbed,
      testbed.path('clusters', 'infra-late'),
      { spec: { controlPlaneEndpoint: endpoint } },
      provider,
    )
    expect(await temporal.outcomeOf(testbed.keyOf('infra-late'))).toEqual({
      outcome: 'skipped',
      reason: 'EndpointAlreadySet',
    })
    await testbed.pausePool('infra-late-pool', false)
    await testbed.untilClaim('vip-cp-infra-late', (now) => now === undefined)
    await untilAllFree(testbed, 'infra-late-pool')
    expect(endpointOf(await getObject(testbed, 'clusters', 'infra-late'))).toEqual(endpoint)
  })
})
