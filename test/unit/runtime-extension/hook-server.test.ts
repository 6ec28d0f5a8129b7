import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request, type RequestOptions } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { isVerifiedBy } from '../../../src/runtime-extension/ca-bundle.ts'
import { createHookHandlers, registeredCallAt } from '../../../src/runtime-extension/hook-handlers.ts'
import {
  startHookServer,
  type HookOutcome,
  type HookServer,
  type ServerLimits,
} from '../../../src/runtime-extension/hook-server.ts'
import type { VipReader } from '../../../src/runtime-extension/vip-reader.ts'
import { eventually } from '../../support/eventually.ts'
import { makeAuthority, type KeyPair } from '../../support/make-certificates.ts'
import { silentLog } from '../../support/silent-log.ts'

const root = '/hooks.runtime.cluster.x-k8s.io/v1alpha1'
const endpoint = { host: '10.0.0.10', port: 6443 }
const authority = makeAuthority('extension')
const clients = makeAuthority('clients')

let directory: string
let server: HookServer | undefined
let warnings: string[]
let outcomes: HookOutcome[]

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'hook-server-'))
})

afterEach(async () => {
  await server?.close()
})

afterAll(() => rmSync(directory, { recursive: true }))

const at = (name: string): string => join(directory, name)

function write({ cert, key }: KeyPair): void {
  writeFileSync(at('tls.crt'), cert)
  writeFileSync(at('tls.key'), key)
}

const vips: VipReader = {
  awaitVip: async ({ name }) => {
    await Promise.resolve()
    if (name === 'broken') throw new Error('a secret of the inside')
    return { state: 'assigned', endpoint, address: endpoint.host }
  },
  peek: () => undefined,
}

async function start(
  options: {
    readonly clientCa?: string
    readonly isTrusted?: (certificate: string) => boolean
    readonly limits?: Partial<ServerLimits>
  } = {},
): Promise<HookServer> {
  write(authority.issue('server'))
  warnings = []
  outcomes = []
  server = await startHookServer({
    address: { host: '127.0.0.1', port: 0 },
    files: { certificate: at('tls.crt'), key: at('tls.key'), clientCa: options.clientCa },
    callAt: (path) => registeredCallAt(path, ['patch']),
    answer: createHookHandlers(['patch'], vips),
    onAnswered: (outcome) => void outcomes.push(outcome),
    ...(options.isTrusted && { isTrusted: options.isTrusted }),
    log: {
      ...silentLog,
      info: (message) => void warnings.push(message),
      warn: (message, fields) => void warnings.push(`${message}: ${String(fields?.error)}`),
    },
    limits: { checkFilesMs: 10, ...options.limits },
  })
  return server
}

interface Answer {
  readonly status: number
  readonly text: string
  readonly connection: string | undefined
}

function send(path: string, body: string, options: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { port: server?.port, path, method: 'POST', ca: authority.cert, agent: false, ...options },
      (response) => {
        let text = ''
        response.on('data', (chunk) => (text += String(chunk)))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text, connection: response.headers.connection }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

function patchBody(name = 'demo'): string {
  return JSON.stringify({
    apiVersion: 'hooks.runtime.cluster.x-k8s.io/v1alpha1',
    kind: 'GeneratePatchesRequest',
    variables: [{ name: 'builtin', value: { cluster: { namespace: 'clusters', name, uid: 'u' } } }],
    items: [
      {
        uid: 'i',
        holderReference: { kind: 'Cluster', fieldPath: 'spec.infrastructureRef' },
        object: {},
      },
    ],
  })
}

describe('the server of the hooks', () => {
  it('answers discovery and patches, as core reads them', async () => {
    await start()
    expect(JSON.parse((await send(`${root}/discovery?timeout=10s`, '{}')).text)).toMatchObject({
      kind: 'DiscoveryResponse',
      handlers: [{ name: 'patch', failurePolicy: 'Fail' }],
    })
    const { status, text } = await send(`${root}/generatepatches/patch?timeout=10s`, patchBody())
    const { items, ...answer } = JSON.parse(text) as { items: { patch: string }[] }
    expect([status, answer]).toEqual([
      200,
      {
        apiVersion: 'hooks.runtime.cluster.x-k8s.io/v1alpha1',
        kind: 'GeneratePatchesResponse',
        status: 'Success',
      },
    ])
    expect(JSON.parse(Buffer.from(items[0]?.patch ?? '', 'base64').toString())).toEqual({
      spec: { template: { spec: { controlPlaneEndpoint: endpoint } } },
    })
    expect(outcomes.map(({ call, outcome }) => [call, outcome])).toEqual([
      ['discovery', 'success'],
      ['patch', 'success'],
    ])
  })

  it('has no hook that is not registered, and takes POST only', async () => {
    await start()
    expect(await send(`${root}/beforeclustercreate/gate`, '{}')).toMatchObject({ status: 404 })
    expect(await send('/', '{}')).toMatchObject({ status: 404, text: 'no hook /\n' })
    expect(await send(`${root}/discovery`, '', { method: 'GET' })).toMatchObject({ status: 405 })
  })

  it('refuses what core never sends, with the reason', async () => {
    await start({ limits: { body: 1_000 } })
    const path = `${root}/generatepatches/patch`
    expect(await send(path, 'no JSON')).toMatchObject({
      status: 400,
      text: 'the body cannot be read, expected JSON\n',
    })
    expect(await send(path, '{}')).toMatchObject({ status: 400 })
    expect(await send(path, JSON.stringify('x'.repeat(2_000)))).toMatchObject({
      status: 413,
      text: 'the body is larger than 1000 bytes\n',
      connection: 'close',
    })
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['refused', 'refused', 'refused'])
  })

  it('reads no more bodies at once than it has room for, and has room again', async () => {
    await start({ limits: { all: 1_500 } })
    const path = `${root}/generatepatches/patch`
    expect(await send(path, JSON.stringify('x'.repeat(2_000)))).toMatchObject({ status: 503 })
    expect(await send(path, patchBody())).toMatchObject({ status: 200 })
  })

  it('says nothing of its inside when it fails', async () => {
    await start()
    const answer = await send(`${root}/generatepatches/patch`, patchBody('broken'))
    expect(answer).toMatchObject({
      status: 500,
      text: 'the hook failed; see the log of capi-vip-allocator\n',
    })
    expect(outcomes).toMatchObject([{ call: 'patch', outcome: 'error' }])
  })

  it('ends a request whose body does not come', async () => {
    await start({ limits: { requestMs: 50, headersMs: 50 } })
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect({ port: server?.port ?? 0, ca: authority.cert, host: '127.0.0.1' }, () =>
        socket.write(`POST ${root}/discovery HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{`),
      )
      let text = ''
      socket.on('data', (data) => (text += String(data)))
      socket.on('close', () => resolve(text))
      socket.on('error', reject)
    })
    expect(answer).toMatch(/^HTTP\/1.1 408 /)
  })

  it('asks clients to connect anew once it drains', async () => {
    const { drain } = await start()
    const agent = new Agent({ keepAlive: true })
    const connectionOf = async (): Promise<unknown> =>
      (await send(`${root}/discovery`, '{}', { agent })).connection
    expect(await connectionOf()).toBe('keep-alive')
    drain()
    expect(await connectionOf()).toBe('close')
    agent.destroy()
  })

  it('names an address that is taken, and a file that is missing', async () => {
    const { port } = await start()
    const options = { callAt: () => undefined, answer: createHookHandlers([], vips), log: silentLog }
    const files = { certificate: at('tls.crt'), key: at('tls.key'), clientCa: undefined }
    const address = { host: '127.0.0.1', port }
    await expect(startHookServer({ ...options, address, files })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: `,
    )
    const missing = { ...files, key: at('missing') }
    await expect(startHookServer({ ...options, address, files: missing })).rejects.toThrow(
      /^key of the runtime extension cannot be read: .*ENOENT/,
    )
  })
})

describe('client certificates', () => {
  beforeAll(() => writeFileSync(at('client-ca.crt'), clients.cert))

  const refusedByTls = /alert|ECONNRESET|socket hang up/

  it('are checked where an authority is named', async () => {
    await start({ clientCa: at('client-ca.crt') })
    const call = (pair: KeyPair | undefined): Promise<Answer> =>
      send(`${root}/discovery`, '{}', pair === undefined ? {} : { ...pair })
    expect(await call(clients.issue('core'))).toMatchObject({ status: 200 })
    await expect(call(undefined)).rejects.toThrow(refusedByTls)
    await expect(call(makeAuthority('others').issue('core'))).rejects.toThrow(refusedByTls)
  })
})

describe('certificates that are renewed', () => {
  it('are used for new connections, and unusable ones are not, which is logged once', async () => {
    await start()
    const other = makeAuthority('other')
    write({ ...authority.issue('server'), key: other.issue('server').key })
    await eventually('the line about the key', async () => (warnings.length > 0 ? true : undefined))
    expect(await send(`${root}/discovery`, '{}')).toMatchObject({ status: 200 })
    write(other.issue('server'))
    await eventually('the new certificate', async () =>
      send(`${root}/discovery`, '{}', { ca: other.cert }).catch(() => undefined),
    )
    expect(warnings).toEqual([
      `Cannot use the changed certificates of the runtime extension; the old ones stay in use: key of the runtime extension ${at('tls.key')} is the key of another certificate than certificate of the runtime extension ${at('tls.crt')}`,
      'Read the certificates of the runtime extension again',
    ])
  })

  it('are used only when clients can verify them, which is logged once', async () => {
    const other = makeAuthority('other')
    let registered = authority.cert
    await start({ isTrusted: (certificate) => isVerifiedBy(registered, certificate) })
    write(other.issue('server'))
    await eventually('the line about the authority', async () => (warnings.length > 0 ? true : undefined))
    expect(await send(`${root}/discovery`, '{}')).toMatchObject({ status: 200 })
    registered = authority.cert + other.cert
    await eventually('the new certificate', async () =>
      send(`${root}/discovery`, '{}', { ca: other.cert }).catch(() => undefined),
    )
    expect(warnings).toEqual([
      'The changed certificate of the runtime extension is of an authority that is not registered yet; the old one stays in use until then',
      'Read the certificates of the runtime extension again',
    ])
  })
})
