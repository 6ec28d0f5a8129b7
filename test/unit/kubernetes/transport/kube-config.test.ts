import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { clusterIn, userIn } from '../../../../src/kubernetes/transport/kube-config-fields.ts'
import { loadKubeConfig } from '../../../../src/kubernetes/transport/kube-config.ts'
import { plantedSecrets } from '../../../support/planted-secrets.ts'

let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'kube-config-test-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

function kubeconfig(name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}

function thrownBy(act: () => unknown): Error {
  try {
    act()
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('nothing was thrown')
}

const twoContexts = `
apiVersion: v1
kind: Config
current-context: lab
contexts:
  - { name: lab, context: { cluster: lab, user: admin } }
  - { name: edge, context: { cluster: edge, user: admin } }
  - { name: half, context: { cluster: lab, user: nobody } }
  - { name: none, context: { cluster: gone, user: admin } }
clusters:
  - { name: lab, cluster: { server: 'https://lab:6443' } }
  - { name: edge, cluster: { server: 'https://edge:6443' } }
users:
  - { name: admin, user: { token: secret } }
`

describe('loadKubeConfig', () => {
  it('takes the current context of a file', () => {
    const path = kubeconfig('current', twoContexts)
    expect(clusterIn(loadKubeConfig({ kubeconfig: path }))?.server).toBe('https://lab:6443')
  })

  it('takes the named context', () => {
    const path = kubeconfig('named', twoContexts)
    const loaded = loadKubeConfig({ kubeconfig: path, context: 'edge' })
    expect(clusterIn(loaded)?.server).toBe('https://edge:6443')
  })

  describe('with several files in KUBECONFIG', () => {
    const one = (context: string, server: string, token = 'secret'): string => `
apiVersion: v1
kind: Config
current-context: ${context}
contexts: [{ name: ${context}, context: { cluster: kubernetes, user: kubernetes-admin } }]
clusters: [{ name: kubernetes, cluster: { server: '${server}' } }]
users: [{ name: kubernetes-admin, user: { token: ${token} } }]
`

    it('takes the current context of the first, and the first entry of a name, as kubectl does', () => {
      const a = kubeconfig('a', one('first', 'https://a:6443', 'of-a'))
      const b = kubeconfig('b', one('second', 'https://b:6443', 'of-b'))
      const loaded = loadKubeConfig({ kubeconfigList: [a, b].join(delimiter) })
      expect(loaded.currentContext).toBe('first')
      expect(clusterIn(loaded)?.server).toBe('https://a:6443')
      expect(userIn(loaded)?.token).toBe('of-a')
      const other = loadKubeConfig({ context: 'second', kubeconfigList: [a, b].join(delimiter) })
      expect(clusterIn(other)?.server).toBe('https://a:6443')
    })

    it('skips what is missing or empty', () => {
      const b = kubeconfig('only', one('only', 'https://b:6443'))
      const list = [join(directory, 'not-there'), kubeconfig('empty', ''), '', b].join(delimiter)
      expect(clusterIn(loadKubeConfig({ kubeconfigList: list }))?.server).toBe('https://b:6443')
    })

    it('says so if there is none of them', () => {
      expect(() => loadKubeConfig({ kubeconfigList: '/no/such/file' })).toThrow(
        'kubeconfig /no/such/file cannot be read: there is no such file',
      )
    })

    it('names the very file that cannot be read', () => {
      const broken = kubeconfig('broken', 'contexts: [')
      const list = [kubeconfig('fine', one('fine', 'https://a:6443')), broken].join(delimiter)
      expect(() => loadKubeConfig({ kubeconfigList: list })).toThrow(`kubeconfig ${broken} cannot be read: `)
    })

    it('leaves them alone if a file is named', () => {
      const path = kubeconfig('chosen', one('chosen', 'https://c:6443'))
      expect(loadKubeConfig({ kubeconfig: path, kubeconfigList: '/no/such/file' }).currentContext).toBe(
        'chosen',
      )
    })
  })

  it('names the file it cannot read', () => {
    expect(() => loadKubeConfig({ kubeconfig: '/no/such/file' })).toThrow(
      "kubeconfig /no/such/file cannot be read: ENOENT: no such file or directory, open '/no/such/file'",
    )
  })

  it.each([
    { text: '[1, 2', words: 'unexpected end of the stream within a flow collection, line 1' },
    { text: 'a: b\na: secret', words: 'duplicated mapping key, line 2' },
    { text: 'a: *secret', words: 'unidentified alias, line 1' },
    { text: 'a: !secret b', words: 'unknown scalar tag, line 1' },
    { text: 'a: !secret!x b', words: 'undeclared tag handle, line 1' },
    { text: 'a: !^secret b', words: 'tag name cannot contain such characters, line 1' },
    { text: 'users: [{}]', words: 'users[0].name is missing' },
    {
      text: 'users: [{ name: me, user: { token: 17 } }]',
      words: 'users[0].user.token is no text, expected it in quotes',
    },
    { text: 'clusters: [{ name: lab }]', words: 'clusters[0].cluster is missing' },
    { text: 'clusters: [{ name: lab, cluster: {} }]', words: 'clusters[0].cluster.server is missing' },
    { text: 'contexts: [{ name: lab }]', words: 'contexts[0].context is missing' },
    { text: 'contexts: [{ name: lab, context: {} }]', words: 'contexts[0].context.cluster is missing' },
    { text: 'null', words: 'it is not a kubeconfig' },
    { text: 'secret', words: 'it is not a kubeconfig' },
  ])('says of a file that is no kubeconfig: $words', ({ text, words }) => {
    const path = kubeconfig('faulty', text)
    const message = `kubeconfig ${path} cannot be read: ${words}`
    expect(() => loadKubeConfig({ kubeconfig: path })).toThrow(new Error(message))
  })

  it.each<[string, (secret: string) => string]>([
    [
      'a list that does not end',
      (secret) => `users:\n- name: a\n  user:\n    token: ${secret}\n    broken: [\ncontexts: []\n`,
    ],
    [
      'a quote that does not end',
      (secret) => `users:\n- name: a\n  user:\n    token: "${secret}\ncontexts: []\n`,
    ],
    ['JSON that does not end', (secret) => `{"users":[{"name":"a","user":{"token":"${secret}"}]}`],
    ['a key twice', (secret) => `users:\n- name: a\n  user: {token: ${secret}, token: b}\n`],
    ['an alias', (secret) => `users:\n- name: a\n  user: {password: *${secret}}\n`],
    ['a tag', (secret) => `users:\n- name: a\n  user: {password: !${secret}}\n`],
    ['a wrong tag', (secret) => `users:\n- name: a\n  user: {password: !^${secret}}\n`],
    ['a tag handle', (secret) => `users:\n- name: a\n  user: {password: !${secret}!}\n`],
    ['nothing but the secret', (secret) => secret],
  ])('names a file with a fault near a secret without the secret: %s', (_, contents) => {
    const secrets = plantedSecrets()
    const path = kubeconfig('near-secret', contents(secrets.plant('credentials')))
    const error = thrownBy(() => loadKubeConfig({ kubeconfig: path }))
    expect(error.message).toContain(path)
    expect(secrets.leaksIn(inspect(error, { depth: 10 }))).toEqual([])
  })

  it('names the available contexts if the requested one is missing', () => {
    const path = kubeconfig('missing', twoContexts)
    expect(() => loadKubeConfig({ kubeconfig: path, context: 'lap' })).toThrow(
      `kubeconfig ${path} has no context lap: it has edge, half, lab, none`,
    )
  })

  it('names both ways to choose a context if none is chosen', () => {
    const path = kubeconfig('unchosen', twoContexts.replace(/^current-context:.*$/m, ''))
    expect(() => loadKubeConfig({ kubeconfig: path })).toThrow(
      `kubeconfig ${path} names no current-context, and --context is not given: it has edge, half, lab, none`,
    )
  })

  it.each([
    { context: 'half', what: 'user nobody' },
    { context: 'none', what: 'cluster gone' },
  ])('says that the context names a missing $what', ({ context, what }) => {
    const path = kubeconfig('half', twoContexts)
    expect(() => loadKubeConfig({ kubeconfig: path, context })).toThrow(
      `kubeconfig ${path}, context ${context}: there is no ${what}`,
    )
  })

  it('reports a file without contexts', () => {
    const path = kubeconfig('empty', 'apiVersion: v1\nkind: Config\n')
    expect(() => loadKubeConfig({ kubeconfig: path })).toThrow(`kubeconfig ${path} has no `)
  })
})
