import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { vipConditionOf } from '../../src/domain/allocation/vip-condition.ts'
import type { JsonObject } from '../../src/domain/model/decode.ts'
import {
  add,
  createClassOfShape,
  fromVariable,
  infrastructurePatch,
  renderedPath,
  untilRendered,
  variable,
} from './class-shapes.ts'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'
import { endpointOf, getObject, patchObject, postCluster, variablesOf } from './objects.ts'
import type { TemporalView } from './temporal.ts'
import type { Testbed } from './testbed.ts'

const prefix = 'vip.capi.gorizond.io'
const text = { type: 'string' }
const endpointSchema = { type: 'object', properties: { host: text, port: { type: 'integer' } } }

let suite: Fixture
let testbed: Testbed
let temporal: TemporalView

beforeAll(async () => {
  suite = await openFixtureWithAllocator()
  ;({ testbed, temporal } = suite)
})

afterAll(() => suite.close())

interface ClassSettings {
  readonly annotations?: Readonly<Record<string, string>>
  /** OpenAPI schemas by the names of the variables. */
  readonly schemas: Readonly<Record<string, JsonObject>>
  /** The variable that a patch copies to the endpoint of the DemoCluster. */
  readonly endpointFrom?: string
  /** The variables are required. Default: false. */
  readonly required?: boolean
}

/** Creates a class with a pool of these addresses. Resolves with its name. */
async function createClass(name: string, addresses: string, settings: ClassSettings): Promise<string> {
  const className = `${name}-class`
  const { annotations = {}, schemas, endpointFrom, required = false } = settings
  await createClassOfShape(testbed, className, {
    annotations,
    variables: Object.entries(schemas).map(([variableName, schema]) =>
      variable(variableName, schema, required),
    ),
    patches:
      endpointFrom === undefined
        ? []
        : [infrastructurePatch(add('controlPlaneEndpoint', fromVariable(endpointFrom)))],
  })
  await testbed.createPool(addresses, { name: `${name}-pool`, className })
  return className
}

/** Waits until a Cluster has a VIP of ours, and its condition says so. */
async function untilVip(name: string, address: string): Promise<void> {
  const served = await testbed.untilCluster(
    name,
    (now) => now !== undefined && vipConditionOf(now, 'control-plane')?.reason === 'Allocated',
  )
  expect(served?.annotations[`${prefix}/control-plane-vip`]).toBe(address)
}

/** The endpoint of the DemoCluster that Cluster API renders for a Cluster. */
async function renderedEndpoint(name: string): Promise<unknown> {
  const has = (spec: JsonObject): boolean => spec['controlPlaneEndpoint'] !== undefined
  return (await untilRendered(testbed, name, 'infrastructureRef', has)).spec['controlPlaneEndpoint']
}

describe('a ClusterClass whose variable is an object', () => {
  it('gets host and port into it, and renders them', async () => {
    const className = await createClass('object', '10.163.0.10', {
      annotations: { [`${prefix}/control-plane-variable`]: 'controlPlaneEndpoint' },
      schemas: { controlPlaneEndpoint: endpointSchema },
      endpointFrom: 'controlPlaneEndpoint',
    })
    await postCluster(testbed, 'object', { className })
    const endpoint = { host: '10.163.0.10', port: 6443 }
    expect(await renderedEndpoint('object')).toEqual(endpoint)
    const cluster = await getObject(testbed, 'clusters', 'object')
    expect(endpointOf(cluster)).toEqual(endpoint)
    expect(variablesOf(cluster)).toEqual({ controlPlaneEndpoint: endpoint })
    expect(await suite.print('doctor')).toContain(
      `ClusterClass ${testbed.namespace}/${className}: the variable controlPlaneEndpoint receives the control-plane VIP, and a patch reads it`,
    )
  })

  it('gets the host into an object that a person has begun, also in a field', async () => {
    const className = await createClass('begun', '10.163.1.10-10.163.1.11', {
      annotations: { [`${prefix}/control-plane-variable`]: 'network.endpoint' },
      schemas: {
        network: { type: 'object', properties: { endpoint: endpointSchema, mtu: { type: 'integer' } } },
      },
    })
    const value = { mtu: 9000, endpoint: { host: '', port: 7443 } }
    await postCluster(testbed, 'begun', { className, variables: [{ name: 'network', value }] })
    await testbed.untilServed('begun')
    expect(variablesOf(await getObject(testbed, 'clusters', 'begun'))).toEqual({
      network: { mtu: 9000, endpoint: { host: '10.163.1.10', port: 7443 } },
    })
  })
})

describe('two ClusterClasses with other names', () => {
  it('both get their variables: one by its annotations, the other by the flag', async () => {
    const vsphereLike = await createClass('two', '10.163.2.10', {
      annotations: {
        [`${prefix}/control-plane-variable`]: 'controlPlaneIpAddr',
        [`${prefix}/control-plane-port-variable`]: 'controlPlanePort',
      },
      schemas: { controlPlaneIpAddr: text, controlPlanePort: { type: 'integer' } },
    })
    const plain = await createClass('one', '10.163.3.10', { schemas: { clusterVip: text } })
    await postCluster(testbed, 'two', {
      className: vsphereLike,
      variables: [{ name: 'controlPlaneIpAddr', value: '' }],
    })
    await postCluster(testbed, 'one', { className: plain })
    await testbed.untilServed('two')
    await testbed.untilServed('one')
    expect(variablesOf(await getObject(testbed, 'clusters', 'two'))).toEqual({
      controlPlaneIpAddr: '10.163.2.10',
      controlPlanePort: 6443,
    })
    expect(variablesOf(await getObject(testbed, 'clusters', 'one'))).toEqual({ clusterVip: '10.163.3.10' })
  })
})

describe('an endpoint that was set by hand', () => {
  it('goes into the variable for which the class waits, and costs no address', async () => {
    const className = await testbed.createClassWithPool('by-hand', '10.163.4.10')
    const endpoint = { host: '10.163.4.200', port: 6443 }
    await postCluster(testbed, 'by-hand', { className, spec: { controlPlaneEndpoint: endpoint } })
    expect(await renderedEndpoint('by-hand')).toEqual(endpoint)
    const cluster = await getObject(testbed, 'clusters', 'by-hand')
    expect(endpointOf(cluster)).toEqual(endpoint)
    expect(variablesOf(cluster)).toEqual({ clusterVip: endpoint.host })
    expect(await testbed.claims()).not.toContain('vip-cp-by-hand')
  })

  describe('beside a required variable that is given empty', () => {
    const enabled = `${prefix}/control-plane-enabled`

    /** A Cluster that Cluster API has rendered without a host, before the allocator looks at it. */
    async function renderEmpty(name: string, addresses: string, host: string): Promise<void> {
      const className = await createClass(name, addresses, {
        annotations: { [`${prefix}/control-plane-variable`]: 'endpoint' },
        schemas: { endpoint: endpointSchema },
        required: true,
        endpointFrom: 'endpoint',
      })
      await postCluster(testbed, name, {
        className,
        spec: { controlPlaneEndpoint: { host, port: 6443 } },
        variables: [{ name: 'endpoint', value: { host: '', port: 6443 } }],
        metadata: { annotations: { [enabled]: 'false' } },
      })
      expect(await renderedEndpoint(name)).toEqual({ port: 6443 })
    }

    async function admit(name: string): Promise<void> {
      await patchObject(testbed, testbed.path('clusters', name), {
        metadata: { annotations: { [enabled]: null } },
      })
    }

    it('goes into it although Cluster API has rendered the Cluster, and into what is rendered', async () => {
      await renderEmpty('emptied', '10.163.8.10', '10.163.8.200')
      await admit('emptied')
      const endpoint = { host: '10.163.8.200', port: 6443 }
      await untilRendered(
        testbed,
        'emptied',
        'infrastructureRef',
        ({ controlPlaneEndpoint }) => (controlPlaneEndpoint as { host?: string }).host === endpoint.host,
      )
      const cluster = await getObject(testbed, 'clusters', 'emptied')
      expect(variablesOf(cluster)).toEqual({ endpoint })
      expect(endpointOf(cluster)).toEqual(endpoint)
      expect(await testbed.claims()).not.toContain('vip-cp-emptied')
    })

    it('does not change a Cluster whose infrastructure is provisioned', async () => {
      await renderEmpty('emptied-old', '10.163.9.10', '10.163.9.200')
      const { spec } = await getObject(testbed, 'clusters', 'emptied-old')
      const { name } = spec['infrastructureRef'] as { readonly name: string }
      await patchObject(testbed, `${renderedPath(testbed, 'infrastructureRef', name)}/status`, {
        status: { initialization: { provisioned: true } },
      })
      await testbed.untilCluster('emptied-old', (now) => now?.isAwaitingInfrastructure === false)
      await admit('emptied-old')
      expect(await suite.print('allocate', `${testbed.namespace}/emptied-old`)).toContain(
        'EndpointAlreadySet',
      )
      expect((await getObject(testbed, 'clusters', 'emptied-old')).spec['topology']).toEqual(spec['topology'])
    })
  })

  it('that is a DNS name goes into the variable until the Cluster asks for a VIP, which takes its place', async () => {
    const className = await testbed.createClassWithPool('later', '10.163.10.10')
    const endpoint = { host: 'api.later.example.test', port: 6443 }
    await postCluster(testbed, 'later', { className, spec: { controlPlaneEndpoint: endpoint } })
    expect(await renderedEndpoint('later')).toEqual(endpoint)
    await patchObject(testbed, testbed.path('clusters', 'later'), {
      metadata: { annotations: { [`${prefix}/control-plane-enabled`]: 'true' } },
    })
    await untilVip('later', '10.163.10.10')
    // Before Cluster API has written the first status, nobody knows that there are no machines.
    await testbed.untilCluster(
      'later',
      (now) => now?.topology?.variables.some(({ value }) => value === '10.163.10.10') === true,
    )
    const cluster = await getObject(testbed, 'clusters', 'later')
    expect(endpointOf(cluster)).toEqual(endpoint)
    expect(variablesOf(cluster)).toEqual({ clusterVip: '10.163.10.10' })
    expect(await testbed.claims()).toContain('vip-cp-later')
  })

  it('that is a DNS name gets another VIP beside it than a kept annotation names, if no pool has that', async () => {
    const className = await testbed.createClassWithPool('kept', '10.163.11.10')
    await postCluster(testbed, 'kept', {
      className,
      spec: { controlPlaneEndpoint: { host: 'api.kept.example.test', port: 6443 } },
      metadata: {
        annotations: {
          [`${prefix}/control-plane-enabled`]: 'true',
          [`${prefix}/control-plane-vip`]: '10.163.99.9',
        },
      },
    })
    await untilVip('kept', '10.163.11.10')
    expect(variablesOf(await getObject(testbed, 'clusters', 'kept'))).toEqual({ clusterVip: '10.163.11.10' })
  })

  it('that is a DNS name stays, and a VIP that the Cluster asks for goes into variable and annotation', async () => {
    const className = await testbed.createClassWithPool('named', '10.163.5.10')
    const endpoint = { host: 'api.blue.example.test', port: 6443 }
    await postCluster(testbed, 'named', {
      className,
      spec: { controlPlaneEndpoint: endpoint },
      metadata: { annotations: { [`${prefix}/control-plane-enabled`]: 'true' } },
    })
    await untilVip('named', '10.163.5.10')
    const cluster = await getObject(testbed, 'clusters', 'named')
    expect(endpointOf(cluster)).toEqual(endpoint)
    expect(variablesOf(cluster)).toEqual({ clusterVip: '10.163.5.10' })
    expect(await testbed.claims()).toContain('vip-cp-named')
  })
})

describe('a variable that cannot take the VIP', () => {
  it('is waited for, with its type in words, until the class names another one', async () => {
    const className = await createClass('flag', '10.163.6.10', {
      annotations: { [`${prefix}/control-plane-variable`]: 'vip' },
      schemas: { vip: { type: 'boolean' }, address: text },
    })
    await postCluster(testbed, 'flag', { className })
    const words = `annotation ${prefix}/control-plane-variable of ClusterClass ${testbed.namespace}/${className} names the variable vip, which is of type boolean`
    await temporal.untilPending(testbed.keyOf('flag'), { reason: 'ClusterRejected', words })
    expect(await suite.print('doctor')).toContain(words)
    await patchObject(testbed, testbed.path('clusterclasses', className), {
      metadata: { annotations: { [`${prefix}/control-plane-variable`]: 'address' } },
    })
    expect(await testbed.hostOf('flag')).toBe('10.163.6.10')
    expect(variablesOf(await getObject(testbed, 'clusters', 'flag'))).toEqual({ address: '10.163.6.10' })
  })

  it('does not keep the endpoint from a Cluster whose class does not need it', async () => {
    const className = await createClass('unread', '10.163.7.10', {
      schemas: { clusterVip: { type: 'boolean' } },
    })
    await postCluster(testbed, 'unread', { className })
    expect(await testbed.hostOf('unread')).toBe('10.163.7.10')
  })
})
