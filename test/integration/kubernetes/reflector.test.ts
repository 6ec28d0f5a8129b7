import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { ApiRequest } from '../../../src/kubernetes/transport/api-request.ts'
import type { KubernetesConnection } from '../../../src/kubernetes/transport/connection.ts'
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts'
import {
  adminOf,
  claimPath,
  connectAs,
  connection as serverAccess,
  createClaim,
  createCleanup,
  createJournal,
  portOf,
  type Admin,
} from './support.ts'
import { isList, isWatch, recording, watchClaims, type WatchedClaims } from './watched.ts'

const cleanup = createCleanup()
afterEach(() => cleanup.run())

let admin: Admin
let proxy: TcpProxy
let connection: KubernetesConnection
let namespace: string

beforeEach(async () => {
  admin = adminOf(serverAccess())
  cleanup.after(() => admin.close())
  namespace = await admin.namespace()
  proxy = await startTcpProxy({ port: portOf(serverAccess()) })
  cleanup.after(() => proxy.close())
  connection = connectAs(serverAccess(), { port: proxy.port, timeoutMs: 2_000 })
  cleanup.after(() => connection.close())
})

/** A watch of the test's namespace, through the proxy, that ends with the test. */
function watched(options: Partial<Parameters<typeof watchClaims>[0]> = {}): WatchedClaims {
  const claims = watchClaims({ connection, namespaces: [namespace], ...options })
  cleanup.after(() => claims.stop())
  return claims
}

async function relabel(name: string, labels: Record<string, string>): Promise<void> {
  await admin.patch(claimPath(namespace, name), { metadata: { labels } })
}

describe('a watch', () => {
  it('delivers every object, then the full list, then every change', async () => {
    await createClaim(admin, namespace, 'a')
    const { watch, delivered, sent } = watched()
    await sent.until(isWatch)
    expect(delivered.entries).toEqual(['upsert a', 'listed a'])
    await createClaim(admin, namespace, 'b')
    await relabel('b', { team: 'red' })
    await admin.remove(claimPath(namespace, 'a'))
    await delivered.until((line) => line === 'delete a')
    expect(delivered.entries.slice(2)).toEqual(['upsert b', 'upsert b', 'delete a'])
    expect([...watch.objects.keys()]).toEqual([`${namespace}/b`])
    expect(watch.objects.get(`${namespace}/b`)?.labels).toEqual({ team: 'red' })
    expect(watch.health()).toMatchObject({
      synced: true,
      lists: 1,
      failures: 0,
      drift: 0,
      lastError: undefined,
    })
  })

  it('freezes its objects', async () => {
    await createClaim(admin, namespace, 'a', { team: 'red' })
    const { watch, delivered } = watched()
    await delivered.until((line) => line === 'listed a')
    const kept = watch.objects.get(`${namespace}/a`)
    expect(() => Object.assign(kept?.labels ?? {}, { team: 'blue' })).toThrow(TypeError)
  })

  it('reads lists page by page', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await createClaim(admin, namespace, name)
    const { delivered, sent } = watched({ tuning: { pageSize: 2 } })
    await delivered.until((line) => line === 'listed a,b,c,d,e')
    const pages = sent.entries.filter(isList).map((request) => request.query)
    expect(pages.map((query) => query?.['limit'])).toEqual(['2', '2', '2'])
    expect(pages.map((query) => query?.['continue'] !== undefined)).toEqual([false, true, true])
  })

  it('delivers the objects that a label selects, and one that is no longer selected as deleted', async () => {
    await createClaim(admin, namespace, 'ours', { team: 'red' })
    await createClaim(admin, namespace, 'theirs', { team: 'blue' })
    const { delivered, sent } = watched({ labelSelector: 'team=red' })
    await sent.until(isWatch)
    await relabel('theirs', { team: 'green' })
    await relabel('ours', { team: 'blue' })
    await delivered.until((line) => line === 'delete ours')
    expect(delivered.entries).toEqual(['upsert ours', 'listed ours', 'delete ours'])
  })

  it('watches several namespaces and no other, and has the full list when it has all of them', async () => {
    const [second, third] = [await admin.namespace(), await admin.namespace()]
    await createClaim(admin, namespace, 'a')
    await createClaim(admin, second, 'b')
    await createClaim(admin, third, 'elsewhere')
    const { watch, delivered } = watched({ namespaces: [namespace, second, namespace] })
    await delivered.until((line) => line === 'listed a,b')
    expect(delivered.entries.filter((line) => line.startsWith('listed'))).toEqual(['listed a,b'])
    expect(watch.health()).toMatchObject({ synced: true, lists: 2 })
  })

  it('watches all namespaces if none is named', async () => {
    await createClaim(admin, namespace, 'everywhere-a')
    await createClaim(admin, await admin.namespace(), 'everywhere-b')
    const { delivered } = watched({ namespaces: [] })
    await expect(delivered.until((line) => line === 'upsert everywhere-a')).resolves.toBeDefined()
    await expect(delivered.until((line) => line === 'upsert everywhere-b')).resolves.toBeDefined()
  })

  it('resumes from the bookmark with which the server ends a watch regularly', async () => {
    const { watch, delivered, sent } = watched({ tuning: { watchMs: 2_000 } })
    const first = await sent.until(isWatch)
    await createClaim(admin, await admin.namespace(), 'moves-the-server-on')
    const positionOf = (request: ApiRequest): number => Number(request.query?.['resourceVersion'])
    await sent.until((request) => isWatch(request) && positionOf(request) > positionOf(first))
    expect(delivered.entries).toEqual(['listed '])
    expect(watch.health()).toMatchObject({ lists: 1, failures: 0 })
  })

  it('that is silent is opened again from its position, without a failure', async () => {
    const { watch, delivered, sent } = watched({ tuning: { silenceMs: 300 } })
    const first = await sent.until(isWatch)
    const second = await sent.until((request) => isWatch(request) && request !== first)
    expect(second.query?.['resourceVersion']).toBe(first.query?.['resourceVersion'])
    await createClaim(admin, namespace, 'a')
    await delivered.until((line) => line === 'upsert a')
    expect(watch.health()).toMatchObject({ lists: 1, failures: 0, lastError: undefined })
  })
})

describe('a watch on a bad network', () => {
  it('that is cut off resumes from its position, and delivers what happened meanwhile', async () => {
    await createClaim(admin, namespace, 'a')
    const { watch, delivered, logged } = watched()
    await delivered.until((line) => line === 'listed a')
    await proxy.whenAccepted(2)
    proxy.refuse()
    await logged.until(() => true)
    await admin.remove(claimPath(namespace, 'a'))
    await createClaim(admin, namespace, 'b')
    proxy.resume()
    await delivered.until((line) => line === 'upsert b')
    expect(delivered.entries).toEqual(['upsert a', 'listed a', 'delete a', 'upsert b'])
    expect(watch.health()).toMatchObject({ lists: 1, lastError: undefined })
    expect(watch.health().failures).toBeGreaterThan(0)
  })

  it('that swallows everything is noticed, and left for a new connection', async () => {
    const { delivered, sent } = watched({ tuning: { silenceMs: 300 } })
    await sent.until(isWatch)
    await proxy.whenAccepted(2)
    proxy.swallow()
    await createClaim(admin, namespace, 'a')
    proxy.resume()
    await delivered.until((line) => line === 'upsert a')
    expect(delivered.entries).toEqual(['listed ', 'upsert a'])
  })

  it('waits for a server that is away at the start, and reports that', async () => {
    proxy.refuse()
    const { watch, delivered, logged } = watched()
    await logged.until(() => true)
    expect(watch.health()).toMatchObject({ synced: false, lastListAt: undefined, lists: 0 })
    expect(watch.health().lastError).toContain('get the kinds of ipam.cluster.x-k8s.io/v1beta2: ')
    await createClaim(admin, namespace, 'a')
    proxy.resume()
    await delivered.until((line) => line === 'listed a')
    expect(watch.health()).toMatchObject({ synced: true, lists: 1 })
  })

  it('warns once of a failure that goes on', async () => {
    proxy.refuse()
    const { logged } = watched()
    await proxy.whenAccepted(4)
    expect(logged.entries).toHaveLength(1)
  })
})

describe('a watch whose handler fails', () => {
  it('delivers the object again with the next list, and all others as usual', async () => {
    let isBroken = true
    const failOn = (line: string): boolean => isBroken && line === 'upsert a'
    const { watch, delivered, sent, logged } = watched({
      failOn,
      tuning: { relistMs: 1_000, random: () => 0 },
    })
    await sent.until(isWatch)
    await createClaim(admin, namespace, 'a')
    await createClaim(admin, namespace, 'b')
    await delivered.until((line) => line === 'upsert b')
    expect([...watch.objects.keys()]).toEqual([`${namespace}/b`])
    isBroken = false
    await delivered.until((line) => line === 'upsert a')
    expect(logged.entries[0]).toEqual([
      'A watch handler failed; the next list delivers the change again',
      { object: `${namespace}/a`, error: 'Error: cannot take upsert a' },
    ])
    expect(watch.health()).toMatchObject({ failures: 0, drift: 1 })
  })

  it('continues if the handler fails on a list', async () => {
    const { watch, delivered, sent } = watched({ failOn: (line) => line.startsWith('listed') })
    await sent.until(isWatch)
    await createClaim(admin, namespace, 'a')
    await delivered.until((line) => line === 'upsert a')
    expect(watch.health()).toMatchObject({ synced: true, failures: 0 })
  })
})

describe('a watch that is stopped', () => {
  it('ends at once while it watches, leaves no connection, and delivers nothing more', async () => {
    const { watch, delivered, sent, stop } = watched()
    await sent.until(isWatch)
    await stop()
    await createClaim(admin, namespace, 'late')
    await connection.close()
    await proxy.whenIdle()
    expect(delivered.entries).toEqual(['listed '])
    expect(watch.health().failures).toBe(0)
  })

  it('before it has started sends nothing', async () => {
    const { sent, delivered, watch } = watched({ signal: AbortSignal.abort() })
    await watch.done
    expect([sent.entries, delivered.entries]).toEqual([[], []])
  })

  it.each(['get', 'list'])(
    'ends while its first %s is under way, and delivers nothing of it',
    async (verb) => {
      const patient = connectAs(serverAccess(), { port: proxy.port, timeoutMs: 3_600_000 })
      cleanup.after(() => patient.close())
      // On a connection that is open already an answer is waited for much longer than for a new connection.
      const version = {
        verb: 'get',
        resource: 'version',
        action: 'get the version',
        path: '/version',
      } as const
      await Promise.all(Array.from({ length: 8 }, () => patient.request(version)))
      const sent = createJournal<ApiRequest>()
      const { delivered, stop } = watched({ connection: recording(patient, sent) })
      await sent.until((request) => request.verb === verb)
      proxy.swallow()
      await stop()
      proxy.refuse()
      expect(delivered.entries).toEqual([])
    },
  )

  it('ends while its watch is being opened', async () => {
    const { delivered, sent, stop } = watched({ tuning: { pageSize: 500 } })
    await delivered.until((line) => line === 'listed ')
    proxy.swallow()
    await sent.until(isWatch)
    await stop()
    expect(sent.entries.filter(isWatch)).toHaveLength(1)
  })

  it('ends while it waits after a failure', async () => {
    proxy.refuse()
    const { logged, stop } = watched({ tuning: { backOff: { firstMs: 3_600_000, longestMs: 3_600_000 } } })
    await logged.until(() => true)
    await expect(stop()).resolves.toBeUndefined()
  })
})
