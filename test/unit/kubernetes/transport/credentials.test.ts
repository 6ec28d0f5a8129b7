import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readAccess } from '../../../../src/kubernetes/transport/access.ts'
import { connectTo } from '../../../../src/kubernetes/transport/connection.ts'
import {
  createCredentialSource,
  type CredentialSource,
} from '../../../../src/kubernetes/transport/credentials.ts'
import { kubeConfigOf, type KubeUser } from '../../../../src/kubernetes/transport/kube-config-fields.ts'

let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'credentials-test-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

const command = process.execPath

const cluster = { name: 'lab', server: 'https://lab:6443', skipTLSVerify: false }

function sourceFor(user: Omit<KubeUser, 'name'>): CredentialSource {
  return createCredentialSource({ cluster, user: { name: 'admin', ...user } })
}

function pluginThat(script: string, ...args: readonly string[]): CredentialSource {
  return sourceFor({ exec: { command, args: ['-e', script, ...args] } })
}

describe('the failure of an exec plugin', () => {
  it.each([
    { script: 'console.error("secret"); process.exit(1)', what: 'failed' },
    { script: 'process.kill(process.pid)', what: 'failed' },
    { script: 'console.log("secret")', what: 'printed no ExecCredential' },
    { script: 'console.log(JSON.stringify({ token: "secret" }))', what: 'printed no ExecCredential' },
  ])('reports that $script $what, without its output', async ({ script, what }) => {
    const message = `exec plugin ${command} ${what}; run it by hand to see what it says`
    const failure: unknown = await pluginThat(script)
      .read()
      .catch((error: unknown) => error)
    expect(failure).toEqual(new Error(message))
    expect(failure).not.toHaveProperty('cause')
  })

  it('names a missing command', async () => {
    const source = sourceFor({ exec: { command: '/no/such/plugin' } })
    await expect(source.read()).rejects.toThrow('spawn /no/such/plugin ENOENT')
  })

  it('is over as soon as the plugin prints what it should', async () => {
    const marker = join(directory, 'was-here')
    const source = pluginThat(
      `const { existsSync, writeFileSync } = require('node:fs')
      console.log(existsSync(process.argv[1]) ? '{"status":{"token":"good"}}' : '{}')
      writeFileSync(process.argv[1], '')`,
      marker,
    )
    await expect(source.read()).rejects.toThrow('printed no ExecCredential')
    expect(existsSync(marker)).toBe(true)
    expect((await source.read()).headers).toEqual({ authorization: 'Bearer good' })
  })
})

describe('credentials that the kubeconfig holds itself', () => {
  it('are worked out once for all requests, and again after a refusal', async () => {
    const source = sourceFor({ token: 'fixed' })
    const credentials = await source.read()
    expect(credentials.headers).toEqual({ authorization: 'Bearer fixed' })
    expect(await source.read()).toBe(credentials)
    source.renew()
    expect(await source.read()).toEqual(credentials)
  })

  it('are asked of a plugin again after a refusal', async () => {
    const token =
      '{ apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status: { token } }'
    const script = `const token = String(process.hrtime.bigint()); console.log(JSON.stringify(${token}))`
    const plugin = pluginThat(script)
    const first = await plugin.read()
    plugin.renew()
    expect((await plugin.read()).headers).not.toEqual(first.headers)
  })
})

describe('the failure of an auth provider', () => {
  it('quotes no part of its token', async () => {
    const idToken = `${Buffer.from('secret').toString('base64url')}.a.b`
    const source = sourceFor({ authProvider: { name: 'oidc', config: { 'id-token': idToken } } })
    await expect(source.read()).rejects.toThrow(new Error('auth provider oidc failed: SyntaxError'))
  })
})

describe('a token with a line break in it', () => {
  it('is refused without being shown, whether it was written down or printed by a plugin', async () => {
    const message = 'Invalid character in header content ["authorization"]'
    await expect(sourceFor({ token: 'a\nb' }).read()).rejects.toHaveProperty('message', message)
    const script = `console.log(JSON.stringify({ status: { token: 'a\\nb' } }))`
    await expect(pluginThat(script).read()).rejects.toHaveProperty('message', message)
  })
})

describe('a missing file of credentials', () => {
  it.each(['certFile', 'keyFile', 'tokenFile'])('is named: %s', (field) => {
    const kubeConfig = kubeConfigOf(cluster, { name: 'admin', [field]: '/no/such/file' })
    expect(() => readAccess(kubeConfig, 'kubeconfig')).toThrow("open '/no/such/file'")
  })
})

describe('what a kubeconfig itself holds', () => {
  const pem = Buffer.from('pem')
  const data = pem.toString('base64')

  it('is sent as it is: authority, client certificate, key, names and token', async () => {
    const source = createCredentialSource({
      cluster: { ...cluster, caData: data, tlsServerName: 'lab.example', proxyUrl: 'http://proxy:3128' },
      user: { name: 'admin', certData: data, keyData: data, token: 'mine', impersonateUser: 'somebody' },
    })
    expect(await source.read()).toEqual({
      headers: { authorization: 'Bearer mine', 'impersonate-user': 'somebody' },
      tls: { ca: pem, cert: pem, key: pem, servername: 'lab.example' },
      proxyUrl: 'http://proxy:3128',
    })
  })

  it('may be nothing, without verification', async () => {
    const source = createCredentialSource({
      cluster: { ...cluster, skipTLSVerify: true },
      user: { name: 'nobody' },
    })
    expect(await source.read()).toEqual({
      headers: {},
      tls: { rejectUnauthorized: false },
      proxyUrl: undefined,
    })
  })

  it('goes before what a plugin grants, whose certificate goes before the one of the kubeconfig', async () => {
    const status = { token: 'of-plugin', clientCertificateData: 'cert', clientKeyData: 'key' }
    const script = `console.log('${JSON.stringify({ status })}')`
    const exec = { command, args: ['-e', script] }
    expect(await sourceFor({ exec, token: 'mine', certData: data, keyData: data }).read()).toMatchObject({
      headers: { authorization: 'Bearer mine' },
      tls: { cert: 'cert', key: 'key' },
    })
    const named = sourceFor({ exec, username: 'me', password: 'word' })
    expect((await named.read()).headers).toEqual({
      authorization: `Basic ${Buffer.from('me:word').toString('base64')}`,
    })
  })
})

describe('a server without TLS', () => {
  const plain = { ...cluster, server: 'http://lab:8080' }
  const me = { name: 'me', token: 'mine' }

  it('gets no credentials, unless the kubeconfig says that it need not be verified', () => {
    expect(() => readAccess(kubeConfigOf(plain, me), 'kubeconfig /k')).toThrow(
      new Error('kubeconfig /k: the server is http:, expected https: or insecure-skip-tls-verify: true'),
    )
    const unverified = { ...plain, skipTLSVerify: true }
    expect(readAccess(kubeConfigOf(unverified, me), 'kubeconfig').user.token).toBe('mine')
  })
})

describe('an address that is no URL', () => {
  it('is named without what it holds', () => {
    const me = { name: 'me' }
    const proxied = kubeConfigOf({ ...cluster, proxyUrl: 'http://me:secret@proxy:port' }, me)
    expect(() => readAccess(proxied, 'kubeconfig /k')).toThrow(
      new Error('kubeconfig /k: proxy-url is no URL, expected one such as http://proxy:3128'),
    )
    const kubeConfig = kubeConfigOf({ ...cluster, server: 'https://me:secret@lab:port' }, me)
    expect(() => connectTo({ kubeConfig, version: 'test' })).toThrow(
      new Error('kubeconfig: the server is no URL, expected https://…'),
    )
  })
})
