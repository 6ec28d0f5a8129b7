import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { stringify } from 'yaml'
import type { CredentialSource } from '../../../../src/kubernetes/transport/credentials.ts'
import { openKubeConfig } from '../../../../src/kubernetes/transport/kube-config.ts'
import {
  createRenewingCredentials,
  type RenewingCredentials,
} from '../../../../src/kubernetes/transport/renewing-credentials.ts'
import { makeAuthority } from '../../../support/make-certificates.ts'

let directory: string
let lines: (readonly [string, string])[]
/** What the API server refuses; the headers and certificates that it was asked with. */
let refusal: Error | undefined
let verified: (string | undefined)[]

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'renewing-credentials-test-'))
  lines = []
  verified = []
  refusal = undefined
})
afterEach(() => rmSync(directory, { recursive: true }))

function file(name: string): string {
  return join(directory, name)
}

interface Contents {
  readonly user: object
  readonly cluster?: object
  readonly context?: string
}

function write(path: string, { user, cluster, context = 'lab' }: Contents): void {
  const kubeconfig = {
    'current-context': context,
    contexts: [
      { name: 'lab', context: { cluster: 'lab', user: 'me' } },
      { name: 'other', context: { cluster: 'other', user: 'me' } },
    ],
    clusters: [
      { name: 'lab', cluster: { server: 'https://lab:6443', ...cluster } },
      { name: 'other', cluster: { server: 'https://other:6443' } },
    ],
    users: [{ name: 'me', user }],
  }
  writeFileSync(`${path}.new`, stringify(kubeconfig))
  renameSync(`${path}.new`, path)
}

function open(): RenewingCredentials {
  return createRenewingCredentials({
    ...openKubeConfig({ kubeconfig: file('kubeconfig') }),
    verify: async (changed: CredentialSource) => {
      verified.push(await tokenOf(changed))
      if (refusal !== undefined) throw refusal
    },
    log: {
      info: (message, fields) => void lines.push([message, String(fields?.changed)]),
      warn: (message, fields) => void lines.push([message, String(fields?.error)]),
    },
  })
}

async function tokenOf(credentials: CredentialSource): Promise<string | undefined> {
  const { authorization } = (await credentials.read()).headers
  return authorization === undefined ? undefined : String(authorization).replace('Bearer ', '')
}

const adopted = 'Read the credentials for the API server again'
const unusable = 'Cannot use the changed credentials for the API server; the old ones stay in use'

describe('a token that changes', () => {
  it('in the kubeconfig is used once the API server has accepted it', async () => {
    write(file('kubeconfig'), { user: { token: 'first' } })
    const credentials = open()
    expect(await tokenOf(credentials)).toBe('first')
    await credentials.check()
    expect([lines, verified]).toEqual([[], []])
    write(file('kubeconfig'), { user: { token: 'second' } })
    await credentials.check()
    expect(await tokenOf(credentials)).toBe('second')
    expect(verified).toEqual(['second'])
    expect(lines).toEqual([[adopted, `token of kubeconfig ${file('kubeconfig')}`]])
  })

  it.each([
    ['tokenFile beside the kubeconfig', { tokenFile: 'token' }],
    ['auth provider', { 'auth-provider': { name: 'tokenFile', config: { tokenFile: 'absolute' } } }],
  ])('in a file that is named by %s is read again', async (_, user) => {
    writeFileSync(file('token'), 'first\n')
    const text = JSON.parse(
      JSON.stringify(user).replace('"absolute"', JSON.stringify(file('token'))),
    ) as object
    write(file('kubeconfig'), { user: { ...text } })
    const credentials = open()
    expect(await tokenOf(credentials)).toBe('first')
    writeFileSync(file('token'), 'second\n')
    await credentials.check()
    expect(await tokenOf(credentials)).toBe('second')
    expect(lines).toEqual([[adopted, `token ${file('token')}`]])
  })

  it('by a symbolic link, as in a mounted Secret, is used', async () => {
    write(file('one'), { user: { token: 'first' } })
    write(file('two'), { user: { token: 'second' } })
    symlinkSync(file('one'), file('kubeconfig'))
    const credentials = open()
    expect(await tokenOf(credentials)).toBe('first')
    symlinkSync(file('two'), file('link'))
    renameSync(file('link'), file('kubeconfig'))
    await credentials.check()
    expect(await tokenOf(credentials)).toBe('second')
  })

  it('is read at once after a refusal, without the time of the next check', async () => {
    write(file('kubeconfig'), { user: { token: 'first' } })
    const credentials = open()
    await credentials.read()
    write(file('kubeconfig'), { user: { token: 'second' } })
    credentials.renew()
    expect(await tokenOf(credentials)).toBe('second')
  })

  it('to one that the API server refuses leaves the old one in use, is named once, and is tried again', async () => {
    write(file('kubeconfig'), { user: { token: 'first' } })
    const credentials = open()
    await credentials.read()
    write(file('kubeconfig'), { user: { token: 'early' } })
    refusal = new Error('get the version: Unauthorized')
    for (const _ of [1, 2, 3]) await credentials.check()
    expect(await tokenOf(credentials)).toBe('first')
    expect(lines).toEqual([[unusable, 'get the version: Unauthorized']])
    // Requests that are refused do not ask again before the next check.
    credentials.renew()
    await credentials.read()
    expect(verified).toEqual(['early', 'early', 'early'])
    refusal = undefined
    await credentials.check()
    expect(await tokenOf(credentials)).toBe('early')
    expect(lines.map(([message]) => message)).toEqual([unusable, adopted])
  })
})

describe('a file that cannot be used', () => {
  const authority = makeAuthority('ours')
  const { cert, key } = authority.issue('client')

  it.each<[string, () => void, RegExp]>([
    ['no YAML', () => writeFileSync(file('kubeconfig'), 'users: ['), /kubeconfig \S+ cannot be read/],
    ['an empty file', () => writeFileSync(file('kubeconfig'), ''), /kubeconfig \S+ cannot be read/],
    ['no file', () => rmSync(file('kubeconfig')), /ENOENT.*kubeconfig/],
    ['no token', () => writeFileSync(file('token'), '\n'), /token \S+ is empty/],
    ['a token of two lines', () => writeFileSync(file('token'), 'a\nb'), /token \S+ holds a character/],
    [
      'no certificate',
      () => writeFileSync(file('tls.crt'), ''),
      /client certificate \S+ holds no certificate/,
    ],
    [
      'the certificate of another key',
      () => writeFileSync(file('tls.crt'), authority.issue('next').cert),
      /client key \S+tls.key is the key of another certificate than client certificate \S+tls.crt/,
    ],
    [
      'no authority',
      () => writeFileSync(file('ca.crt'), 'x'),
      /certificate authority \S+ holds no certificate/,
    ],
  ])('is named once, and the old credentials stay: %s', async (_, spoil, words) => {
    writeFileSync(file('token'), 'good')
    writeFileSync(file('ca.crt'), authority.cert)
    writeFileSync(file('tls.crt'), cert)
    writeFileSync(file('tls.key'), key)
    write(file('kubeconfig'), {
      user: { tokenFile: 'token', 'client-certificate': 'tls.crt', 'client-key': 'tls.key' },
      cluster: { 'certificate-authority': 'ca.crt' },
    })
    const credentials = open()
    const before = await credentials.read()
    spoil()
    for (const __ of [1, 2]) await credentials.check()
    expect(await credentials.read()).toEqual(before)
    expect(lines).toEqual([[unusable, expect.stringMatching(words)]])
  })

  it('at the start is named by every request, until it is put right', async () => {
    writeFileSync(file('token'), '')
    write(file('kubeconfig'), { user: { tokenFile: 'token' } })
    const credentials = open()
    for (const _ of [1, 2])
      await expect(credentials.read()).rejects.toThrow(`token ${file('token')} is empty`)
    writeFileSync(file('token'), 'good')
    expect(await tokenOf(credentials)).toBe('good')
  })
})

describe('a kubeconfig that turns to another API server', () => {
  it('is not followed there, and says so once', async () => {
    write(file('kubeconfig'), { user: { token: 'first' } })
    const credentials = open()
    await credentials.read()
    write(file('kubeconfig'), {
      user: { token: 'second' },
      cluster: { server: 'https://me:secret@new:6443' },
    })
    for (const _ of [1, 2]) await credentials.check()
    expect(await tokenOf(credentials)).toBe('first')
    const words = `kubeconfig ${file('kubeconfig')} leads to the API server https://new:6443, no longer to https://lab:6443; only a restart changes the server`
    expect(lines).toEqual([[unusable, words]])
  })

  it('by its current context gives the credentials of the context of the start', async () => {
    write(file('kubeconfig'), { user: { token: 'first' } })
    const credentials = open()
    await credentials.read()
    write(file('kubeconfig'), { user: { token: 'second' }, context: 'other' })
    await credentials.check()
    expect(await tokenOf(credentials)).toBe('second')
  })
})

describe('an exec plugin', () => {
  const script = 'console.log(JSON.stringify({ status: { token: process.env.KUBERNETES_EXEC_INFO } }))'
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1beta1',
    command: process.execPath,
    args: ['-e', script],
    env: [{ name: 'MINE', value: 'kept' }],
  }

  it.each([
    [{}, { interactive: false }],
    [
      { provideClusterInfo: true },
      {
        cluster: {
          server: 'https://lab:6443',
          'tls-server-name': 'lab.example',
          'certificate-authority-data': Buffer.from(makeAuthority('ca').cert).toString('base64'),
          'proxy-url': 'http://proxy:3128',
          config: { audience: 'lab' },
        },
        interactive: false,
      },
    ],
  ])('with %j is told the cluster as kubectl tells it', async (more, spec) => {
    const caData = 'cluster' in spec ? spec.cluster?.['certificate-authority-data'] : undefined
    if (caData !== undefined) writeFileSync(file('ca.crt'), Buffer.from(caData, 'base64'))
    write(file('kubeconfig'), {
      user: { exec: { ...exec, ...more } },
      cluster: {
        ...(caData !== undefined && { 'certificate-authority': 'ca.crt' }),
        'tls-server-name': 'lab.example',
        'proxy-url': 'http://proxy:3128',
        extensions: [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'lab' } }],
      },
    })
    expect(JSON.parse((await tokenOf(open())) ?? '')).toEqual({
      kind: 'ExecCredential',
      apiVersion: 'client.authentication.k8s.io/v1beta1',
      spec,
    })
  })

  it('beside the kubeconfig is found there', async () => {
    writeFileSync(file('plugin'), `#!${process.execPath}\n${script}`, { mode: 0o755 })
    write(file('kubeconfig'), { user: { exec: { command: './plugin' } } })
    expect(await tokenOf(open())).toContain('ExecCredential')
  })
})

describe('fields of a kubeconfig that client-node leaves out', () => {
  it('impersonate a user with uid, groups and extra fields', async () => {
    write(file('kubeconfig'), {
      user: {
        token: 'mine',
        as: 'somebody',
        'as-uid': '17',
        'as-groups': ['a', 'b'],
        'as-user-extra': { 'example.org/Scope': ['view'] },
      },
    })
    expect((await open().read()).headers).toEqual({
      authorization: 'Bearer mine',
      'impersonate-user': 'somebody',
      'impersonate-uid': '17',
      'impersonate-group': ['a', 'b'],
      'impersonate-extra-example.org%2fscope': ['view'],
    })
  })
})
