import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { ApiProxy } from '../../dev/api-proxy/api-proxy.ts'
import type { Cluster } from '../../src/domain/model/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { postClaim } from './objects.ts'
import type { Testbed } from './testbed.ts'

const root = join(import.meta.dirname, '..', '..')

let suite: Fixture
let testbed: Testbed
let proxy: ApiProxy

beforeAll(async () => {
  suite = await openFixture()
  testbed = suite.testbed
  const through = await suite.openProxy()
  proxy = through.proxy
  await suite.start({ kubeconfigPath: through.kubeconfigPath })
})

afterAll(() => suite.close())

/** What deploy/manifests permit, as `verb plural`, but for what no request of ours shows. */
function permitted(): readonly string[] {
  const path = join(root, 'deploy', 'manifests', 'cluster-role.yaml')
  const { rules } = parse(readFileSync(path, 'utf8')) as {
    rules: { resources: string[]; verbs: string[] }[]
  }
  return rules
    .flatMap(({ resources, verbs }) =>
      resources.flatMap((plural) => verbs.map((verb) => `${verb} ${plural}`)),
    )
    .filter((permission) => !permission.endsWith('clusters/finalizers'))
}

describe('the ServiceAccount of deploy/manifests', () => {
  it('uses every permission it has in a life of Clusters, and is refused nothing', async () => {
    const className = 'permitted'
    await testbed.createClass(className)
    const endpoint = 'controlPlaneEndpoint: { host: 10.86.0.10, port: 6443 }'
    await testbed.createCluster('pe-manual', { className, spec: endpoint })
    await testbed.createPool('10.86.0.10-10.86.0.13', { name: className, className })

    // Meets a duplicate, reserves it, gives its claim back, and lets the address go when it is free.
    await testbed.createCluster('pe-stepping', { className })
    await testbed.untilServed('pe-stepping')
    await testbed.deleteCluster('pe-manual')
    const duplicates = 'vip.capi.gorizond.io/duplicate-addresses'
    await testbed.untilCluster('pe-stepping', (now) => now?.annotations[duplicates] === undefined)

    // Watches Namespaces.
    const selectorAnnotation = 'vip.capi.gorizond.io/namespace-selector'
    await testbed.createPool('10.86.1.10', {
      name: 'selecting',
      className: 'pe-selected',
      kind: 'GlobalInClusterIPPool',
      annotations: { [selectorAnnotation]: `kubernetes.io/metadata.name=${testbed.namespace}` },
    })
    await testbed.createClass('pe-selected')
    await testbed.createCluster('pe-selected', { className: 'pe-selected' })
    await testbed.untilServed('pe-selected')

    // Adopts a claim.
    await postClaim(testbed, 'pe-adopting', className)
    await testbed.createCluster('pe-adopting', { className })
    await testbed.untilServed('pe-adopting')

    // Has to say the same twice.
    const waiting = 'vip.capi.gorizond.io/ControlPlaneVIPReady'
    const says = (cluster: Cluster | undefined): boolean =>
      cluster?.conditions.some(({ type }) => type === waiting) === true
    // The reason names this pool only, so that no pool of another suite changes it.
    const annotations = { 'cluster.x-k8s.io/paused': 'true' }
    await testbed.createClass('pe-paused')
    await testbed.createPool('10.86.2.10', { name: 'paused', className: 'pe-paused', annotations })
    await testbed.createCluster('pe-waiting', { className: 'pe-paused' })
    await testbed.untilCluster('pe-waiting', says)
    // Cluster API allows no empty status, and may not have written its own yet.
    const withoutConditions = { status: { conditions: null, observedGeneration: 1 } }
    await testbed.patch(`${testbed.path('clusters', 'pe-waiting')}/status`, withoutConditions)
    await testbed.untilCluster('pe-waiting', (now) => !says(now))
    await testbed.editCluster('pe-waiting', { clusterNetwork: { apiServerPort: 6444 } })
    await testbed.untilCluster('pe-waiting', says)
    await eventually('the event to be a series', async () =>
      proxy.requests.some(({ verb, resource }) => verb === 'patch' && resource === 'events')
        ? true
        : undefined,
    )

    const asked = proxy.requests.filter(({ resource }) => resource !== '')
    expect(asked.filter(({ code }) => code === 403)).toEqual([])
    expect([...new Set(asked.map(({ verb, resource }) => `${verb} ${resource}`))].toSorted()).toEqual(
      permitted().toSorted(),
    )
  })
})
