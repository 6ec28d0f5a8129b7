import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  connectTo,
  type ConnectionOptions,
  type KubernetesConnection,
  type RequestOutcome,
} from '../../../src/kubernetes/transport/connection.ts'
import { kubeConfigOf } from '../../../src/kubernetes/transport/kube-config-fields.ts'
import type { LogFields } from '../../../src/observability/log.ts'
import { eventually } from '../../support/eventually.ts'
import { makeAuthority } from '../../support/make-certificates.ts'
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts'
import { connectAs, connection as serverAccess, createCleanup, createJournal, portOf } from './support.ts'

const cleanup = createCleanup()
afterEach(() => cleanup.run())

const namespaces = {
  verb: 'list',
  resource: 'namespaces',
  action: 'list namespaces',
  path: '/api/v1/namespaces',
} as const

let proxy: TcpProxy
beforeEach(async () => {
  proxy = await startTcpProxy({ port: portOf(serverAccess()) })
  cleanup.after(() => proxy.close())
})

function connected(options: Parameters<typeof connectAs>[1] = {}): KubernetesConnection {
  const connection = connectAs(serverAccess(), { port: proxy.port, ...options })
  cleanup.after(() => connection.close())
  return connection
}

describe('requests', () => {
  it('share two connections at most when they come one after another', async () => {
    const connection = connected()
    for (let count = 0; count < 20; count++) await connection.request(namespaces)
    expect(proxy.accepted()).toBeLessThanOrEqual(2)
  })

  it('share eight connections when a hundred come at once', async () => {
    const connection = connected()
    await Promise.all(Array.from({ length: 100 }, () => connection.request(namespaces)))
    expect(proxy.accepted()).toBeLessThanOrEqual(8)
  })

  it('reject in time if the network drops them, and succeed again at once over new connections', async () => {
    const connection = connected({ timeoutMs: 1_000 })
    await Promise.all(Array.from({ length: 8 }, () => connection.request(namespaces)))
    proxy.swallow()
    await expect(connection.request(namespaces)).rejects.toMatchObject({
      kind: 'unavailable',
      status: 0,
      message: 'list namespaces: no response within 1 s',
    })
    proxy.resume()
    await expect(connection.request(namespaces)).resolves.toHaveProperty('items')
  })

  it('reject in time while they wait for one of the eight connections', async () => {
    const connection = connected({ timeoutMs: 300 })
    proxy.swallow()
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () => connection.request(namespaces)),
    )
    expect(outcomes.map((outcome) => outcome.status)).toEqual(Array.from({ length: 20 }, () => 'rejected'))
  })

  it('reject as unavailable if the connection is reset', async () => {
    const connection = connected()
    proxy.refuse()
    await expect(connection.request(namespaces)).rejects.toMatchObject({ kind: 'unavailable', status: 0 })
  })

  it('reject as unavailable if nothing listens', async () => {
    await proxy.close()
    await expect(connected().request(namespaces)).rejects.toMatchObject({
      kind: 'unavailable',
      message: `list namespaces: connect ECONNREFUSED 127.0.0.1:${proxy.port}`,
    })
  })

  it('reject when their signal is aborted', async () => {
    const stop = new AbortController()
    proxy.swallow()
    const request = connected().request({ ...namespaces, signal: stop.signal })
    await proxy.whenAccepted(1)
    stop.abort()
    await expect(request).rejects.toMatchObject({ message: 'list namespaces: aborted before a response' })
  })

  it('are counted with verb, resource and code, 0 without a response', async () => {
    const outcomes = createJournal<RequestOutcome>()
    const connection = connected({ onRequest: outcomes.add })
    await connection.request(namespaces)
    const missing = { ...namespaces, verb: 'get', path: '/api/v1/namespaces/none' } as const
    await expect(connection.request(missing)).rejects.toMatchObject({ kind: 'notFound' })
    proxy.refuse()
    await expect(connection.request(namespaces)).rejects.toMatchObject({ kind: 'unavailable' })
    expect(outcomes.entries.map(({ verb, resource, code }) => [verb, resource, code])).toEqual([
      ['list', 'namespaces', 200],
      ['get', 'namespaces', 404],
      ['list', 'namespaces', 0],
    ])
  })

  it('name their sender, and keep the path of a server behind another', async () => {
    const requests = createJournal<IncomingMessage>()
    const server = createHttpServer((request, response) => {
      requests.add(request)
      response.end('{}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    cleanup.after(() => server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/k8s/clusters/c-1/`
    const kubeConfig = kubeConfigOf({ name: 'c', server: url, skipTLSVerify: true }, { name: 'u' })
    const connection = connectTo({ kubeConfig, version: '1.2.3' })
    cleanup.after(() => connection.close())
    await connection.request(namespaces)
    expect(requests.entries[0]?.headers['user-agent']).toBe('capi-vip-allocator/1.2.3')
    expect(requests.entries[0]?.url).toBe('/k8s/clusters/c-1/api/v1/namespaces')
  })
})

describe('credentials', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'kubernetes-connection-test-'))
    cleanup.after(() => rmSync(directory, { recursive: true }))
  })

  /** As a pod has them: a token and a CA in files. */
  function fromFiles(
    token: string,
    ca: Buffer | string,
    { log, ...more }: { proxyUrl?: string; log?: ConnectionOptions['log'] } = {},
  ): KubernetesConnection {
    writeFileSync(join(directory, 'token'), token)
    writeFileSync(join(directory, 'ca.crt'), ca)
    const kubeConfig = kubeConfigOf(
      {
        name: 'c',
        server: `https://127.0.0.1:${proxy.port}`,
        skipTLSVerify: false,
        caFile: join(directory, 'ca.crt'),
        ...more,
      },
      { name: 'u', tokenFile: join(directory, 'token') },
    )
    const connection = connectTo({ kubeConfig, version: '0.0.0-test', log, credentialsCheckMs: 20 })
    cleanup.after(() => connection.close())
    return connection
  }

  /** A log; `untilSaid` resolves with the error of a line, or with what has changed. */
  function listening(): {
    readonly said: ConnectionOptions['log']
    readonly untilSaid: (message: string) => Promise<string>
  } {
    const lines = new Map<string, string>()
    const keep = (message: string, fields: LogFields = {}): void =>
      void lines.set(message, String(fields.error ?? fields.changed))
    const untilSaid = (message: string): Promise<string> =>
      eventually(message, async () => Promise.resolve(lines.get(message)))
    return { said: { info: keep, warn: keep }, untilSaid }
  }

  it('are read again after a 401, if the file has a new token', async () => {
    const connection = fromFiles('rotated-away', readFileSync(serverAccess().caPath))
    await expect(connection.request(namespaces)).rejects.toMatchObject({
      kind: 'unavailable',
      status: 401,
      message: 'list namespaces: Unauthorized',
    })
    writeFileSync(join(directory, 'token'), serverAccess().token)
    await expect(connection.request(namespaces)).resolves.toHaveProperty('items')
  })

  it('are read again if the CA file has changed, over new connections', async () => {
    const ca = readFileSync(serverAccess().caPath, 'utf8')
    const { said, untilSaid } = listening()
    const connection = fromFiles(serverAccess().token, ca, { log: said })
    await connection.request(namespaces)
    const before = proxy.accepted()
    writeFileSync(join(directory, 'ca.crt'), `${ca}${makeAuthority('next').cert}`)
    await untilSaid('Read the credentials for the API server again')
    await connection.request(namespaces)
    // One to verify the new ones, and one for the requests.
    expect(proxy.accepted() - before).toBe(2)
  })

  it.each([
    ['cannot be read', 'not the CA', /certificate authority \S+ holds no certificate/],
    ['did not issue the certificate of the server', makeAuthority('other').cert, /certificate/],
  ])('stay in use if the new CA %s', async (_, text, words) => {
    const { said, untilSaid } = listening()
    const connection = fromFiles(serverAccess().token, readFileSync(serverAccess().caPath, 'utf8'), {
      log: said,
    })
    await connection.request(namespaces)
    writeFileSync(join(directory, 'ca.crt'), text)
    const unusable = 'Cannot use the changed credentials for the API server; the old ones stay in use'
    expect(await untilSaid(unusable)).toMatch(words)
    await expect(connection.request(namespaces)).resolves.toHaveProperty('items')
  })

  it('that cannot be read are an error without a request', async () => {
    const connection = fromFiles('token', readFileSync(serverAccess().caPath))
    rmSync(join(directory, 'token'))
    await expect(connection.request(namespaces)).rejects.toMatchObject({
      kind: 'unavailable',
      message: `list namespaces: ENOENT: no such file or directory, open '${join(directory, 'token')}'`,
    })
    expect(proxy.accepted()).toBe(0)
  })

  it('are sent through the proxy of the kubeconfig', async () => {
    const targets = createJournal<string>()
    const httpProxy = createHttpServer().on('connect', (request, client) => {
      targets.add(request.url ?? '')
      const upstream = connect({ host: '127.0.0.1', port: proxy.port })
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      client.pipe(upstream).pipe(client)
      client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy())
      upstream.on('error', () => client.destroy())
    })
    await new Promise<void>((resolve) => httpProxy.listen(0, '127.0.0.1', resolve))
    cleanup.after(() => httpProxy.close())
    const proxyUrl = `http://127.0.0.1:${(httpProxy.address() as AddressInfo).port}`
    const connection = fromFiles(serverAccess().token, readFileSync(serverAccess().caPath), { proxyUrl })
    for (const _ of [1, 2, 3, 4]) await connection.request(namespaces)
    expect(new Set(targets.entries)).toEqual(new Set([`127.0.0.1:${proxy.port}`]))
    // As without a proxy, requests one after another share two connections at most.
    expect(targets.entries.length).toBeLessThanOrEqual(2)
  })
})
