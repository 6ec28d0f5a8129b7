import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from '@jest/globals'
import { Agent, request } from 'undici'
import type { JsonObject } from '../../src/domain/model/decode.ts'
import {
  claimObject,
  claimPath,
  createClaim,
  createCleanup,
} from '../../test/integration/kubernetes/support.ts'
import { realParts } from '../../test/support/real-parts.ts'
import { startTcpProxy } from '../../test/support/tcp-proxy.ts'
import { openProxyFixture, openSingleWatch, type ProxyFixture, type SingleWatch } from './test-support.ts'

const cleanup = createCleanup()
afterEach(() => cleanup.run())

const openFixture = (options: Parameters<typeof openProxyFixture>[2] = {}): Promise<ProxyFixture> =>
  openProxyFixture(realParts().stack, cleanup, options)

const claims = 'ipaddressclaims'

/** Gets the Namespace through the product's connection; any response is fine. */
function getNamespace({ connection, namespace }: ProxyFixture, signal?: AbortSignal): Promise<JsonObject> {
  return connection.request({
    verb: 'get',
    resource: 'namespaces',
    action: 'get the namespace',
    path: `/api/v1/namespaces/${namespace}`,
    ...(signal !== undefined && { signal }),
  })
}

function createThrough({ api, namespace }: ProxyFixture, name: string): Promise<unknown> {
  return api.createIPAddressClaim(claimObject(namespace, name))
}

/** Names of the claims on the server. */
async function claimsOf({ admin, namespace }: ProxyFixture): Promise<string[]> {
  const list = await admin.api.send<{ items: { metadata: { name: string } }[] }>({
    method: 'GET',
    path: claimPath(namespace),
  })
  return list.items.map((claim) => claim.metadata.name)
}

/** Repeatable random numbers. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
}

describe('a proxy without faults', () => {
  it('passes reads, writes and watches on, each with its user, and writes all of them down', async () => {
    const fixture = await openFixture()
    const { namespace, proxy, api } = fixture
    const began = Date.now()
    const { delivered } = await fixture.watch()
    const claim = await api.createIPAddressClaim(claimObject(namespace, 'a'))
    const labeled = await api.patchIPAddressClaim(claim, { metadata: { labels: { team: 'red' } } })
    await expect(api.getIPAddressClaim(claim)).resolves.toMatchObject({ labels: { team: 'red' } })
    await expect(api.getIPAddressClaim({ namespace, name: 'none' })).resolves.toBeUndefined()
    await api.deleteIPAddressClaim(labeled)
    await delivered.until((line) => line === 'delete a')
    expect(delivered.entries).toEqual(['listed ', 'upsert a', 'upsert a', 'delete a'])
    const about = proxy.requests.filter(({ resource }) => resource === claims)
    expect(about.map(({ verb, name, code }) => `${verb} ${name} ${code}`)).toEqual([
      'list  200',
      'watch  200',
      'create  201',
      'patch a 200',
      'get a 200',
      'get none 404',
      'delete a 200',
    ])
    expect(new Set(about.map((one) => `${one.group} ${one.namespace}`))).toEqual(
      new Set([`ipam.cluster.x-k8s.io ${namespace}`]),
    )
    for (const { at } of about) expect(at).toBeGreaterThanOrEqual(began)
    expect(proxy.count({ verb: ['create', 'patch', 'delete'], resource: claims })).toBe(3)
    expect(proxy.count({ resource: claims, code: 404 })).toBe(1)
    expect(proxy.count()).toBe(proxy.requests.length)
  })

  it('lets no one in whom the server does not know', async () => {
    const { proxy } = await openFixture()
    const answer = await fetch(`${proxy.url}/api/v1/namespaces`)
    expect([answer.status, await answer.json()]).toEqual([
      403,
      expect.objectContaining({ message: expect.stringContaining('system:anonymous') }),
    ])
  })

  it('serves hundreds of requests beside each other', async () => {
    const fixture = await openFixture()
    const dispatcher = new Agent()
    cleanup.after(() => dispatcher.destroy())
    const headers = { authorization: `Bearer ${realParts().stack.token}` }
    const answers = await Promise.all(
      Array.from({ length: 300 }, async () => {
        const url = `${fixture.proxy.url}/api/v1/namespaces/${fixture.namespace}`
        const answer = await request(url, { dispatcher, headers })
        return (await answer.body.json()) as { metadata: { name: string } }
      }),
    )
    expect(new Set(answers.map((answer) => answer.metadata.name))).toEqual(new Set([fixture.namespace]))
    expect(fixture.proxy.count({ resource: 'namespaces', code: 200 })).toBe(300)
  })

  it('closes its own connection when a client has left a watch', async () => {
    const { stack } = realParts()
    const server = await startTcpProxy({ port: Number(new URL(stack.apiServerUrl).port) })
    cleanup.after(() => server.close())
    const { proxy, namespace } = await openFixture({ apiServerUrl: `https://127.0.0.1:${server.port}` })
    const left = new AbortController()
    await fetch(`${proxy.url}${claimPath(namespace)}?watch=true`, {
      headers: { authorization: `Bearer ${stack.token}` },
      signal: left.signal,
    })
    expect(server.open()).toBe(1)
    left.abort()
    await server.whenIdle()
  })

  it('resets what a client has open when the server is gone', async () => {
    const { stack } = realParts()
    const server = await startTcpProxy({ port: Number(new URL(stack.apiServerUrl).port) })
    cleanup.after(() => server.close())
    const fixture = await openFixture({ apiServerUrl: `https://127.0.0.1:${server.port}` })
    const { watch, logged, delivered } = await fixture.watch()
    server.refuse()
    await logged.until(() => true)
    await expect(getNamespace(fixture)).rejects.toMatchObject({ kind: 'unavailable', status: 0 })
    server.resume()
    await createClaim(fixture.admin, fixture.namespace, 'a')
    await delivered.until((line) => line === 'upsert a')
    expect(watch.health()).toMatchObject({ lists: 1 })
  })
})

describe('a request fault', () => {
  it('strikes what matches and nothing else, until it is ended', async () => {
    const fixture = await openFixture()
    const end = fixture.proxy.inject({ kind: 'status', code: 503 }, { verb: 'create', resource: claims })
    await expect(createThrough(fixture, 'a')).rejects.toMatchObject({ status: 503 })
    await expect(getNamespace(fixture)).resolves.toHaveProperty('metadata')
    end()
    await createThrough(fixture, 'a')
    expect(await claimsOf(fixture)).toEqual(['a'])
  })

  it('strikes so many times', async () => {
    const fixture = await openFixture()
    fixture.proxy.inject({ kind: 'status', code: 500 }, {}, { times: 2 })
    await expect(getNamespace(fixture)).rejects.toMatchObject({ status: 500 })
    await expect(getNamespace(fixture)).rejects.toMatchObject({ status: 500 })
    await expect(getNamespace(fixture)).resolves.toHaveProperty('metadata')
  })

  it('strikes with its probability, the same way from the same seed', async () => {
    const fixture = await openFixture()
    const random = randomFrom(1)
    fixture.proxy.inject({ kind: 'status', code: 500 }, {}, { probability: 0.5, random: randomFrom(1) })
    const codes: number[] = []
    for (let count = 0; count < 20; count++) {
      await getNamespace(fixture).catch(() => undefined)
      codes.push(fixture.proxy.requests.at(-1)?.code ?? 0)
    }
    expect(codes).toEqual(codes.map(() => (random() < 0.5 ? 500 : 200)))
    expect(new Set(codes)).toEqual(new Set([200, 500]))
  })

  it('is over, like all others, once the proxy is healed', async () => {
    const fixture = await openFixture()
    fixture.proxy.inject({ kind: 'status', code: 500 })
    fixture.proxy.inject({ kind: 'cut' })
    fixture.proxy.heal()
    await expect(getNamespace(fixture)).resolves.toHaveProperty('metadata')
  })
})

describe('the fault "status"', () => {
  it.each([
    { code: 401, kind: 'unavailable' },
    { code: 403, kind: 'forbidden' },
    { code: 404, kind: 'notFound' },
    { code: 409, kind: 'conflict' },
    { code: 422, kind: 'invalid' },
    { code: 429, kind: 'throttled' },
    { code: 500, kind: 'unavailable' },
    { code: 503, kind: 'unavailable' },
  ])('$code is $kind to the product, and the server hears nothing', async ({ code, kind }) => {
    const fixture = await openFixture()
    const claim = await fixture.api.createIPAddressClaim(claimObject(fixture.namespace, 'a', { team: 'red' }))
    fixture.proxy.inject({ kind: 'status', code, message: 'as you wish' })
    const patch = fixture.api.patchIPAddressClaim(claim, { metadata: { labels: { team: 'blue' } } })
    await expect(patch).rejects.toMatchObject({
      kind,
      status: code,
      message: `patch IPAddressClaim ${fixture.namespace}/a: as you wish`,
    })
    fixture.proxy.heal()
    await expect(fixture.api.getIPAddressClaim(claim)).resolves.toMatchObject({ labels: { team: 'red' } })
  })

  it('429 tells when to come back', async () => {
    const fixture = await openFixture()
    fixture.proxy.inject({ kind: 'status', code: 429, retryAfterSeconds: 7 })
    await expect(getNamespace(fixture)).rejects.toMatchObject({ kind: 'throttled', retryAfterSeconds: 7 })
    const answer = await fetch(`${fixture.proxy.url}/api/v1/namespaces/${fixture.namespace}`)
    expect(answer.headers.get('retry-after')).toBe('7')
    expect(await answer.json()).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'TooManyRequests',
      reason: 'TooManyRequests',
      details: { name: fixture.namespace, kind: 'namespaces', retryAfterSeconds: 7 },
      code: 429,
    })
  })
})

describe('the fault "latency"', () => {
  it('lets a request pass later, and others overtake it', async () => {
    const fixture = await openFixture()
    fixture.proxy.inject({ kind: 'latency', ms: 300 }, { verb: 'create' })
    // Discovery comes before the first write.
    await createThrough(fixture, 'a')
    const began = performance.now()
    const order: string[] = []
    const slow = createThrough(fixture, 'b').then(() => order.push('create'))
    await getNamespace(fixture)
    order.push('get')
    await slow
    expect(order).toEqual(['get', 'create'])
    // Timers have whole milliseconds.
    expect(performance.now() - began).toBeGreaterThanOrEqual(299)
  })

  it('lets go of what waits when it is ended', async () => {
    const fixture = await openFixture()
    const end = fixture.proxy.inject({ kind: 'latency', ms: 3_600_000 })
    const answer = getNamespace(fixture)
    await fixture.proxy.until({ resource: 'namespaces' })
    end()
    await expect(answer).resolves.toHaveProperty('metadata')
  })
})

describe('the faults that cut', () => {
  it('"cut" resets before the server hears', async () => {
    const fixture = await openFixture()
    fixture.proxy.inject({ kind: 'cut' }, { verb: 'create' }, { times: 1 })
    await expect(createThrough(fixture, 'a')).rejects.toMatchObject({ kind: 'unavailable', status: 0 })
    expect(await claimsOf(fixture)).toEqual([])
    expect(fixture.proxy.count({ verb: 'create', code: 0 })).toBe(1)
    await createThrough(fixture, 'a')
    expect(await claimsOf(fixture)).toEqual(['a'])
  })

  it('"cut-after" resets after the server has done it, and the writer does not know', async () => {
    const fixture = await openFixture()
    fixture.proxy.inject({ kind: 'cut-after' }, { verb: 'create' }, { times: 1 })
    await expect(createThrough(fixture, 'a')).rejects.toMatchObject({ kind: 'unavailable', status: 0 })
    expect(await claimsOf(fixture)).toEqual(['a'])
    expect(fixture.proxy.count({ verb: 'create', code: 0 })).toBe(1)
    await expect(createThrough(fixture, 'a')).rejects.toMatchObject({ kind: 'alreadyExists' })
  })

  it('cut() resets what is open now, and no more', async () => {
    const fixture = await openFixture()
    const { delivered, logged, watch } = await fixture.watch()
    fixture.proxy.cut()
    await logged.until(() => true)
    await createClaim(fixture.admin, fixture.namespace, 'a')
    await delivered.until((line) => line === 'upsert a')
    expect(watch.health()).toMatchObject({ lists: 1, failures: 1 })
  })
})

describe('the fault "hang"', () => {
  it('leaves requests without an answer and keeps them from the server, until it is over', async () => {
    const fixture = await openFixture({ timeoutMs: 500 })
    await createThrough(fixture, 'a')
    fixture.proxy.inject({ kind: 'hang' })
    await expect(createThrough(fixture, 'b')).rejects.toMatchObject({
      kind: 'unavailable',
      message: `create IPAddressClaim ${fixture.namespace}/b: no response within 0.5 s`,
    })
    fixture.proxy.heal()
    await createThrough(fixture, 'c')
    expect(await claimsOf(fixture)).toEqual(['a', 'c'])
  })

  it('strikes requests that are under way', async () => {
    const fixture = await openFixture({ timeoutMs: 500 })
    await createThrough(fixture, 'a')
    const struck = fixture.proxy.atWrite(1, 'after', () => {
      fixture.proxy.inject({ kind: 'hang' }, {}, { times: 1 })
    })
    await expect(createThrough(fixture, 'b')).rejects.toThrow('no response within 0.5 s')
    await struck
    expect(await claimsOf(fixture)).toEqual(['a', 'b'])
  })

  it('leaves open watches dead, also when it is over', async () => {
    const fixture = await openFixture()
    const dead = await openWatch(fixture)
    fixture.proxy.inject({ kind: 'hang' }, { verb: 'watch' })()
    const { delivered } = await fixture.watch()
    await createClaim(fixture.admin, fixture.namespace, 'a')
    await delivered.until((line) => line === 'upsert a')
    fixture.proxy.inject({ kind: 'end-watches' })()
    await fixture.proxy.until({ verb: 'watch', code: 200 }, 3)
    fixture.proxy.cut()
    await expect(dead.end).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(dead.events.entries).toEqual([])
  })

  it('can be noticed by a watch only by the silence', async () => {
    const fixture = await openFixture()
    const { delivered, watch } = await fixture.watch({ silenceMs: 300 })
    fixture.proxy.inject({ kind: 'hang' }, { verb: 'watch' }, { times: 1 })
    await createClaim(fixture.admin, fixture.namespace, 'a')
    await delivered.until((line) => line === 'upsert a')
    expect(watch.health()).toMatchObject({ lists: 1, failures: 0 })
    expect(fixture.proxy.count({ verb: 'watch' })).toBeGreaterThan(1)
  })
})

describe('the fault "expire"', () => {
  it('ends an open watch by a 410, so that its reader lists again', async () => {
    const fixture = await openFixture()
    const { delivered, watch, logged } = await fixture.watch()
    await createClaim(fixture.admin, fixture.namespace, 'a')
    await delivered.until((line) => line === 'upsert a')
    fixture.proxy.inject({ kind: 'expire' }, { verb: 'watch', resource: claims }, { times: 1 })
    await delivered.until((line) => line === 'listed a')
    expect(watch.health()).toMatchObject({ lists: 2, expired: 1, drift: 0 })
    expect(logged.entries[0]?.[0]).toBe('watch ipaddressclaims: too old resource version: 1 (2)')
    await createClaim(fixture.admin, fixture.namespace, 'b')
    await delivered.until((line) => line === 'upsert b')
  })

  it('ends a new watch as well', async () => {
    const fixture = await openFixture()
    fixture.proxy.inject({ kind: 'expire' }, {}, { times: 1 })
    const { delivered, watch } = await fixture.watch()
    await fixture.proxy.until({ verb: 'watch', code: 200 }, 2)
    expect(delivered.entries).toEqual(['listed ', 'listed '])
    expect(watch.health()).toMatchObject({ lists: 2, expired: 1 })
  })

  it('is an ERROR event with a Status on the wire, and then the end', async () => {
    const fixture = await openFixture()
    const open = await openWatch(fixture)
    fixture.proxy.inject({ kind: 'expire' })
    await open.end
    expect(open.events.entries).toEqual([
      {
        type: 'ERROR',
        object: expect.objectContaining({ kind: 'Status', code: 410, reason: 'Expired' }),
      },
    ])
  })
})

describe('the fault "end-watches"', () => {
  it('ends open watches in order, so that their readers go on from where they were', async () => {
    const fixture = await openFixture()
    const { delivered, watch } = await fixture.watch()
    fixture.proxy.inject({ kind: 'end-watches' })()
    await fixture.proxy.until({ verb: 'watch', code: 200 }, 2)
    await createClaim(fixture.admin, fixture.namespace, 'a')
    await delivered.until((line) => line === 'upsert a')
    expect(delivered.entries).toEqual(['listed ', 'upsert a'])
    expect(watch.health()).toMatchObject({ lists: 1, failures: 0, expired: 0 })
  })
})

describe('the fault "silence"', () => {
  it('lets watches, open and new, hear nothing', async () => {
    const fixture = await openFixture()
    const { delivered, watch } = await fixture.watch({ silenceMs: 300 })
    fixture.proxy.inject({ kind: 'silence' })
    await createClaim(fixture.admin, fixture.namespace, 'a')
    await fixture.proxy.until({ verb: 'watch', code: 200 }, 3)
    expect(delivered.entries).toEqual(['listed '])
    fixture.proxy.heal()
    await delivered.until((line) => line === 'upsert a')
    expect(watch.health()).toMatchObject({ lists: 1, failures: 0 })
  })

  it('holds back, in order, what a watch hears when it is over', async () => {
    const fixture = await openFixture()
    const held = await openWatch(fixture)
    const { delivered } = await fixture.watch()
    const endOne = fixture.proxy.inject({ kind: 'silence' }, {}, { times: 1 })
    await createClaim(fixture.admin, fixture.namespace, 'a')
    await createClaim(fixture.admin, fixture.namespace, 'b')
    await delivered.until((line) => line === 'upsert b')
    const endOther = fixture.proxy.inject({ kind: 'silence' }, {}, { times: 1 })
    fixture.proxy.inject({ kind: 'end-watches' })()
    endOne()
    await fixture.proxy.until({ verb: 'watch', code: 200 }, 3)
    expect(held.events.entries).toEqual([])
    endOther()
    await held.end
    expect(held.names()).toEqual(['a', 'b'])
  })
})

describe('the fault "lose-events"', () => {
  it('never tells an event, and tells all that follow', async () => {
    const fixture = await openFixture()
    const { delivered, watch } = await fixture.watch()
    fixture.proxy.inject({ kind: 'lose-events' }, { resource: claims }, { times: 1 })
    await createClaim(fixture.admin, fixture.namespace, 'a')
    await createClaim(fixture.admin, fixture.namespace, 'b')
    await delivered.until((line) => line === 'upsert b')
    expect(delivered.entries).toEqual(['listed ', 'upsert b'])
    expect(watch.health()).toMatchObject({ lists: 1, failures: 0 })
  })

  it('loses events with its probability, each on its own', async () => {
    const fixture = await openFixture()
    const { delivered } = await fixture.watch()
    const draws = [0.1, 0.9, 0.6, 0.2, 0.4, 0.7]
    const random = (): number => draws.shift() ?? 1
    fixture.proxy.inject({ kind: 'lose-events' }, {}, { probability: 0.5, random })
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f'])
      await createClaim(fixture.admin, fixture.namespace, name)
    await delivered.until((line) => line === 'upsert f')
    expect(delivered.entries).toEqual(['listed ', 'upsert b', 'upsert c', 'upsert f'])
  })

  it('lets bookmarks pass, so that not even a new watch tells what was lost', async () => {
    const fixture = await openFixture()
    const { delivered, sent, watch } = await fixture.watch({ watchMs: 2_000 })
    fixture.proxy.inject({ kind: 'lose-events' })
    await createClaim(fixture.admin, fixture.namespace, 'a')
    const positions = (): (string | undefined)[] =>
      sent.entries.filter(({ verb }) => verb === 'watch').map(({ query }) => query?.['resourceVersion'])
    await sent.until(({ query }) => Number(query?.['resourceVersion'] ?? 0) > Number(positions()[0]))
    fixture.proxy.heal()
    await createClaim(fixture.admin, fixture.namespace, 'b')
    await delivered.until((line) => line === 'upsert b')
    expect(delivered.entries).toEqual(['listed ', 'upsert b'])
    expect(watch.health()).toMatchObject({ lists: 1 })
  })
})

describe('the fault "lag"', () => {
  it('tells events later, in order', async () => {
    const fixture = await openFixture()
    const { delivered } = await fixture.watch()
    fixture.proxy.inject({ kind: 'lag', ms: 500 }, {}, { times: 2 })
    const began = performance.now()
    for (const name of ['a', 'b', 'c']) await createClaim(fixture.admin, fixture.namespace, name)
    await delivered.until((line) => line === 'upsert a')
    // Timers have whole milliseconds.
    expect(performance.now() - began).toBeGreaterThanOrEqual(499)
    await delivered.until((line) => line === 'upsert c')
    expect(delivered.entries).toEqual(['listed ', 'upsert a', 'upsert b', 'upsert c'])
  })

  it('tells at once what is late when it is ended', async () => {
    const fixture = await openFixture()
    const [one, other] = [await openWatch(fixture), await openWatch(fixture)]
    const end = fixture.proxy.inject({ kind: 'lag', ms: 3_600_000 }, {}, { times: 1 })
    await createClaim(fixture.admin, fixture.namespace, 'a')
    await Promise.race([one.events.until(() => true), other.events.until(() => true)])
    expect([...one.names(), ...other.names()]).toEqual(['a'])
    end()
    await Promise.all([one.events.until(() => true), other.events.until(() => true)])
  })
})

describe('an action at a write', () => {
  it('runs before the server hears of the n-th write, which waits for it', async () => {
    const fixture = await openFixture()
    const seen: string[][] = []
    const struck = fixture.proxy.atWrite(2, 'before', async () => {
      seen.push(await claimsOf(fixture))
    })
    await createThrough(fixture, 'a')
    expect(seen).toEqual([])
    await createThrough(fixture, 'b')
    expect(seen).toEqual([['a']])
    await expect(struck).resolves.toMatchObject({ verb: 'create', resource: claims })
    expect(await claimsOf(fixture)).toEqual(['a', 'b'])
  })

  it('runs after the server has done the n-th write, before the client hears', async () => {
    const fixture = await openFixture()
    const seen: unknown[] = []
    void fixture.proxy.atWrite(1, 'after', async () => {
      seen.push(await claimsOf(fixture), fixture.proxy.count({ verb: 'create', code: 201 }))
    })
    await createThrough(fixture, 'a')
    expect(seen).toEqual([['a'], 0])
  })

  it('counts the writes that faults let through', async () => {
    const fixture = await openFixture()
    fixture.proxy.inject({ kind: 'status', code: 503 }, { verb: 'create' }, { times: 1 })
    const struck = fixture.proxy.atWrite(1, 'before', () => undefined)
    await expect(createThrough(fixture, 'a')).rejects.toMatchObject({ status: 503 })
    const claim = await createClaim(fixture.admin, fixture.namespace, 'b')
    expect(claim).toHaveProperty('metadata')
    await fixture.api.patchIPAddressClaim({ namespace: fixture.namespace, name: 'b' }, {})
    await expect(struck).resolves.toMatchObject({ verb: 'patch', name: 'b' })
  })

  it('counts only the writes that match, where it is told which', async () => {
    const fixture = await openFixture()
    const seen: string[][] = []
    const struck = fixture.proxy.atWrite(
      2,
      'before',
      async () => {
        seen.push(await claimsOf(fixture))
      },
      { verb: 'create', resource: claims },
    )
    await createThrough(fixture, 'a')
    await fixture.api.patchIPAddressClaim({ namespace: fixture.namespace, name: 'a' }, {})
    expect(seen).toEqual([])
    await createThrough(fixture, 'b')
    expect(seen).toEqual([['a']])
    await expect(struck).resolves.toMatchObject({ verb: 'create', name: '' })
  })

  it('that fails says so, and lets the write pass', async () => {
    const fixture = await openFixture()
    const struck = fixture.proxy.atWrite(1, 'before', () => Promise.reject(new Error('no such process')))
    const [failed] = await Promise.allSettled([struck, createThrough(fixture, 'a')])
    expect(failed).toEqual({ status: 'rejected', reason: new Error('no such process') })
    expect(await claimsOf(fixture)).toEqual(['a'])
  })

  it('keeps a write from the server whose client leaves meanwhile', async () => {
    const fixture = await openFixture()
    // Opens a connection to the server, so that the write could arrive at once.
    await createThrough(fixture, 'earlier')
    const left = new AbortController()
    const struck = fixture.proxy.atWrite(1, 'before', () => left.abort())
    const write = { ...writeOf(fixture.namespace, 'a'), signal: left.signal }
    await expect(fetch(fixture.proxy.url + claimPath(fixture.namespace), write)).rejects.toThrow('aborted')
    await struck
    await createThrough(fixture, 'b')
    expect(await claimsOf(fixture)).toEqual(['b', 'earlier'])
  })

  it('is withdrawn when the proxy is healed', async () => {
    const fixture = await openFixture()
    let ran = false
    const struck = fixture.proxy.atWrite(1, 'before', () => {
      ran = true
    })
    fixture.proxy.heal()
    await expect(struck).resolves.toBeUndefined()
    await createThrough(fixture, 'a')
    expect(ran).toBe(false)
  })

  it.each([
    { moment: 'before', written: [] },
    { moment: 'after', written: ['a'] },
  ] as const)('can kill the writer $moment it, and the server then has $written', async (given) => {
    const fixture = await openFixture()
    await createThrough(fixture, 'earlier')
    const writer = startWriter(fixture, 'a')
    const dead = once(writer, 'exit')
    await fixture.proxy.atWrite(1, given.moment, async () => {
      writer.kill('SIGKILL')
      await dead
    })
    expect(await dead).toEqual([null, 'SIGKILL'])
    await createThrough(fixture, 'b')
    expect(await claimsOf(fixture)).toEqual([...given.written, 'b', 'earlier'])
    expect(fixture.proxy.count({ verb: 'create', code: 0 })).toBe(1)
  })
})

function openWatch({ proxy, namespace }: ProxyFixture): Promise<SingleWatch> {
  return openSingleWatch(`${proxy.url}${claimPath(namespace)}?watch=true`, realParts().stack.token, cleanup)
}

/** A process that creates one claim. */
function startWriter({ proxy, namespace }: ProxyFixture, name: string): ReturnType<typeof spawn> {
  const [url, write] = [proxy.url + claimPath(namespace), writeOf(namespace, name)]
  const program = `await fetch(${JSON.stringify(url)}, ${JSON.stringify(write)})`
  const writer = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: 'ignore' })
  cleanup.after(() => writer.kill('SIGKILL'))
  return writer
}

/** The request to create one claim, for `fetch`. */
function writeOf(namespace: string, name: string) {
  return {
    method: 'POST',
    headers: { authorization: `Bearer ${realParts().stack.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(claimObject(namespace, name)),
  }
}
