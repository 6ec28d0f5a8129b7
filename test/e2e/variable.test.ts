import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { vipConditionOf } from '../../src/domain/allocation/vip-condition.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixture, type Fixture } from './fixture.ts'
import {
  changeClass,
  clusterManifest,
  endpointOf,
  getObject,
  kubectlApply,
  optionalStringVariables,
  patchObject,
  pathOf,
  postCluster,
  untilClassReconciled,
  variablesOf,
  type ClusterSettings,
  type StoredObject,
} from './objects.ts'
import type { TemporalView } from './temporal.ts'
import { versionsUntil } from './recording.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()
const vipAnnotation = 'vip.capi.gorizond.io/control-plane-vip'
/** A ClusterClass with variables of other people besides ours. */
const colored = 'colored-class'

let suite: Fixture
let testbed: Testbed
let temporal: TemporalView

beforeAll(async () => {
  suite = await openFixture()
  ;({ testbed, temporal } = suite)
  await testbed.createPool('10.146.0.10-10.146.0.99')
  await testbed.createClass(colored)
  await changeClass(testbed, colored, { variables: optionalStringVariables('clusterVip', 'color') })
  await testbed.createPool('10.146.1.10-10.146.1.99', { name: 'colored-pool', className: colored })
  await suite.start()
})

afterAll(() => suite.close())

/** Creates the Cluster and waits until it has its endpoint. */
async function serve(name: string, settings: ClusterSettings): Promise<StoredObject> {
  await postCluster(testbed, name, settings)
  await testbed.untilServed(name)
  return getObject(testbed, 'clusters', name)
}

describe('the variable', () => {
  it('is left out where the ClusterClass has none of the name', async () => {
    const className = 'plain-class'
    await testbed.createClass(className)
    await changeClass(testbed, className, { variables: null, patches: null })
    await testbed.createPool('10.146.4.1', { name: 'plain-pool', className })
    const cluster = await serve('plain', { className })
    expect(endpointOf(cluster).host).toBe('10.146.4.1')
    expect(variablesOf(cluster)).toEqual({})
  })

  it('is waited for where the ClusterClass declares it and Cluster API has not taken it in', async () => {
    const className = 'late-class'
    await testbed.createClass(className)
    await changeClass(testbed, className, { variables: null, patches: null })
    const path = testbed.path('clusterclasses', className)
    await patchObject(testbed, path, { metadata: { annotations: { 'cluster.x-k8s.io/paused': 'true' } } })
    await patchObject(testbed, path, { spec: { variables: optionalStringVariables('clusterVip') } })
    await testbed.createPool('10.146.5.1', { name: 'late-pool', className })
    await testbed.createCluster('late', { className })
    const { message } = await temporal.untilPending(testbed.keyOf('late'), {
      activity: 'assignVip',
      reason: 'ClusterRejected',
    })
    expect(message).toContain('status.variables')
    expect(endpointOf(await getObject(testbed, 'clusters', 'late'))).toEqual({})
    await patchObject(testbed, path, { metadata: { annotations: { 'cluster.x-k8s.io/paused': null } } })
    await untilClassReconciled(testbed, className)
    await testbed.untilServed('late')
    expect(variablesOf(await getObject(testbed, 'clusters', 'late'))).toEqual({ clusterVip: '10.146.5.1' })
  })

  it('that is empty counts as unset', async () => {
    const variables = [
      { name: 'clusterVip', value: '' },
      { name: 'color', value: 'red' },
    ]
    const cluster = await serve('unset', { className: colored, variables })
    expect(variablesOf(cluster)).toEqual({ clusterVip: endpointOf(cluster).host, color: 'red' })
  })

  it('that a person gave without an endpoint is waited for, until the endpoint is the same', async () => {
    const variables = [{ name: 'clusterVip', value: '10.146.96.1' }]
    await postCluster(testbed, 'given', { className: colored, variables })
    await temporal.untilPending(testbed.keyOf('given'), {
      activity: 'selectIPPool',
      reason: 'ClusterRejected',
      words: 'the variable clusterVip has 10.146.96.1, and spec.controlPlaneEndpoint has no host',
    })
    const endpoint = { host: '10.146.96.1', port: 6443 }
    await patchObject(testbed, testbed.path('clusters', 'given'), {
      spec: { controlPlaneEndpoint: endpoint },
    })
    expect(await temporal.outcomeOf(testbed.keyOf('given'))).toEqual({
      outcome: 'skipped',
      reason: 'EndpointAlreadySet',
    })
    expect(variablesOf(await getObject(testbed, 'clusters', 'given'))).toEqual({ clusterVip: '10.146.96.1' })
    expect(await testbed.claims()).not.toContain('vip-cp-given')
  })

  it('that a person gave beside another endpoint is kept, and condition and status say so', async () => {
    const variables = [{ name: 'clusterVip', value: '10.146.96.2' }]
    const saysSo = (host: string, port: number) =>
      testbed.untilCluster('other', (now) => {
        const { status, message = '' } = (now && vipConditionOf(now, 'control-plane')) ?? {}
        return (
          status === 'True' &&
          message.includes(`${host}:${port}`) &&
          message.endsWith('clusterVip has 10.146.96.2')
        )
      })
    const endpoint = { host: '10.146.97.240', port: 6443 }
    await postCluster(testbed, 'other', {
      className: colored,
      variables,
      spec: { controlPlaneEndpoint: endpoint },
    })
    await saysSo('10.146.97.240', 6443)
    expect(await suite.print('status')).toContain('OtherInVariable')
    await testbed.editCluster('other', { controlPlaneEndpoint: { host: '10.146.97.241', port: 6443 } })
    await saysSo('10.146.97.241', 6443)
  })

  it.each([
    ['typed', { type: 'integer' }, [{ name: 'vipPort', value: 8443 }], 8443],
    ['default of the class', { type: 'integer', default: 9443 }, [], 9443],
  ] as const)('for the port decides the port of the endpoint: %s', async (what, schema, variables, port) => {
    const name = what.replaceAll(' ', '-')
    const className = await testbed.createClassWithPool(name, `10.146.${port === 8443 ? 6 : 7}.1`)
    await patchObject(testbed, testbed.path('clusterclasses', className), {
      metadata: { annotations: { 'vip.capi.gorizond.io/control-plane-port-variable': 'vipPort' } },
    })
    await changeClass(testbed, className, {
      variables: [
        ...optionalStringVariables('clusterVip'),
        { name: 'vipPort', required: false, schema: { openAPIV3Schema: schema } },
      ],
    })
    const cluster = await serve(name, { className, variables })
    expect(endpointOf(cluster).port).toBe(port)
    expect(variablesOf(cluster)).toEqual({ clusterVip: endpointOf(cluster).host, vipPort: port })
  })
})

describe('a manifest that is applied again', () => {
  it.each(['v1beta1', 'v1beta2'] as const)(
    'by server-side apply as %s meets no conflict and takes nothing away',
    async (version) => {
      const name = `applied-${version}`
      const gitops = { kind: 'apply', manager: 'gitops' } as const
      const apply = (color: string): Promise<StoredObject> =>
        patchObject(
          testbed,
          pathOf(testbed, 'clusters', { name, version }),
          clusterManifest(testbed, name, {
            version,
            className: colored,
            variables: [{ name: 'color', value: color }],
            metadata: { labels: { color } },
          }),
          gitops,
        )
      await apply('red')
      const { host } = (await testbed.untilServed(name)).controlPlaneEndpoint
      for (const color of ['red', 'blue']) {
        await apply(color)
        const cluster = await getObject(testbed, 'clusters', name)
        expect(endpointOf(cluster)).toEqual({ host, port: 6443 })
        expect(variablesOf(cluster)).toEqual({ color, clusterVip: host })
        expect(cluster.metadata.annotations).toMatchObject({ [vipAnnotation]: host })
        expect(cluster.metadata.labels).toMatchObject({ color })
      }
    },
  )

  it('by kubectl with an empty host gets the same address again', async () => {
    const manifest = clusterManifest(testbed, 'reset-host', {
      version: 'v1beta1',
      spec: { controlPlaneEndpoint: { host: '', port: 6443 } },
    })
    await kubectlApply(stack, manifest)
    await testbed.untilServed('reset-host')
    const first = await getObject(testbed, 'clusters', 'reset-host')
    let isReset = false
    const versions = versionsUntil(stack, testbed, first, (cluster) => {
      const hasHost = endpointOf(cluster).host !== undefined
      isReset ||= !hasHost
      return isReset && hasHost
    })
    await kubectlApply(stack, manifest)
    expect((await versions).map(endpointOf).at(-1)).toEqual(endpointOf(first))
    expect(await testbed.claims()).toContain('vip-cp-reset-host')
  })

  it('by kubectl with variables of its own has ours again', async () => {
    const manifest = clusterManifest(testbed, 'reset-variables', {
      className: colored,
      variables: [{ name: 'color', value: 'red' }],
    })
    await kubectlApply(stack, manifest)
    const { controlPlaneEndpoint } = await testbed.untilServed('reset-variables')
    await kubectlApply(stack, manifest)
    const healed = await eventually('the variable to be there again', async () => {
      const cluster = await getObject(testbed, 'clusters', 'reset-variables')
      return variablesOf(cluster)['clusterVip'] === undefined ? undefined : cluster
    })
    expect(endpointOf(healed)).toEqual(controlPlaneEndpoint)
    expect(variablesOf(healed)).toEqual({ color: 'red', clusterVip: controlPlaneEndpoint.host })
  })
})
