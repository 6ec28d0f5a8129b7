import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { JsonObject } from '../../src/domain/model/decode.ts'
import type { ApiProxy } from '../../dev/api-proxy/api-proxy.ts'
import { eventually } from '../support/eventually.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { openFixture, type Fixture } from './fixture.ts'
import {
  changeClass,
  endpointOf,
  getObject,
  optionalStringVariables,
  ourWrites,
  patchObject,
  postCluster,
  untilAllFree,
  variablesOf,
} from './objects.ts'
import type { TemporalView } from './temporal.ts'
import type { Testbed } from './testbed.ts'

const letters = ['a', 'b', 'c', 'd'] as const

let suite: Fixture
let testbed: Testbed
let temporal: TemporalView
let proxy: ApiProxy

beforeAll(async () => {
  suite = await openFixture()
  ;({ testbed, temporal } = suite)
  await testbed.createPool('10.147.0.10-10.147.0.99')
  const through = await suite.openProxy()
  proxy = through.proxy
  await suite.start({ kubeconfigPath: through.kubeconfigPath })
})

afterAll(() => suite.close())

/** Has somebody act when the allocator has decided to write to a Cluster, before its n-th attempt; resolves after that. */
async function beforePatch(name: string, act: () => Promise<void>, n = 1): Promise<void> {
  await proxy.atWrite(n, 'before', act, { verb: 'patch', resource: 'clusters', name })
}

/** The same when it has decided to create a claim. */
async function beforeClaim(act: () => Promise<void>): Promise<void> {
  await proxy.atWrite(1, 'before', act, { verb: 'create', resource: 'ipaddressclaims' })
}

/** As `kubectl patch --type=json` does: without having read the list. */
async function appendVariable(name: string, variable: JsonObject): Promise<void> {
  const add = { op: 'add', path: '/spec/topology/variables/-', value: variable }
  await patchObject(testbed, testbed.path('clusters', name), [add], { kind: 'json' })
}

/** As `kubectl edit` does: the list as read, with the change in it, refused where the Cluster has moved on. */
async function replaceVariables(name: string, variable: JsonObject): Promise<void> {
  await eventually(`${name} to be edited`, async () => {
    const { metadata, spec } = await getObject(testbed, 'clusters', name)
    const { variables } = spec['topology'] as { variables: readonly JsonObject[] }
    return patchObject(testbed, testbed.path('clusters', name), {
      metadata: { resourceVersion: metadata.resourceVersion },
      spec: { topology: { variables: [...variables, variable] } },
    })
  })
}

describe('at the very moment of the write to a Cluster', () => {
  it('people’s edits of other variables are kept, and ours comes beside them', async () => {
    const className = 'lettered-class'
    await testbed.createClass(className)
    await changeClass(testbed, className, {
      variables: optionalStringVariables('clusterVip', 'color', ...letters),
    })
    await testbed.createPool('10.147.1.1-10.147.1.9', { name: 'lettered-pool', className })
    const random = seededRandom('edits by people')
    const names = ['edited-0', 'edited-1', 'edited-2']
    const edits = names.flatMap((name) =>
      letters.map((letter, index) => {
        const edit = random.pick([appendVariable, replaceVariables])
        return beforePatch(name, () => edit(name, { name: letter, value: `${letter} of ${name}` }), index + 1)
      }),
    )
    const variables = [{ name: 'color', value: 'white' }]
    await Promise.all(names.map((name) => postCluster(testbed, name, { className, variables })))
    await Promise.all(edits)
    for (const name of names) {
      const { host } = (await testbed.untilServed(name)).controlPlaneEndpoint
      expect(variablesOf(await getObject(testbed, 'clusters', name))).toEqual({
        ...Object.fromEntries(letters.map((letter) => [letter, `${letter} of ${name}`])),
        color: 'white',
        clusterVip: host,
      })
    }
  })

  it('an endpoint from elsewhere stays, and what was claimed is given back', async () => {
    const className = 'overtaken-class'
    await testbed.createClass(className)
    await testbed.createPool('10.147.2.1', { name: 'overtaken-pool', className })
    const endpoint = { host: '10.147.99.1', port: 6443 }
    const typedIn = beforePatch('overtaken', () =>
      testbed.editCluster('overtaken', { controlPlaneEndpoint: endpoint }),
    )
    await testbed.createCluster('overtaken', { className })
    await typedIn
    await testbed.untilServed('overtaken')
    expect(await temporal.outcomeOf(testbed.keyOf('overtaken'))).toEqual({
      outcome: 'skipped',
      reason: 'EndpointAlreadySet',
    })
    await testbed.untilClaim('vip-cp-overtaken', (now) => now === undefined)
    await untilAllFree(testbed, 'overtaken-pool')
    // The class waits for its variable: the event of the deleted claim starts the run that gives it the endpoint.
    const cluster = await eventually('the variable of overtaken', async () => {
      const found = await getObject(testbed, 'clusters', 'overtaken')
      return variablesOf(found)['clusterVip'] === undefined ? undefined : found
    })
    expect(endpointOf(cluster)).toEqual(endpoint)
    expect(variablesOf(cluster)).toEqual({ clusterVip: endpoint.host })
  })

  it('a pause is respected', async () => {
    const pausing = beforePatch('paused', () => testbed.editCluster('paused', { paused: true }))
    await testbed.createCluster('paused')
    await pausing
    await temporal.untilPending(testbed.keyOf('paused'), { activity: 'assignVip', reason: 'ClusterPaused' })
    const cluster = await getObject(testbed, 'clusters', 'paused')
    expect(ourWrites(cluster)).toEqual([])
    expect(endpointOf(cluster)).toEqual({})
    await testbed.editCluster('paused', { paused: null })
    await testbed.untilServed('paused')
  })

  it('its deletion is respected, and nothing is left', async () => {
    const className = 'deleted-class'
    await testbed.createClass(className)
    await testbed.createPool('10.147.3.1', { name: 'deleted-pool', className })
    const deletion = beforePatch('deleted', () => testbed.deleteCluster('deleted'))
    await testbed.createCluster('deleted', { className })
    await deletion
    await testbed.untilClaim('vip-cp-deleted', (now) => now !== undefined)
    expect(await temporal.outcomeOf(testbed.keyOf('deleted'))).toEqual({
      outcome: 'skipped',
      reason: 'ClusterDeleted',
    })
    await testbed.untilCluster('deleted', (now) => now === undefined)
    await testbed.untilClaim('vip-cp-deleted', (now) => now === undefined)
    await untilAllFree(testbed, 'deleted-pool')
  })
})

describe('at the very moment a claim is made', () => {
  it('the deletion of its Cluster takes the claim with it', async () => {
    const className = 'vanished-class'
    await testbed.createClass(className)
    await testbed.createPool('10.147.4.1', { name: 'vanished-pool', className })
    const deletion = beforeClaim(async () => {
      await testbed.deleteCluster('vanished')
      await testbed.untilCluster('vanished', (now) => now === undefined)
    })
    await testbed.createCluster('vanished', { className })
    await testbed.untilClaim('vip-cp-vanished', (now) => now !== undefined)
    await deletion
    expect(await temporal.outcomeOf(testbed.keyOf('vanished'))).toEqual({
      outcome: 'skipped',
      reason: 'ClusterDeleted',
    })
    await testbed.untilClaim('vip-cp-vanished', (now) => now === undefined)
    await untilAllFree(testbed, 'vanished-pool')
  })

  it('a namesake of its deleted Cluster is served by a claim of its own', async () => {
    const className = 'namesake-class'
    await testbed.createClass(className)
    await testbed.createPool('10.147.5.1', { name: 'namesake-pool', className })
    const replacement = beforeClaim(async () => {
      await testbed.deleteCluster('namesake')
      await testbed.untilCluster('namesake', (now) => now === undefined)
      await testbed.createCluster('namesake', { className })
    })
    await testbed.createCluster('namesake', { className })
    await replacement
    const { uid, controlPlaneEndpoint } = await testbed.untilServed('namesake')
    expect(controlPlaneEndpoint.host).toBe('10.147.5.1')
    const claim = await testbed.untilClaim('vip-cp-namesake', (now) => now?.addressName !== undefined)
    expect(claim?.ownerReferences).toMatchObject([{ kind: 'Cluster', name: 'namesake', uid }])
  })
})
