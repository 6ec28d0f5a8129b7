import { afterEach, describe, expect, it } from '@jest/globals'
import type { JsonObject } from '../../../../src/domain/model/decode.ts'
import {
  startInformer,
  type InformerOptions,
  type Watched,
  type WatchedKind,
} from '../../../../src/kubernetes/informer/informer.ts'
import type { Informer, InformerTuning } from '../../../../src/kubernetes/informer/informer-types.ts'
import { globalInClusterPool, inClusterPool } from '../../../../src/domain/model/pool-kinds.ts'
import { eventually } from '../../../support/eventually.ts'
import { scriptServer, type ScriptedServer } from '../cache/scripted-server.ts'

const stopping: AbortController[] = []
afterEach(() => stopping.splice(0).forEach((controller) => controller.abort()))

interface Scene<R extends WatchedKind> {
  readonly server: ScriptedServer
  readonly informer: Informer<Watched<R>>
  /** Calls of the handler. */
  readonly delivered: readonly string[]
  readonly logged: readonly string[]
}

/** Every failure is retried at once. */
const quick: Partial<InformerTuning> = { backOff: { firstMs: 2, longestMs: 4 }, pollMs: 4 }

function watching<R extends WatchedKind>(
  resource: R,
  options: Partial<Pick<InformerOptions<R>, 'namespaces' | 'isReported' | 'tuning'>> & {
    readonly objects?: readonly JsonObject[]
    readonly refused?: readonly string[]
  } = {},
): Scene<R> {
  const { objects = [], refused = [], ...rest } = options
  const server = scriptServer()
  server.list(typeof resource === 'string' ? resource : (resource.resource ?? ''), 100, objects)
  server.refuse(...refused)
  const stop = new AbortController()
  stopping.push(stop)
  const delivered: string[] = []
  const logged: string[] = []
  const note = (message: string): void => void logged.push(message)
  const informer = startInformer({
    connection: server.connection,
    resource,
    handler: {
      onUpsert: ({ namespace, name }) => delivered.push(`upsert ${namespace}/${name}`),
      onDelete: ({ namespace, name }) => delivered.push(`delete ${namespace}/${name}`),
      onListed: () => delivered.push('listed'),
      onUnreadable: () => delivered.push('unreadable'),
    },
    signal: stop.signal,
    log: { debug: () => undefined, info: () => undefined, warn: note, error: note },
    tuning: quick,
    ...rest,
  })
  return { server, informer, delivered, logged }
}

function object(namespace: string, name: string): JsonObject {
  return { metadata: { namespace, name, uid: `uid-of-${name}`, resourceVersion: '90' } }
}

function until(what: string, is: () => boolean): Promise<unknown> {
  return eventually(what, async () => is() || undefined)
}

describe('a kind that may not be listed', () => {
  it('is reported as unreadable once, tried again, and listed as soon as it is permitted', async () => {
    const { server, informer, delivered, logged } = watching(globalInClusterPool, {
      objects: [object('', 'vip-pool')],
      refused: ['list globalinclusterippools'],
    })
    await until('some attempts', () => server.asked.length > 3)
    expect(delivered).toEqual(['unreadable'])
    expect(logged).toEqual(['list globalinclusterippools: no'])
    expect([...informer.refusals]).toEqual([['', 'list globalinclusterippools: no']])
    expect(informer.health()).toMatchObject({
      synced: false,
      refusals: ['list globalinclusterippools: no'],
      loss: 'GlobalInClusterIPPools serve no Cluster',
    })
    server.refuse()
    await until('the list', () => delivered.includes('listed'))
    expect(delivered).toEqual(['unreadable', 'upsert /vip-pool', 'listed'])
    expect(informer.refusals.size).toBe(0)
    expect(informer.health()).toMatchObject({ synced: true, refusals: [], drift: 0 })
  })

  it('is no surprise if nothing works without it: its last state stays, and nothing counts as deleted', async () => {
    const { server, informer, delivered } = watching('clusters', { objects: [object('clusters', 'demo')] })
    await until('the watch', () => server.opened('clusters') > 0)
    server.refuse('list clusters')
    server.expire('clusters')
    await until('the refusal', () => informer.refusals.size > 0)
    expect(delivered).toEqual(['upsert clusters/demo', 'listed'])
    expect([...informer.objects.keys()]).toEqual(['clusters/demo'])
    expect(informer.health()).toMatchObject({ synced: true, loss: undefined, lastError: 'list clusters: no' })
  })

  it('is forgotten if everything else works without it, as a live read finds nothing either', async () => {
    const { server, informer, delivered } = watching(globalInClusterPool, {
      objects: [object('', 'vip-pool')],
    })
    await until('the watch', () => server.opened('globalinclusterippools') > 0)
    server.refuse('list globalinclusterippools')
    server.expire('globalinclusterippools')
    await until('the refusal', () => delivered.includes('unreadable'))
    expect(delivered).toEqual(['upsert /vip-pool', 'listed', 'delete /vip-pool', 'unreadable'])
    expect(informer.health()).toMatchObject({ synced: false, lastContactAt: undefined })
  })

  it('in one of several namespaces holds the others up in nothing', async () => {
    const { informer, delivered } = watching('clusters', {
      namespaces: ['a', 'b'],
      objects: [object('a', 'one'), object('b', 'two')],
      refused: ['list clusters in b'],
    })
    await until('the list', () => delivered.includes('listed'))
    expect([...informer.objects.keys()]).toEqual(['a/one'])
    expect(informer.health()).toMatchObject({ synced: true, refusals: ['list clusters in b: no'] })
    await until('the watch', () => informer.health().lastError === undefined)
    expect(informer.healthIn('a')).toMatchObject({ refusals: [] })
    expect(informer.healthIn('b')).toMatchObject({ synced: false, refusals: ['list clusters in b: no'] })
    expect(informer.healthIn('c')).toBeUndefined()
    expect(delivered.filter((line) => line === 'listed')).toHaveLength(1)
  })

  it('is not synced while every namespace is refused, and not unreadable, if nothing works without it', async () => {
    const { informer, delivered } = watching('clusters', {
      namespaces: ['a', 'b'],
      refused: ['list clusters'],
    })
    await until('both refusals', () => informer.refusals.size === 2)
    expect(informer.health().synced).toBe(false)
    expect(delivered).toEqual([])
  })
})

describe('a kind that is not served', () => {
  it('is unreadable if everything else works without it, until it is served', async () => {
    const { server, informer, delivered } = watching(inClusterPool, {
      objects: [object('clusters', 'vip-pool')],
      refused: ['serve inclusterippools'],
    })
    await until('the refusal', () => delivered.includes('unreadable'))
    expect(informer.health().refusals).toEqual([
      expect.stringContaining('inclusterippools.ipam.cluster.x-k8s.io is not served by this API server'),
    ])
    server.refuse()
    await until('the list', () => delivered.includes('listed'))
    expect(delivered).toEqual(['unreadable', 'upsert clusters/vip-pool', 'listed'])
  })

  it('is waited for if nothing works without it', async () => {
    const { informer, delivered } = watching('clusters', { refused: ['serve clusters'] })
    await until('the refusal', () => informer.refusals.size > 0)
    expect(informer.health()).toMatchObject({ synced: false, loss: undefined })
    expect(delivered).toEqual([])
  })
})

describe('a kind that may be listed and not watched', () => {
  it('is listed again and again, and says so once', async () => {
    const { server, informer, delivered, logged } = watching('clusters', {
      objects: [object('clusters', 'one')],
      refused: ['watch clusters'],
    })
    await until('the first list', () => delivered.includes('listed'))
    server.list('clusters', 110, [object('clusters', 'two')])
    await until('another list', () => informer.objects.has('clusters/two'))
    await until('some attempts', () => server.asked.filter((each) => each === 'watch clusters').length > 3)
    expect(logged).toEqual(['watch clusters: no'])
    expect(informer.health()).toMatchObject({ synced: true, refusals: [], lastError: 'watch clusters: no' })
    server.refuse()
    await until('the watch', () => informer.health().lastError === undefined)
  })
})

describe('objects in other namespaces', () => {
  const shared = { namespace: 'platform', name: 'shared' }

  it('are watched for as long as they are named', async () => {
    const { server, informer, delivered } = watching('clusterclasses', {
      namespaces: ['a'],
      objects: [object('a', 'own'), object('platform', 'shared'), object('platform', 'other')],
    })
    await until('the list', () => delivered.includes('listed'))
    expect([...informer.objects.keys()]).toEqual(['a/own'])
    informer.alsoWatch([{ namespace: 'a', name: 'own' }, shared])
    // One that was added has to be listed first.
    expect(informer.health().synced).toBe(true)
    expect(informer.healthIn('platform')?.synced).toBe(false)
    await until(
      'the other list',
      () => informer.healthIn('platform')?.lastError === undefined && informer.objects.size === 3,
    )
    informer.alsoWatch([{ namespace: 'a', name: 'own' }])
    expect([...informer.objects.keys()]).toEqual(['a/own'])
    expect(informer.healthIn('platform')).toBeUndefined()
    expect(server.asked.filter((each) => each === 'list clusterclasses in platform')).toHaveLength(1)
  })

  it('are read one by one if their namespace may not be listed, again and again', async () => {
    const { server, informer, logged } = watching('clusterclasses', {
      namespaces: ['a'],
      objects: [object('platform', 'shared'), object('platform', 'other')],
      refused: ['list clusterclasses in platform'],
    })
    informer.alsoWatch([shared, { namespace: 'platform', name: 'missing' }])
    await until('the first read', () => informer.objects.has('platform/shared'))
    expect([...informer.objects.keys()]).toEqual(['platform/shared'])
    expect(informer.healthIn('platform')).toMatchObject({ synced: true, refusals: [], lastError: undefined })
    expect(logged).toEqual([])
    server.list('clusterclasses', 110, [object('platform', 'missing')])
    await until('a later read', () => informer.objects.has('platform/missing'))
    expect([...informer.objects.keys()]).toEqual(['platform/missing'])
    server.refuse()
    await until('the watch', () => server.asked.includes('watch clusterclasses in platform'))
  })

  it('that may not be read at all leave the kind as it is elsewhere', async () => {
    const { informer, delivered } = watching('clusterclasses', {
      namespaces: ['a'],
      objects: [object('a', 'own'), object('platform', 'shared')],
      refused: ['list clusterclasses in platform', 'get clusterclasses'],
    })
    informer.alsoWatch([shared])
    await until('the refusal', () => informer.refusals.has('platform'))
    await until('the list', () => delivered.includes('listed'))
    expect([...informer.objects.keys()]).toEqual(['a/own'])
    expect(informer.health()).toMatchObject({
      synced: true,
      refusals: ['list clusterclasses in platform: no'],
    })
  })

  it('that may not be read anywhere cost the VIPs of their Clusters', async () => {
    const { informer } = watching('clusterclasses', {
      namespaces: ['a'],
      objects: [object('platform', 'shared')],
      refused: ['list clusterclasses', 'get clusterclasses'],
    })
    informer.alsoWatch([shared])
    await until('the refusal', () => informer.refusals.has('platform') && informer.refusals.has('a'))
    expect(informer.health()).toMatchObject({
      synced: false,
      loss: 'Clusters whose ClusterClass may not be read one by one get no VIP, and changes of classes are noticed half a minute late',
    })
  })

  it('are covered already by an informer of all namespaces', async () => {
    const { server, informer, delivered } = watching('clusterclasses', {
      objects: [object('platform', 'shared')],
    })
    informer.alsoWatch([shared])
    await until('the list', () => delivered.includes('listed'))
    expect(informer.healthIn('platform')).toMatchObject({ synced: true })
    expect(server.asked.filter((each) => each.startsWith('list'))).toEqual(['list clusterclasses'])
  })

  it('are watched in fifty namespaces at most: anybody can name one', () => {
    const { informer } = watching('clusterclasses', { namespaces: ['a'] })
    informer.alsoWatch(Array.from({ length: 60 }, (_, index) => ({ namespace: `n${index}`, name: 'x' })))
    const covered = Array.from({ length: 60 }, (_, index) => informer.healthIn(`n${index}`))
    expect(covered.filter((health) => health !== undefined)).toHaveLength(50)
  })
})

it('leaves to others the report of a failure that they report', async () => {
  const { server, logged } = watching('clusters', { refused: ['list clusters'], isReported: () => true })
  await until('some attempts', () => server.asked.length > 2)
  expect(logged).toEqual([])
})
