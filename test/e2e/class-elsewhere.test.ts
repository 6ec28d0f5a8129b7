import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { ApiProxy } from '../../dev/api-proxy/api-proxy.ts'
import { withKubernetesApi } from '../../dev/stack/kubernetes-api.ts'
import { kubeconfigThrough } from '../../dev/api-proxy/kubeconfig-through.ts'
import { vipConditionOf } from '../../src/domain/allocation/vip-condition.ts'
import type { Cluster } from '../../src/domain/model/cluster.ts'
import { variableOf } from '../../src/domain/model/variable-path.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { createRoleAccount, type RoleAccount } from './role-account.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()
const className = 'shared-class'
const reading = { apiGroups: ['cluster.x-k8s.io'], resources: ['clusterclasses'] }

let suite: Fixture
let testbed: Testbed
let account: RoleAccount
let proxy: ApiProxy
let kubeconfigPath: string
/** The namespace of the class. No allocator serves it. */
let platform: string

beforeAll(async () => {
  suite = await openFixture()
  testbed = suite.testbed
  platform = `${testbed.namespace}-platform`
  await testbed.applyExample('namespace', [`name: ${testbed.namespace}`, `name: ${platform}`])
  await createSharedClass(className)
  await testbed.createPool('10.178.0.10-10.178.0.30', { className })
  account = await createRoleAccount(stack, testbed)
  ;({ proxy, kubeconfigPath } = await suite.openProxy())
  kubeconfigThrough(proxy, account.kubeconfigPath, kubeconfigPath)
  await suite.start({ kubeconfigPath })
})

afterAll(async () => {
  await suite.close()
  // Nobody may delete a class that Clusters have.
  await withKubernetesApi(stack, (api) =>
    api.send({ method: 'DELETE', path: `/api/v1/namespaces/${platform}` }),
  )
})

/** A class in the other namespace with a variable besides `clusterVip`. */
async function createSharedClass(name: string): Promise<void> {
  const other =
    '    - name: other\n      required: false\n      schema: { openAPIV3Schema: { type: string } }\n'
  await testbed.applyExample(
    'cluster-class',
    [`namespace: ${testbed.namespace}`, `namespace: ${platform}`],
    ['name: rke2-cluster-class\n', `name: ${name}\n`],
    ['  patches:\n', `${other}  patches:\n`],
  )
}

async function createCluster(name: string): Promise<void> {
  await testbed.createCluster(name, { className, classNamespace: platform })
}

/**
 * Does as `kubectl apply` with a manifest whose value of `other` has changed: the list of variables is replaced.
 *
 * @returns the value of `clusterVip` when it is back
 */
async function variableAfterApply(name: string, other: string): Promise<unknown> {
  await testbed.editCluster(name, { topology: { variables: [{ name: 'other', value: other }] } })
  const isBack = (now: Cluster | undefined): boolean =>
    now !== undefined && variableOf(now, 'other') === other && variableOf(now, 'clusterVip') !== undefined
  const cluster = await testbed.untilCluster(name, isBack)
  return cluster && variableOf(cluster, 'clusterVip')
}

async function untilReady(name: string): Promise<void> {
  await testbed.untilCluster(
    name,
    (now) => now !== undefined && vipConditionOf(now, 'control-plane')?.status === 'True',
  )
}

async function annotateClass(annotations: Readonly<Record<string, string | null>>): Promise<void> {
  const path = `/apis/cluster.x-k8s.io/v1beta2/namespaces/${platform}/clusterclasses/${className}`
  await testbed.patch(path, { metadata: { annotations } })
}

describe('a ClusterClass in a namespace that is not served', () => {
  it('is a visible wait while it may not be read, and serves its Cluster soon after it may be', async () => {
    await createCluster('ce-first')
    const waiting = await testbed.untilCluster(
      'ce-first',
      (now) => now !== undefined && vipConditionOf(now, 'control-plane') !== undefined,
    )
    expect(waiting && vipConditionOf(waiting, 'control-plane')).toMatchObject({
      status: 'False',
      reason: 'AllocationFailed',
      message: expect.stringContaining(
        `cannot get resource "clusterclasses" in API group "cluster.x-k8s.io" in the namespace "${platform}"`,
      ),
    })
    await account.grant(platform, { ...reading, verbs: ['get'] })
    const served = await testbed.untilServed('ce-first')
    expect(variableOf(served, 'clusterVip')).toBe(served.controlPlaneEndpoint.host)
  })

  it('brings back a variable that kubectl apply has dropped, also if it may only be read by itself', async () => {
    expect(await variableAfterApply('ce-first', 'x')).toBe(await testbed.hostOf('ce-first'))
  })

  it('is watched where that is permitted, so that its changes wake the Clusters that they concern', async () => {
    await suite.allocator.stop()
    const enabled = 'vip.capi.gorizond.io/control-plane-enabled'
    await annotateClass({ [enabled]: 'false' })
    await createCluster('ce-refused')
    await account.grant(platform, { ...reading, verbs: ['get', 'list', 'watch'] })
    await suite.start({ kubeconfigPath })
    await proxy.until({ verb: 'watch', resource: 'clusterclasses', namespace: platform })
    await annotateClass({ [enabled]: null })
    const served = await testbed.untilServed('ce-refused')
    expect(variableOf(served, 'clusterVip')).toBe(served.controlPlaneEndpoint.host)
  })

  it('costs an allocation no request and no list', async () => {
    // Whatever the other Clusters cost is over.
    await suite.temporal.outcomeOf(testbed.keyOf('ce-refused'))
    const before = proxy.requests.length
    await createCluster('ce-second')
    await untilReady('ce-second')
    const since = () =>
      proxy.requests
        .slice(before)
        .filter(({ resource }) => resource !== '' && resource !== 'globalinclusterippools')
    await eventually(
      'the event',
      async () => since().some(({ resource }) => resource === 'events') || undefined,
    )
    const isHere = (name: string): boolean => name === '' || name.endsWith('ce-second')
    const asked = since().filter(({ verb, name }) => verb !== 'watch' && isHere(name))
    expect(asked.map(({ verb, resource }) => `${verb} ${resource}`).toSorted()).toEqual([
      'create events',
      'create ipaddressclaims',
      'get clusters',
      'get ipaddresses',
      'patch clusters',
      'patch clusters/status',
    ])
  })

  it('brings back a dropped variable within seconds', async () => {
    expect(await variableAfterApply('ce-second', 'y')).toBe(await testbed.hostOf('ce-second'))
  })
})
