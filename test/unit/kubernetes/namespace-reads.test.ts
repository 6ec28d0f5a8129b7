import { describe, expect, it } from '@jest/globals'
import type { JsonObject } from '../../../src/domain/model/decode.ts'
import { poolsIn } from '../../../src/domain/allocation/snapshot.ts'
import { createLiveClusterApi } from '../../../src/kubernetes/live-cluster-api.ts'
import { readSnapshot } from '../../../src/kubernetes/read-snapshot.ts'
import { clusterObject } from '../../support/builders.ts'
import { scriptServer, type ScriptedServer } from './cache/scripted-server.ts'

function object(namespace: string, name: string, more: JsonObject = {}): JsonObject {
  return { metadata: { namespace, name, uid: `uid-of-${name}`, resourceVersion: '90', ...more } }
}

const selector = { annotations: { 'vip.capi.gorizond.io/namespace-selector': 'team=blue' } }

/** @param pool metadata of a global pool, beside the pools of `blue` */
function serverOf(pool: JsonObject, ...refused: readonly string[]): ScriptedServer {
  const server = scriptServer()
  server.list('clusters', 100, [{ ...clusterObject({ namespace: 'blue' }) }])
  server.list('inclusterippools', 100, [object('blue', 'own')])
  server.list('globalinclusterippools', 100, [object('', 'global', pool)])
  server.list('namespaces', 100, [
    object('', 'blue', { labels: { team: 'blue' } }),
    object('', 'red', { labels: { team: 'red' } }),
  ])
  server.refuse(...refused)
  return server
}

const ofNamespaces = ({ asked }: ScriptedServer): readonly string[] =>
  asked.filter((request) => request.includes('namespaces'))

describe('the pools that a namespace can use', () => {
  const selected = async (server: ScriptedServer, namespace: string): Promise<readonly unknown[]> =>
    (await createLiveClusterApi(server.connection).listIPPools(namespace)).map(
      ({ name, selectsNamespace }) => [name, selectsNamespace],
    )

  it('cost no request more while none selects by labels', async () => {
    for (const pool of [{}, { annotations: { 'vip.capi.gorizond.io/namespace-selector': 'x y' } }]) {
      const server = serverOf(pool)
      await selected(server, 'blue')
      expect(ofNamespaces(server)).toEqual([])
    }
  })

  it('cost one read of the Namespace if one selects by its labels', async () => {
    const server = serverOf(selector)
    expect(await selected(server, 'blue')).toEqual([
      ['own', undefined],
      ['global', true],
    ])
    expect(ofNamespaces(server)).toEqual(['get namespaces in blue'])
    expect(await selected(server, 'red')).toEqual([['global', false]])
  })

  it.each([
    ['may not be read', 'blue', 'get namespaces'],
    ['does not exist', 'unknown', 'nothing'],
  ])('are unknown as far as they select a Namespace that %s', async (_, namespace, refused) => {
    const pools = await selected(serverOf(selector, refused), namespace)
    expect(pools.at(-1)).toEqual(['global', undefined])
  })
})

describe('a snapshot', () => {
  const namespacesIn = async (server: ScriptedServer, served: readonly string[] = []) => {
    const snapshot = await readSnapshot(server.connection, served)
    expect(poolsIn(snapshot)).not.toEqual([])
    return [...snapshot.namespaces.keys()]
  }

  it('has the Namespaces only if a pool selects by their labels', async () => {
    const server = serverOf({})
    expect(await namespacesIn(server)).toEqual([])
    expect(ofNamespaces(server)).toEqual([])
    expect(await namespacesIn(serverOf(selector))).toEqual(['/blue', '/red'])
  })

  it('has those that are served, and those of Clusters, where no list is permitted', async () => {
    expect(await namespacesIn(serverOf(selector, 'list namespaces'))).toEqual(['/blue'])
    expect(await namespacesIn(serverOf(selector, 'list namespaces'), ['red', 'blue'])).toEqual([
      '/red',
      '/blue',
    ])
    const refused = ['list namespaces', 'get namespaces in red']
    expect(await namespacesIn(serverOf(selector, ...refused), ['red', 'blue'])).toEqual(['/blue'])
  })

  it('has none where nothing is permitted', async () => {
    expect(await namespacesIn(serverOf(selector, 'list namespaces', 'get namespaces'))).toEqual([])
  })
})
