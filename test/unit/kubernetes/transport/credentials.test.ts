import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { KubeConfig, type User } from '@kubernetes/client-node'
import {
  createCredentialSource,
  type CredentialSource,
} from '../../../../src/kubernetes/transport/credentials.ts'

let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'credentials-test-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

const command = process.execPath

function sourceFor(user: Omit<User, 'name'>): CredentialSource {
  const kubeConfig = new KubeConfig()
  const cluster = { name: 'lab', server: 'https://lab:6443', skipTLSVerify: false }
  kubeConfig.loadFromClusterAndUser(cluster, { name: 'admin', ...user })
  return createCredentialSource(kubeConfig)
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
  it('is named', async () => {
    await expect(sourceFor({ certFile: '/no/such/file' }).read()).rejects.toThrow("open '/no/such/file'")
  })
})
