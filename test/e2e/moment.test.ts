import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { join } from 'node:path'
import type { JsonObject } from '../../src/domain/model/decode.ts'
import { startApiProxy, type ApiProxy } from '../../dev/api-proxy/api-proxy.ts'
import { kubeconfigThrough } from '../../dev/api-proxy/kubeconfig-through.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { openIdle, type AtWork } from './at-work.ts'
import {
  changeClass,
  endpointOf,
  getObject,
  optionalTexts,
  ourWrites,
  patchObject,
  postCluster,
  untilAllFree,
  variablesOf,
} from './objects.ts'
import { outcomeOf, untilPending } from './pending.ts'
import type { TemporalView } from './temporal.ts'
import type { World } from './world.ts'

const { stack, allocatorKubeconfig } = realParts()
const letters = ['a', 'b', 'c', 'd'] as const

let suite: AtWork
let world: World
let temporal: TemporalView
let proxy: ApiProxy

beforeAll(async () => {
  suite = await openIdle()
  ;({ world, temporal } = suite)
  await world.createPool('10.147.0.10-10.147.0.99')
  proxy = await startApiProxy(stack)
  const kubeconfigPath = join(stack.runDirectory, `${world.namespace}.kubeconfig`)
  kubeconfigThrough(proxy, allocatorKubeconfig, kubeconfigPath)
  await suite.start({ kubeconfigPath })
})

afterAll(async () => {
  try {
    await suite.close()
  } finally {
    await proxy.close()
  }
})

/** Has somebody act when the allocator has decided to write to a Cluster, before its n-th attempt; resolves after that. */
async function beforePatch(name: string, act: () => Promise<void>, n = 1): Promise<void> {
  await proxy.atWrite(n, 'before', act, { verb: 'patch', resource: 'clusters', name })
}

/** The same when it has decided to create a claim. */
async function beforeClaim(act: () => Promise<void>): Promise<void> {
  await proxy.atWrite(1, 'before', act, { verb: 'create', resource: 'ipaddressclaims' })
}

function keyOf(name: string): { readonly namespace: string; readonly name: string } {
  return { namespace: world.namespace, name }
}

/** As `kubectl patch --type=json` does: without having read the list. */
async function appendVariable(name: string, variable: JsonObject): Promise<void> {
  const add = { op: 'add', path: '/spec/topology/variables/-', value: variable }
  await patchObject(world, world.path('clusters', name), [add], { kind: 'json' })
}

/** As `kubectl edit` does: the list as read, with the change in it, refused where the Cluster has moved on. */
async function replaceVariables(name: string, variable: JsonObject): Promise<void> {
  await eventually(`${name} to be edited`, async () => {
    const { metadata, spec } = await getObject(world, 'clusters', name)
    const { variables } = spec['topology'] as { variables: readonly JsonObject[] }
    return patchObject(world, world.path('clusters', name), {
      metadata: { resourceVersion: metadata.resourceVersion },
      spec: { topology: { variables: [...variables, variable] } },
    })
  })
}

describe('at the very moment of the write to a Cluster', () => {
  it('people’s edits of other variables are kept, and ours comes beside them', async () => {
    const className = 'lettered-class'
    await world.createClass(className)
    await changeClass(world, className, { variables: optionalTexts('clusterVip', 'color', ...letters) })
    await world.createPool('10.147.1.1-10.147.1.9', { name: 'lettered-pool', className })
    const random = seededRandom('edits by people')
    const names = ['edited-0', 'edited-1', 'edited-2']
    const edits = names.flatMap((name) =>
      letters.map((letter, index) => {
        const edit = random.pick([appendVariable, replaceVariables])
        return beforePatch(name, () => edit(name, { name: letter, value: `${letter} of ${name}` }), index + 1)
      }),
    )
    const variables = [{ name: 'color', value: 'white' }]
    await Promise.all(names.map((name) => postCluster(world, name, { className, variables })))
    await Promise.all(edits)
    for (const name of names) {
      const { host } = (await world.untilServed(name)).controlPlaneEndpoint
      expect(variablesOf(await getObject(world, 'clusters', name))).toEqual({
        ...Object.fromEntries(letters.map((letter) => [letter, `${letter} of ${name}`])),
        color: 'white',
        clusterVip: host,
      })
    }
  })

  it('an endpoint from elsewhere stays, and what was claimed is given back', async () => {
    const className = 'overtaken-class'
    await world.createClass(className)
    await world.createPool('10.147.2.1', { name: 'overtaken-pool', className })
    const endpoint = { host: '10.147.99.1', port: 6443 }
    const typedIn = beforePatch('overtaken', () =>
      world.editCluster('overtaken', { controlPlaneEndpoint: endpoint }),
    )
    await world.createCluster('overtaken', { className })
    await typedIn
    await world.untilServed('overtaken')
    expect(await outcomeOf(temporal, keyOf('overtaken'))).toEqual({
      outcome: 'skipped',
      reason: 'EndpointAlreadySet',
    })
    await world.untilClaim('vip-cp-overtaken', (now) => now === undefined)
    await untilAllFree(world, 'overtaken-pool')
    const cluster = await getObject(world, 'clusters', 'overtaken')
    expect(endpointOf(cluster)).toEqual(endpoint)
    expect(ourWrites(cluster)).toEqual([])
  })

  it('a pause is respected', async () => {
    const pausing = beforePatch('paused', () => world.editCluster('paused', { paused: true }))
    await world.createCluster('paused')
    await pausing
    await untilPending(temporal, keyOf('paused'), 'assignVip', 'ClusterPaused')
    const cluster = await getObject(world, 'clusters', 'paused')
    expect(ourWrites(cluster)).toEqual([])
    expect(endpointOf(cluster)).toEqual({})
    await world.editCluster('paused', { paused: null })
    await world.untilServed('paused')
  })

  it('its deletion is respected, and nothing is left', async () => {
    const className = 'deleted-class'
    await world.createClass(className)
    await world.createPool('10.147.3.1', { name: 'deleted-pool', className })
    const deletion = beforePatch('deleted', () => world.deleteCluster('deleted'))
    await world.createCluster('deleted', { className })
    await deletion
    await world.untilClaim('vip-cp-deleted', (now) => now !== undefined)
    expect(await outcomeOf(temporal, keyOf('deleted'))).toEqual({
      outcome: 'skipped',
      reason: 'ClusterDeleted',
    })
    await world.untilCluster('deleted', (now) => now === undefined)
    await world.untilClaim('vip-cp-deleted', (now) => now === undefined)
    await untilAllFree(world, 'deleted-pool')
  })
})

describe('at the very moment a claim is made', () => {
  it('the deletion of its Cluster takes the claim with it', async () => {
    const className = 'vanished-class'
    await world.createClass(className)
    await world.createPool('10.147.4.1', { name: 'vanished-pool', className })
    const deletion = beforeClaim(async () => {
      await world.deleteCluster('vanished')
      await world.untilCluster('vanished', (now) => now === undefined)
    })
    await world.createCluster('vanished', { className })
    await world.untilClaim('vip-cp-vanished', (now) => now !== undefined)
    await deletion
    expect(await outcomeOf(temporal, keyOf('vanished'))).toEqual({
      outcome: 'skipped',
      reason: 'ClusterDeleted',
    })
    await world.untilClaim('vip-cp-vanished', (now) => now === undefined)
    await untilAllFree(world, 'vanished-pool')
  })

  it('a namesake of its deleted Cluster is served by a claim of its own', async () => {
    const className = 'namesake-class'
    await world.createClass(className)
    await world.createPool('10.147.5.1', { name: 'namesake-pool', className })
    const replacement = beforeClaim(async () => {
      await world.deleteCluster('namesake')
      await world.untilCluster('namesake', (now) => now === undefined)
      await world.createCluster('namesake', { className })
    })
    await world.createCluster('namesake', { className })
    await replacement
    const { uid, controlPlaneEndpoint } = await world.untilServed('namesake')
    expect(controlPlaneEndpoint.host).toBe('10.147.5.1')
    const claim = await world.untilClaim('vip-cp-namesake', (now) => now?.addressName !== undefined)
    expect(claim?.ownerReferences).toMatchObject([{ kind: 'Cluster', name: 'namesake', uid }])
  })
})
