import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { vipConditionOf } from '../../src/domain/allocation/vip-condition.ts'
import { clusterClassKey } from '../../src/domain/names.ts'
import type { JsonObject } from '../../src/domain/model/decode.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { renderedPath } from './class-shapes.ts'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'
import { endpointOf, getObject, patchObject, type StoredObject } from './objects.ts'
import type { TemporalView } from './temporal.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()
const prefix = 'vip.capi.gorizond.io'
const asks = { [`${prefix}/control-plane-enabled`]: 'true' }
const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'without-topology.md'), 'utf8')

let suite: Fixture
let testbed: Testbed
let temporal: TemporalView

beforeAll(async () => {
  suite = await openFixtureWithAllocator()
  ;({ testbed, temporal } = suite)
})

afterAll(() => suite.close())

/** The only block of a language on the page, or the first one. */
function blockOf(language: string): string {
  return new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'ms').exec(page)?.[1] ?? ''
}

/** Creates a Cluster that refers to a DemoCluster of its name, as a person writes it who uses no ClusterClass. */
async function postCluster(
  name: string,
  annotations: Readonly<Record<string, string>> = {},
): Promise<StoredObject> {
  const infrastructureRef = { apiGroup: `infrastructure.demo.${prefix}`, kind: 'DemoCluster', name }
  return testbed.api.send({
    method: 'POST',
    path: testbed.path('clusters'),
    body: {
      apiVersion: 'cluster.x-k8s.io/v1beta2',
      kind: 'Cluster',
      metadata: { name, namespace: testbed.namespace, annotations },
      spec: { infrastructureRef },
    },
  })
}

function demoCluster(name: string, spec: JsonObject): JsonObject {
  return {
    apiVersion: `infrastructure.demo.${prefix}/v1alpha1`,
    kind: 'DemoCluster',
    metadata: { name, namespace: testbed.namespace },
    spec,
  }
}

/** Creates the infrastructure of a Cluster, as a provider leaves it that is done. */
async function provision(name: string, spec: JsonObject): Promise<void> {
  const path = renderedPath(testbed, 'infrastructureRef', name)
  await testbed.api.send({ method: 'POST', path: dirname(path), body: demoCluster(name, spec) })
  await markProvisioned(name)
}

async function markProvisioned(name: string): Promise<void> {
  const path = renderedPath(testbed, 'infrastructureRef', name)
  await patchObject(testbed, `${path}/status`, { status: { initialization: { provisioned: true } } })
}

/** Waits until Cluster API has taken in that the infrastructure of a Cluster is provisioned. */
async function untilProvisioned(name: string): Promise<StoredObject> {
  return eventually(`the infrastructure of ${name} to be taken in`, async () => {
    const cluster = await getObject(testbed, 'clusters', name)
    const { initialization } = (cluster.status ?? {}) as { initialization?: JsonObject }
    return initialization?.['infrastructureProvisioned'] === true ? cluster : undefined
  })
}

/** Labels and annotations of a pool for every class, and for Clusters without one. */
const forEvery = { className: 'true', annotations: { [clusterClassKey]: '*' } }

async function demoEndpoint(name: string): Promise<unknown> {
  const path = renderedPath(testbed, 'infrastructureRef', name)
  const { spec } = await testbed.api.send<StoredObject>({ method: 'GET', path })
  return spec['controlPlaneEndpoint']
}

describe('a Cluster without topology and without a pool for it', () => {
  it('that asks for a VIP waits for a pool that lists *, says so, and gets its address once there is one', async () => {
    const name = 'waiting'
    await testbed.createPool('10.183.0.10', { name: 'for-classes', className: 'some-class' })
    await postCluster(name, asks)
    const { message } = await temporal.untilPending(testbed.keyOf(name), { reason: 'NoMatchingPool' })
    expect(message).toContain(
      'InClusterIPPool/for-classes: is for ClusterClass some-class, and the Cluster has none',
    )
    expect(message).toContain(
      `with ${clusterClassKey}="true", and list * in the annotation ${clusterClassKey}; or name a pool in the Cluster's annotation ${prefix}/control-plane-pool`,
    )
    await testbed.patch(testbed.path('inclusterippools', 'for-classes'), {
      metadata: {
        labels: { [clusterClassKey]: 'true' },
        annotations: { [clusterClassKey]: 'some-class, *' },
      },
    })
    expect(await testbed.hostOf(name)).toBe('10.183.0.10')
  })
})

describe('a Cluster without topology', () => {
  beforeAll(() => testbed.createPool('10.183.1.10-10.183.1.20', { name: 'for-every', ...forEvery }))

  it('gets a VIP for its ingress by a pool for that role, and none for a control plane that does not ask', async () => {
    await testbed.createPool('10.183.2.10', {
      name: 'for-ingress',
      labels: { [`${prefix}/role`]: 'ingress' },
      ...forEvery,
    })
    await postCluster('ingress-only', { [`${prefix}/ingress-enabled`]: 'true' })
    const served = await testbed.untilCluster(
      'ingress-only',
      (now) => now !== undefined && vipConditionOf(now, 'ingress')?.reason === 'Allocated',
    )
    expect(served?.annotations[`${prefix}/ingress-vip`]).toBe('10.183.2.10')
    expect(await testbed.claims()).not.toContain('vip-cp-ingress-only')
    expect(endpointOf(await getObject(testbed, 'clusters', 'ingress-only'))).toEqual({})
  })

  it('keeps its VIP beside an infrastructure without endpoint, into which nobody copies it', async () => {
    await postCluster('optional', asks)
    const endpoint = { host: await testbed.hostOf('optional'), port: 6443 }
    await provision('optional', {})
    expect(endpointOf(await untilProvisioned('optional'))).toEqual(endpoint)
    expect(await demoEndpoint('optional')).toBeUndefined()
  })

  it('keeps its VIP beside an infrastructure with another endpoint', async () => {
    await postCluster('differing', asks)
    const endpoint = { host: await testbed.hostOf('differing'), port: 6443 }
    await provision('differing', { controlPlaneEndpoint: { host: '10.183.104.1', port: 6443 } })
    expect(endpointOf(await untilProvisioned('differing'))).toEqual(endpoint)
  })

  it('has the endpoint of its infrastructure if it does not ask for a VIP', async () => {
    const endpoint = { host: '10.183.105.1', port: 6443 }
    await postCluster('provided')
    await provision('provided', { controlPlaneEndpoint: endpoint })
    expect(endpointOf(await untilProvisioned('provided'))).toEqual(endpoint)
    expect(await testbed.claims()).not.toContain('vip-cp-provided')
  })

  it('has its VIP in the infrastructure, too, by the two steps of the page', async () => {
    const directory = join(stack.runDirectory, `two-steps-${testbed.namespace}`)
    const shell = async (script: string): Promise<void> => {
      await promisify(execFile)('bash', ['-e', '-u', '-o', 'pipefail', '-c', script], {
        env: {
          ...process.env,
          KUBECONFIG: stack.kubeconfigPath,
          PATH: `${dirname(stack.paths.kubectl)}:${process.env['PATH'] ?? ''}`,
        },
      })
    }
    const inTestbed = (words: string): string =>
      words
        .replaceAll(/(namespace:? )clusters/g, `$1${testbed.namespace}`)
        .replaceAll('infrastructure.cluster.x-k8s.io', `infrastructure.demo.${prefix}`)
        .replaceAll('VSphereCluster', 'DemoCluster')
        .replaceAll('controlplane.cluster.x-k8s.io', `controlplane.demo.${prefix}`)
        .replaceAll('KubeadmControlPlane', 'DemoControlPlane')
        .replaceAll('blue.yaml', `${directory}.json`)
    await writeFile(`${directory}-cluster.yaml`, inTestbed(blockOf('yaml')))
    await writeFile(
      `${directory}.json`,
      JSON.stringify(demoCluster('blue', { controlPlaneEndpoint: { host: 'VIP_ADDRESS', port: 6443 } })),
    )
    await shell(`kubectl apply --filename=${directory}-cluster.yaml`)
    await shell(inTestbed(blockOf('bash')))
    await markProvisioned('blue')
    const endpoint = endpointOf(await untilProvisioned('blue'))
    expect(endpoint.host).toMatch(/^10\.183\.1\.\d+$/)
    expect(await demoEndpoint('blue')).toEqual(endpoint)
    expect(await testbed.claims()).toContain('vip-cp-blue')
  })
})
