import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { X509Certificate } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import type { Allocator } from '../../dev/allocator.ts'
import { freePort } from '../../dev/stack/ports.ts'
import type { Condition } from '../../src/domain/model/cluster.ts'
import { extensionConfigFrom } from '../../src/domain/model/extension-config.ts'
import { eventually } from '../support/eventually.ts'
import { makeAuthority, type Authority, type KeyPair } from '../support/make-certificates.ts'
import { realParts } from '../support/real-parts.ts'
import { startTcpFront, type TcpFront } from '../support/tcp-front.ts'
import { openExtension, type ExtensionFixture } from './extension-fixture.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { untilLogged } from './log-lines.ts'
import { record, type Recording } from './recording.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()
const className = 'renewed-class'
const firstAuthority = makeAuthority('hooks')

/** A replica with files of its own, which are renewed at another time than those of the others. */
interface Replica {
  readonly port: number
  readonly allocator: Allocator
  /** Writes new files, as a renewed Secret does. */
  readonly renew: (pair: KeyPair, authority: Authority) => void
}

let suite: Fixture
let testbed: Testbed
let extension: ExtensionFixture
let front: TcpFront
let clusters: Recording<{
  readonly metadata: { readonly name: string }
  readonly status?: { readonly conditions?: readonly Condition[] }
}>
let replicas: readonly [Replica, Replica]
let created = 0

beforeAll(async () => {
  suite = await openFixture()
  testbed = suite.testbed
  extension = await openExtension(stack, testbed)
  front = await startTcpFront()
  clusters = await record(stack, testbed.path('clusters'))
  await testbed.createPool('10.185.0.10-10.185.3.250', { className })
  replicas = [await startReplica('a'), await startReplica('b')]
  front.targets = replicas.map(({ port }) => port)
  await extension.untilRegistered()
  await extension.createClass(className)
})

afterAll(async () => {
  try {
    await suite.close()
  } finally {
    await extension.close()
    await Promise.all([clusters.close(), front.close()])
  }
})

async function startReplica(name: string): Promise<Replica> {
  const directory = join(stack.runDirectory, `${testbed.namespace}-${name}`)
  mkdirSync(directory, { recursive: true })
  const at = (file: string): string => join(directory, file)
  const renew: Replica['renew'] = ({ cert, key }, authority) => {
    writeFileSync(at('ca.crt'), authority.cert)
    writeFileSync(at('tls.key'), key)
    writeFileSync(at('tls.crt'), cert)
  }
  renew(firstAuthority.issue(`replica ${name}`), firstAuthority)
  const port = await freePort()
  // Core calls it before it is ready.
  front.targets = [port]
  const allocator = await suite.start({
    flags: [
      `--runtime-extension-bind-address=127.0.0.1:${port}`,
      `--runtime-extension-certificate=${at('tls.crt')}`,
      `--runtime-extension-key=${at('tls.key')}`,
      `--runtime-extension-ca=${at('ca.crt')}`,
      `--runtime-extension-register=https://127.0.0.1:${front.port}`,
      `--runtime-extension-config=${extension.name}`,
    ],
  })
  return { port, allocator, renew }
}

/** Waits until a replica presents the certificate. */
async function untilPresented({ port }: Replica, { cert }: KeyPair): Promise<void> {
  const expected = new X509Certificate(cert).fingerprint256
  await eventually('the renewed certificate', async () =>
    (await presentedAt(port)) === expected ? true : undefined,
  )
}

function presentedAt(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
    socket.on('error', reject)
    socket.on('secureConnect', () => {
      resolve(socket.getPeerCertificate().fingerprint256)
      socket.destroy()
    })
  })
}

/** Creates Clusters one after the other until the action has ended. Resolves with those for which a call failed. */
async function failedWhile(action: () => Promise<void>): Promise<readonly string[]> {
  const names: string[] = []
  const over = new AbortController()
  const acted = action().finally(() => over.abort())
  do {
    const name = `renewal-${created++}`
    names.push(name)
    await testbed.createCluster(name, { className })
    await testbed.untilCluster(name, (now) => now?.isRendered === true)
  } while (!over.signal.aborted)
  await acted
  return names.flatMap((name) =>
    clusters
      .versionsOf(name)
      .flatMap(({ status }) =>
        (status?.conditions ?? [])
          .filter(
            ({ type, message }) => type === 'TopologyReconciled' && message.includes('http call failed'),
          )
          .map(({ message }) => `${name}: ${message}`),
      ),
  )
}

async function authoritiesOfConfig(): Promise<readonly string[]> {
  const path = `/apis/runtime.cluster.x-k8s.io/v1beta2/extensionconfigs/${extension.name}`
  const { caBundle = '' } = extensionConfigFrom(await testbed.api.send({ method: 'GET', path }))
  const blocks = caBundle.match(/-----BEGIN[^]*?-----END CERTIFICATE-----/g) ?? []
  return blocks.map((block) => new X509Certificate(block).fingerprint256).toSorted()
}

describe('while the certificates of the runtime extension are renewed, Clusters come, and no call fails', () => {
  it('by certificates of the same authority, after files that cannot be used', async () => {
    const [first, second] = replicas
    const renewed = [firstAuthority.issue('renewed a'), firstAuthority.issue('renewed b')] as const
    const failed = await failedWhile(async () => {
      first.renew({ cert: 'half a certifi', key: renewed[0].key }, firstAuthority)
      second.renew(renewed[1], firstAuthority)
      await untilLogged(
        first.allocator.logPath,
        'Cannot use the changed certificates of the runtime extension; the old ones stay in use',
      )
      first.renew(renewed[0], firstAuthority)
      await Promise.all([untilPresented(first, renewed[0]), untilPresented(second, renewed[1])])
    })
    expect(failed).toEqual([])
  })

  it('by those of a new authority, which one replica has before the other', async () => {
    const [first, second] = replicas
    const authority = makeAuthority('hooks')
    const both = [firstAuthority, authority].map(({ cert }) => new X509Certificate(cert).fingerprint256)
    const renewed = [authority.issue('new a'), authority.issue('new b')] as const
    const failed = await failedWhile(async () => {
      first.renew(renewed[0], authority)
      await untilPresented(first, renewed[0])
      expect(await authoritiesOfConfig()).toEqual(both.toSorted())
      second.renew(renewed[1], authority)
      await untilPresented(second, renewed[1])
    })
    expect(failed).toEqual([])
    expect(await authoritiesOfConfig()).toEqual(both.toSorted())
  })
})
