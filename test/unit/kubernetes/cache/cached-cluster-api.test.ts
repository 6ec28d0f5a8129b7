import { afterEach, describe, expect, it } from '@jest/globals'
import type { JsonObject } from '../../../../src/domain/model/decode.ts'
import { ipAddressFrom, type IPAddress } from '../../../../src/domain/model/ip-address.ts'
import { clusterFrom, type Cluster } from '../../../../src/domain/model/cluster.ts'
import { ipAddressClaimFrom } from '../../../../src/domain/model/claim.ts'
import type { ObjectMeta } from '../../../../src/domain/model/object-meta.ts'
import type { ClusterApi } from '../../../../src/kubernetes/cluster-api.ts'
import { StaleCacheError } from '../../../../src/kubernetes/errors.ts'
import {
  createCachedClusterApi,
  type CachedClusterApi,
} from '../../../../src/kubernetes/cache/cached-cluster-api.ts'
import type { WatchedObjects } from '../../../../src/kubernetes/informer/informer.ts'
import { clusterObject, variables } from '../../../support/builders.ts'
import { eventually } from '../../../support/eventually.ts'
import { fakeClusterApi } from '../../../support/fake-cluster-api.ts'
import { silentLog } from '../../../support/silent-log.ts'
import { scriptServer, type ScriptedServer } from './scripted-server.ts'

const kinds = ['clusters', 'clusterclasses', 'ipaddressclaims', 'ipaddresses'] as const
const pools = ['inclusterippools', 'globalinclusterippools'] as const

const stopping: AbortController[] = []
afterEach(() => stopping.splice(0).forEach((controller) => controller.abort()))

interface Scene {
  readonly server: ScriptedServer
  readonly knowledge: CachedClusterApi
  /** Moves the clock on, in milliseconds. */
  pass(ms: number): void
}

/** Every kind is listed at 100 and watched. */
async function scene(
  options: {
    readonly calls?: Partial<ClusterApi>
    readonly objects?: Readonly<Record<string, readonly JsonObject[]>>
    readonly labelSelector?: string
    readonly namespaces?: readonly string[]
    /** What the handler of every kind does with a change. */
    readonly onUpsert?: (object: ObjectMeta) => void
  } = {},
): Promise<Scene> {
  const server = scriptServer()
  const stop = new AbortController()
  stopping.push(stop)
  let now = Date.now()
  const knowledge = createCachedClusterApi({
    api: fakeClusterApi(options.calls ?? {}),
    variables,
    now: () => now,
  })
  const watch = (resource: keyof WatchedObjects) => {
    server.list(resource, 100, options.objects?.[resource] ?? [])
    return knowledge.watch({
      connection: server.connection,
      resource,
      handler: { onUpsert: options.onUpsert ?? (() => undefined), onDelete: () => undefined },
      signal: stop.signal,
      log: silentLog,
      ...(resource === 'clusters' && { labelSelector: options.labelSelector }),
      ...(options.namespaces !== undefined && { namespaces: options.namespaces }),
      tuning: { now: () => now },
    })
  }
  const watches = [...kinds, ...pools].map(watch)
  await eventually('all kinds to be watched', async () =>
    watches.every(({ health }) => server.opened(health().resource) > 0) ? true : undefined,
  )
  return { server, knowledge, pass: (ms) => (now += ms) }
}

function at(resourceVersion: number, object: object): JsonObject {
  const { metadata, ...rest } = object as { readonly metadata?: object }
  return { ...rest, metadata: { ...metadata, resourceVersion: String(resourceVersion) } }
}

function cluster(name: string, version: number, host?: string): JsonObject {
  return at(version, clusterObject({ name, ...(host !== undefined && { endpoint: { host, port: 6443 } }) }))
}

function address(name: string, version: number, text = '10.0.0.10'): JsonObject {
  return at(version, {
    metadata: { namespace: 'clusters', name, uid: `uid-of-${name}` },
    spec: { address: text, claimRef: { name } },
  })
}

function claim(name: string, version: number, addressName?: string): JsonObject {
  const metadata = { namespace: 'clusters', name, uid: `uid-of-${name}` }
  return at(version, {
    metadata,
    ...(addressName !== undefined && { status: { addressRef: { name: addressName } } }),
  })
}

const demo = { namespace: 'clusters', name: 'demo' }
const own: IPAddress = ipAddressFrom(address('vip-cp-demo', 110))

async function namesBeside(knowledge: CachedClusterApi, ipAddress = own): Promise<readonly string[]> {
  const { clusters, ipAddresses } = await knowledge.api.addressUseBeside(ipAddress)
  return [...clusters, ...ipAddresses].map(({ name }) => name).toSorted()
}

describe('what the watches know', () => {
  it('answers for a Cluster as it was last told', async () => {
    const { server, knowledge } = await scene({ objects: { clusters: [cluster('demo', 90)] } })
    await server.tell('clusters', 'MODIFIED', cluster('demo', 105, '10.0.0.10'))
    const { resourceVersion } = (await knowledge.api.getCluster(demo)) as Cluster
    expect(resourceVersion).toBe('105')
  })

  it('is nothing before a kind has been listed', async () => {
    const knowledge = createCachedClusterApi({ api: fakeClusterApi({}), variables, now: Date.now })
    await expect(knowledge.api.getCluster(demo)).rejects.toBeInstanceOf(StaleCacheError)
  })

  it('is not believed while the handler of the kind has failed on a change', async () => {
    let fails = false
    const { server, knowledge } = await scene({
      objects: { clusters: [cluster('demo', 90)] },
      onUpsert: () => {
        if (fails) throw new Error('cannot take it')
      },
    })
    fails = true
    await server.tell('clusters', 'MODIFIED', cluster('demo', 105, '10.0.0.10'))
    await expect(knowledge.api.getCluster(demo)).rejects.toBeInstanceOf(StaleCacheError)
    fails = false
    await server.tell('clusters', 'MODIFIED', cluster('demo', 106, '10.0.0.10'))
    expect((await knowledge.api.getCluster(demo))?.resourceVersion).toBe('106')
  })

  it('is not believed when the watch has been silent for long', async () => {
    const { knowledge, pass } = await scene({ objects: { clusters: [cluster('demo', 90)] } })
    pass(46_000)
    await expect(knowledge.api.getCluster(demo)).rejects.toThrow('does not hear well')
  })

  it('does not answer for a namespace that is not watched', async () => {
    const { knowledge } = await scene({ namespaces: ['others'] })
    await expect(knowledge.api.getCluster(demo)).rejects.toThrow('clusters of clusters are not watched')
  })

  it('does not say that a Cluster is gone which its labels may hide', async () => {
    const { knowledge } = await scene({ labelSelector: 'a=b' })
    await expect(knowledge.api.getCluster(demo)).rejects.toThrow('some clusters are not watched')
  })

  it('leaves a Cluster that keeps addresses reserved to a fresh look', async () => {
    const annotations = { 'vip.capi.gorizond.io/duplicate-addresses': '10.0.0.12' }
    const { knowledge } = await scene({ objects: { clusters: [at(90, clusterObject({ annotations }))] } })
    await expect(knowledge.api.getCluster(demo)).rejects.toBeInstanceOf(StaleCacheError)
  })

  it('lets nothing be undone', async () => {
    const { knowledge } = await scene()
    const { api } = knowledge
    const known = ipAddressClaimFrom(claim('vip-cp-demo', 90))
    await expect(api.deleteIPAddressClaim(known)).rejects.toBeInstanceOf(StaleCacheError)
    await expect(api.deleteIPAddress(own)).rejects.toBeInstanceOf(StaleCacheError)
    await expect(api.createIPAddress({})).rejects.toBeInstanceOf(StaleCacheError)
    await expect(api.patchIPAddressClaim(known, {})).rejects.toBeInstanceOf(StaleCacheError)
  })

  it('hears of a claim and its IPAddress', async () => {
    const { server, knowledge } = await scene()
    const listener = knowledge.api.listenToClaim({ namespace: 'clusters', name: 'vip-cp-demo' })
    const started = performance.now()
    await server.tell('ipaddressclaims', 'ADDED', claim('vip-cp-demo', 101))
    await listener.untilChange()
    const change = listener.untilChange()
    await server.tell('ipaddresses', 'ADDED', address('vip-cp-demo', 102))
    await change
    listener.close()
    // Without a word it would have looked again only after half a second, each time.
    expect(performance.now() - started).toBeLessThan(1_000)
  })
})

describe('our own writes', () => {
  const patching: Partial<ClusterApi> = {
    patchCluster: async () => clusterFrom(cluster('demo', 120, '10.0.0.10')),
    createIPAddressClaim: async () => ipAddressClaimFrom(claim('vip-cp-demo', 120)),
  }
  const before = { clusters: [cluster('demo', 90)] }

  it('are awaited before a Cluster is read', async () => {
    const { server, knowledge } = await scene({ calls: patching, objects: before })
    await knowledge.api.patchCluster(clusterFrom(cluster('demo', 90)), [])
    const reading = knowledge.api.getCluster(demo)
    await server.tell('clusters', 'MODIFIED', cluster('demo', 120, '10.0.0.10'))
    expect((await reading)?.controlPlaneEndpoint.host).toBe('10.0.0.10')
  })

  it('show that a watch lags which has not told of them in time', async () => {
    const { server, knowledge, pass } = await scene({ calls: patching, objects: before })
    await knowledge.api.patchCluster(clusterFrom(cluster('demo', 90)), [])
    pass(2_001)
    await expect(knowledge.api.getCluster(demo)).rejects.toThrow('lags, or has lost an event')
    await server.tell('clusters', 'MODIFIED', cluster('demo', 120, '10.0.0.10'))
    await expect(knowledge.api.getCluster(demo)).resolves.toBeDefined()
  })

  it('show that a watch loses events which goes past them without a word', async () => {
    const { server, knowledge } = await scene({ calls: patching, objects: before })
    await knowledge.api.createIPAddressClaim({})
    await server.tell('ipaddressclaims', 'ADDED', claim('other', 121))
    const asked = { namespace: 'clusters', name: 'other' }
    await expect(knowledge.api.getIPAddressClaim(asked)).rejects.toThrow('lags, or has lost an event')
    server.list('ipaddressclaims', 130, [claim('vip-cp-demo', 120), claim('other', 121)])
    server.expire('ipaddressclaims')
    // The list has found what was lost, so there may be more of it.
    await eventually('the list', () =>
      knowledge.api.getIPAddressClaim(asked).then(
        () => undefined,
        (error: Error) => (error.message.includes('lost') ? true : undefined),
      ),
    )
    await eventually('the next watch', async () => server.opened('ipaddressclaims') > 1 || undefined)
    server.list('ipaddressclaims', 140, [claim('vip-cp-demo', 120), claim('other', 121)])
    server.expire('ipaddressclaims')
    await eventually('a list that finds nothing new', () =>
      knowledge.api.getIPAddressClaim(asked).catch(() => undefined),
    )
  })

  it('that the watch has told of before their answer came are not awaited', async () => {
    const { server, knowledge, pass } = await scene({ calls: patching, objects: before })
    await server.tell('clusters', 'MODIFIED', cluster('demo', 120, '10.0.0.10'))
    await knowledge.api.patchCluster(clusterFrom(cluster('demo', 90)), [])
    pass(3_000)
    await expect(knowledge.api.getCluster(demo)).resolves.toBeDefined()
  })
})

describe('who else has an address', () => {
  const heard = { clusters: [cluster('demo', 90)], ipaddresses: [] }

  it('is nobody but the IPAddress itself', async () => {
    const { server, knowledge } = await scene({ objects: heard })
    await server.tell('ipaddresses', 'ADDED', address('vip-cp-demo', 110))
    expect(await namesBeside(knowledge)).toEqual(['vip-cp-demo'])
  })

  it('are Clusters and IPAddresses in whatever spelling', async () => {
    const { server, knowledge } = await scene({ objects: heard })
    await server.tell('clusters', 'ADDED', cluster('typed', 101, '::ffff:10.0.0.10'))
    await server.tell('ipaddresses', 'ADDED', address('vip-cp-other', 102))
    await server.tell('ipaddresses', 'ADDED', address('vip-cp-demo', 110))
    expect(await namesBeside(knowledge)).toEqual(['typed', 'vip-cp-demo', 'vip-cp-other'])
  })

  it('is no longer who has changed or gone', async () => {
    const { server, knowledge } = await scene({ objects: { clusters: [cluster('typed', 90, '10.0.0.10')] } })
    await server.tell('clusters', 'MODIFIED', cluster('typed', 101, '10.0.0.99'))
    await server.tell('clusters', 'ADDED', cluster('brief', 102, '10.0.0.10'))
    await server.tell('clusters', 'DELETED', cluster('brief', 103, '10.0.0.10'))
    await server.tell('ipaddresses', 'ADDED', address('vip-cp-demo', 110))
    expect(await namesBeside(knowledge)).toEqual(['vip-cp-demo'])
  })

  it('is not known before the watch has told of the IPAddress', async () => {
    const { knowledge } = await scene({ objects: heard })
    await expect(namesBeside(knowledge)).rejects.toThrow('has not been heard of')
  })

  it('is not known of another IPAddress of the same name', async () => {
    const { server, knowledge } = await scene({ objects: heard })
    await server.tell('ipaddresses', 'ADDED', address('vip-cp-demo', 110))
    await expect(namesBeside(knowledge, { ...own, uid: 'former' })).rejects.toThrow('has not been heard of')
  })

  it('is asked for of a Cluster whose claim let the address go and of which nothing was heard since', async () => {
    const asked: string[] = []
    const { server, knowledge } = await scene({
      objects: { clusters: [cluster('demo', 90)], ipaddresses: [address('vip-cp-leaving', 80)] },
      calls: {
        getCluster: async ({ name }) => {
          asked.push(name)
          return clusterFrom(cluster(name, 104, '10.0.0.10'))
        },
      },
    })
    await server.tell('ipaddresses', 'DELETED', address('vip-cp-leaving', 105))
    await server.tell('ipaddresses', 'ADDED', address('vip-cp-demo', 110))
    expect(await namesBeside(knowledge)).toEqual(['leaving', 'vip-cp-demo'])
    await server.tell('clusters', 'ADDED', cluster('other', 106))
    expect(await namesBeside(knowledge)).toEqual(['vip-cp-demo'])
    expect(asked).toEqual(['leaving'])
  })

  it('is not known where IPAddresses were listed after anything was heard of Clusters', async () => {
    const { server, knowledge } = await scene({ objects: heard })
    server.list('ipaddresses', 120, [address('vip-cp-demo', 110)])
    server.expire('ipaddresses')
    await eventually('the list to be noticed', () =>
      namesBeside(knowledge).then(
        () => undefined,
        (error: Error) => (error.message.includes('since IPAddresses were listed') ? true : undefined),
      ),
    )
    await server.tell('clusters', 'ADDED', cluster('other', 121))
    expect(await namesBeside(knowledge)).toEqual(['vip-cp-demo'])
  })

  it('is not known where labels hide Clusters', async () => {
    const { server, knowledge } = await scene({ labelSelector: 'a=b' })
    await server.tell('ipaddresses', 'ADDED', address('vip-cp-demo', 110))
    await expect(namesBeside(knowledge)).rejects.toThrow('some Clusters are not watched')
  })
})
