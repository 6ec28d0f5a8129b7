import { describe, expect, it } from '@jest/globals'
import type { PoolKind } from '../../../src/domain/model/pool-kind.ts'
import { inClusterPool, poolKindFrom } from '../../../src/domain/model/pool-kinds.ts'
import { KubernetesError } from '../../../src/kubernetes/errors.ts'
import { startInformer } from '../../../src/kubernetes/informer/informer.ts'
import { lossWithout } from '../../../src/kubernetes/permissions.ts'
import { findPoolResource, poolResourceOf } from '../../../src/kubernetes/pool-resources.ts'
import type { ApiRequest } from '../../../src/kubernetes/transport/api-request.ts'
import type { KubernetesConnection } from '../../../src/kubernetes/transport/connection.ts'
import { eventually } from '../../support/eventually.ts'

function kindOf(text: string): PoolKind {
  const kind = poolKindFrom(text)
  if (kind === undefined) throw new Error(`${text} is no kind`)
  return kind
}

/** An API server with a group of two versions, of which the newer one has no pools. */
function server(isServed: () => boolean = () => true) {
  const asked: string[] = []
  const answers: Readonly<Record<string, object>> = {
    '/apis/ipam.example.com': {
      preferredVersion: { version: 'v2' },
      versions: [{ version: 'v2' }, { version: 'v1' }],
    },
    '/apis/ipam.example.com/v2': { resources: [{ kind: 'Other', name: 'others', namespaced: true }] },
    '/apis/ipam.example.com/v1': {
      resources: [
        { kind: 'CorpIPPool', name: 'corppools/status', namespaced: true },
        { kind: 'CorpIPPool', name: 'corppools', namespaced: true },
        { kind: 'GlobalCorpIPPool', name: 'globalcorppools', namespaced: false },
      ],
    },
    '/apis/ipam.example.com/v1/corppools': {
      metadata: { resourceVersion: '7' },
      items: [{ metadata: { namespace: 'clusters', name: 'a', uid: 'a', resourceVersion: '5' } }],
    },
  }
  const connection: Pick<KubernetesConnection, 'request'> = {
    request: async ({ path }: ApiRequest) => {
      asked.push(path)
      const answer = answers[path]
      if (answer !== undefined && isServed()) return answer as never
      throw new KubernetesError(`${path}: not found`, { kind: 'notFound', status: 404 })
    },
  }
  return { asked, connection }
}

describe('the API of a kind of pools', () => {
  it('of the in-cluster provider is known without a request', async () => {
    const { asked, connection } = server()
    expect(await findPoolResource(connection, inClusterPool)).toBe(poolResourceOf(inClusterPool))
    expect(asked).toEqual([])
  })

  it.each([
    ['CorpIPPool.ipam.example.com', 'corppools', true],
    ['GlobalCorpIPPool.ipam.example.com', 'globalcorppools', false],
    ['GlobalCorpIPPool.ipam.example.com/v1', 'globalcorppools', false],
  ])('%s is found with its plural, its scope and its version, once', async (text, plural, namespaced) => {
    const { asked, connection } = server()
    const kind = kindOf(text)
    const found = await findPoolResource(connection, kind)
    expect(found).toMatchObject({ group: 'ipam.example.com', plural, namespaced, versions: ['v1'] })
    const before = asked.length
    expect(await findPoolResource(connection, kind)).toBe(found)
    expect(asked).toHaveLength(before)
  })

  it('is looked for again after it was not served, and says what to do', async () => {
    let isServed = false
    const { connection } = server(() => isServed)
    const kind = kindOf('CorpIPPool.ipam.example.com')
    await expect(findPoolResource(connection, kind)).rejects.toThrow(
      'CorpIPPool.ipam.example.com is not served by this API server: install the IPAM provider that has CorpIPPools, or correct --pool-kinds',
    )
    isServed = true
    expect((await findPoolResource(connection, kind)).plural).toBe('corppools')
  })

  it('is none in another version than the one that is named', async () => {
    const { connection } = server()
    await expect(findPoolResource(connection, kindOf('CorpIPPool.ipam.example.com/v2'))).rejects.toThrow(
      'is not served by this API server in v2',
    )
  })
})

describe('an informer of a kind of pools that is not served', () => {
  it('counts as unreadable, and starts when the kind is there', async () => {
    let isServed = false
    const { connection } = server(() => isServed)
    const stop = new AbortController()
    const delivered: string[] = []
    const logged: string[] = []
    const note = (message: string): void => void logged.push(message)
    const informer = startInformer({
      connection: {
        ...connection,
        open: ({ signal }) =>
          new Promise((_, reject) => {
            signal?.addEventListener('abort', () => reject(new Error('over')))
          }),
        close: async () => undefined,
      },
      resource: kindOf('CorpIPPool.ipam.example.com'),
      handler: {
        onUpsert: ({ name }) => delivered.push(`upsert ${name}`),
        onDelete: () => undefined,
        onListed: () => delivered.push('listed'),
        onUnreadable: () => delivered.push('unreadable'),
      },
      signal: stop.signal,
      log: { debug: () => undefined, info: () => undefined, warn: note, error: note },
      tuning: { backOff: { firstMs: 2, longestMs: 4 } },
    })
    await eventually('some attempts', async () => informer.health().failures > 2 || undefined)
    expect(delivered).toEqual(['unreadable'])
    expect(logged).toHaveLength(1)
    expect(informer.health()).toMatchObject({
      resource: 'CorpIPPool.ipam.example.com',
      synced: false,
      loss: 'CorpIPPools serve no Cluster',
      refusals: [expect.stringContaining('is not served')],
    })
    expect(informer.refusals.has('')).toBe(true)
    isServed = true
    await eventually('the list', async () => delivered.includes('listed') || undefined)
    expect(delivered).toEqual(['unreadable', 'upsert a', 'listed'])
    expect([...informer.objects.values()].map(({ poolKind }) => poolKind.kind)).toEqual(['CorpIPPool'])
    expect(informer.health()).toMatchObject({ resource: 'corppools', synced: true, refusals: [] })
    stop.abort()
    await informer.done
  })

  it('ends before the kind is there', async () => {
    const { connection } = server(() => false)
    const stop = new AbortController()
    const informer = startInformer({
      connection: connection as KubernetesConnection,
      resource: kindOf('CorpIPPool.ipam.example.com'),
      handler: { onUpsert: () => undefined, onDelete: () => undefined },
      signal: stop.signal,
      log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    })
    stop.abort()
    await informer.done
    expect(informer.objects.size).toBe(0)
  })
})

describe('what is lost without a permission', () => {
  it.each([
    ['corppools', 'its pools serve no Cluster'],
    ['inclusterippools', 'InClusterIPPools serve no Cluster'],
    ['clusters', undefined],
  ])('to list %s is: %s', (resource, loss) => {
    expect(lossWithout('list', resource)).toBe(loss)
  })
})
