import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { ApiRequest } from '../../../src/kubernetes/transport/api-request.ts'
import type { KubernetesConnection } from '../../../src/kubernetes/transport/connection.ts'
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts'
import { installDefinition, startBareApiServer, type BareApiServer } from './bare-api-server.ts'
import {
  adminOf,
  claimPath,
  connectAs,
  createClaim,
  createCleanup,
  portOf,
  uniqueName,
  type Admin,
} from './support.ts'
import { isList, isWatch, watchClaims } from './watched.ts'

let server: BareApiServer
let admin: Admin
beforeAll(async () => {
  server = await startBareApiServer()
  admin = adminOf(server)
  await installDefinition(admin.api, 'ipaddressclaims.ipam.cluster.x-k8s.io')
})
afterAll(async () => {
  await admin.close()
  await server.stop()
})

const cleanup = createCleanup()
afterEach(() => cleanup.run())

let proxy: TcpProxy
let connection: KubernetesConnection
let namespace: string
beforeEach(async () => {
  proxy = await startTcpProxy({ port: portOf(server) })
  cleanup.after(() => proxy.close())
  connection = connectAs(server, { port: proxy.port })
  cleanup.after(() => connection.close())
  namespace = uniqueName('expiry')
  await admin.create('/api/v1/namespaces', { metadata: { name: namespace } })
})

/** Calls `then` once, after the first answer to a request that fulfills the predicate. */
function afterFirst(
  predicate: (request: ApiRequest) => boolean,
  then: () => Promise<void>,
): KubernetesConnection {
  let isDone = false
  return {
    ...connection,
    request: async (request) => {
      const answer = await connection.request(request)
      if (!isDone && predicate(request)) {
        isDone = true
        await then()
      }
      return answer
    },
  }
}

describe('a watch from a moment that etcd has forgotten', () => {
  it('relists, and delivers what was missed: deletions, changes, new and recreated objects', async () => {
    for (const name of ['same', 'changed', 'gone', 'replaced']) await createClaim(admin, namespace, name)
    const { watch, delivered, sent, stop } = watchClaims({ connection, namespaces: [namespace] })
    cleanup.after(stop)
    await sent.until(isWatch)
    const before = delivered.entries.length
    proxy.refuse()
    await admin.remove(claimPath(namespace, 'gone'))
    await admin.remove(claimPath(namespace, 'replaced'))
    await admin.patch(claimPath(namespace, 'changed'), { metadata: { labels: { team: 'red' } } })
    await createClaim(admin, namespace, 'replaced')
    await createClaim(admin, namespace, 'new')
    await server.compact()
    proxy.resume()
    await delivered.until((line) => line === 'listed changed,new,replaced,same')
    const missed = delivered.entries.slice(before, -1)
    expect(missed.toSorted()).toEqual([
      'delete gone',
      'delete replaced',
      'upsert changed',
      'upsert new',
      'upsert replaced',
    ])
    expect(missed.indexOf('delete replaced')).toBeLessThan(missed.indexOf('upsert replaced'))
    expect(watch.health()).toMatchObject({ expired: 1, lists: 2, drift: 4 })
  })

  it('goes on watching after that', async () => {
    const { delivered, sent, stop } = watchClaims({ connection, namespaces: [namespace] })
    cleanup.after(stop)
    await sent.until(isWatch)
    proxy.refuse()
    // The event after the last position would still be available.
    await createClaim(admin, namespace, 'a')
    await createClaim(admin, namespace, 'b')
    await server.compact()
    proxy.resume()
    await delivered.until((line) => line === 'listed a,b')
    await createClaim(admin, namespace, 'c')
    await expect(delivered.until((line) => line === 'upsert c')).resolves.toBeDefined()
  })
})

describe('a list whose next page etcd has forgotten', () => {
  it('starts again, and delivers every object once', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await createClaim(admin, namespace, name)
    const forgetful = afterFirst(isList, async () => {
      await createClaim(admin, namespace, 'e')
      await server.compact()
    })
    const { watch, delivered, sent, stop } = watchClaims({
      connection: forgetful,
      namespaces: [namespace],
      tuning: { pageSize: 2 },
    })
    cleanup.after(stop)
    await delivered.until((line) => line === 'listed a,b,c,d,e')
    expect(delivered.entries.slice(0, -1)).toEqual([
      'upsert a',
      'upsert b',
      'upsert c',
      'upsert d',
      'upsert e',
    ])
    expect(watch.health()).toMatchObject({ expired: 1, lists: 1 })
    expect(sent.entries.filter(isList)).toHaveLength(5)
  })
})
