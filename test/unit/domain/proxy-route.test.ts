import { describe, expect, it } from '@jest/globals'
import { describeRoute, proxyRouteTo, type ProxyRoute } from '../../../src/domain/proxy-route.ts'
import { noProxies, readProxySettings } from '../../../src/domain/proxy-settings.ts'

type Environment = Readonly<Record<string, string>>

function routeTo(target: string, env: Environment): ProxyRoute {
  return proxyRouteTo(new URL(target), readProxySettings(env, []))
}

function proxyOf(target: string, env: Environment): string | undefined {
  const route = routeTo(target, env)
  return 'through' in route ? `${route.through.variable} ${route.through.url.href}` : undefined
}

function faultsOf(env: Environment): readonly string[] {
  const faults: string[] = []
  readProxySettings(env, faults)
  return faults
}

describe('the proxy of a target', () => {
  it.each<[string, Environment, string | undefined]>([
    ['https://a.example', {}, undefined],
    ['https://a.example', { HTTPS_PROXY: 'http://proxy:3128' }, 'HTTPS_PROXY http://proxy:3128/'],
    ['https://a.example', { https_proxy: 'http://proxy:3128' }, 'https_proxy http://proxy:3128/'],
    [
      'https://a.example',
      { HTTPS_PROXY: 'http://a:1', https_proxy: 'http://b:1' },
      'HTTPS_PROXY http://a:1/',
    ],
    ['https://a.example', { HTTPS_PROXY: '', https_proxy: 'http://b:1' }, 'https_proxy http://b:1/'],
    ['https://a.example', { HTTP_PROXY: 'http://proxy:3128' }, undefined],
    ['http://a.example', { HTTP_PROXY: 'http://proxy:3128' }, 'HTTP_PROXY http://proxy:3128/'],
    ['http://a.example', { HTTPS_PROXY: 'http://proxy:3128' }, undefined],
    ['https://a.example', { ALL_PROXY: 'http://proxy:3128' }, undefined],
    ['https://a.example', { HTTPS_PROXY: 'proxy:3128' }, 'HTTPS_PROXY http://proxy:3128/'],
    ['https://a.example', { HTTPS_PROXY: '10.0.0.1:3128' }, 'HTTPS_PROXY http://10.0.0.1:3128/'],
    ['https://a.example', { HTTPS_PROXY: 'socks5://proxy:1080' }, 'HTTPS_PROXY socks5://proxy:1080'],
    ['https://localhost:6443', { HTTPS_PROXY: 'http://proxy:3128' }, undefined],
    ['https://127.8.9.1:6443', { HTTPS_PROXY: 'http://proxy:3128' }, undefined],
    ['https://[::1]:6443', { HTTPS_PROXY: 'http://proxy:3128' }, undefined],
  ])('%s with %j: %s', (target, env, expected) => {
    expect(proxyOf(target, env)).toBe(expected)
  })

  it.each<[string, string, boolean]>([
    ['https://a.example', 'a.example', true],
    ['https://a.example', 'b.example', false],
    ['https://sub.a.example', 'a.example', true],
    ['https://suba.example', 'a.example', false],
    ['https://a.example', '.example', true],
    ['https://example', '.example', false],
    ['https://a.example', '*.example', true],
    ['https://A.EXAMPLE', 'a.Example', true],
    ['https://a.example', ' b.example , a.example ', true],
    ['https://a.example:6443', 'a.example:6443', true],
    ['https://a.example:6443', 'a.example:443', false],
    ['https://a.example', 'a.example:443', true],
    ['http://a.example', 'a.example:80', true],
    ['https://10.1.2.3', '10.1.2.3', true],
    ['https://10.1.2.3', '10.1.2.4', false],
    ['https://10.1.2.3:6443', '10.1.2.3:6443', true],
    ['https://10.1.2.3', '10.0.0.0/8', true],
    ['https://10.1.2.3', '10.2.0.0/16', false],
    ['https://a.example', '10.0.0.0/8', false],
    ['https://[fd00::1]', 'fd00::/8', true],
    ['https://[fd00::1]', 'fd00::1', true],
    ['https://[fd00::1]:6443', '[fd00:0::1]:6443', true],
    ['https://[fd00::1]', '[fd00::2]', false],
    ['https://[fd00::1]', '10.0.0.0/8', false],
    ['https://a.example', '*', true],
    ['https://a.example', '', false],
    ['https://a.example', ',,', false],
    ['https://a.example', '300.1.1.1/8', false],
  ])('%s is reached without it where NO_PROXY is %s: %s', (target, list, isPast) => {
    for (const variable of ['NO_PROXY', 'no_proxy']) {
      const env = { HTTPS_PROXY: 'http://proxy:1', HTTP_PROXY: 'http://proxy:1', [variable]: list }
      expect(proxyOf(target, env) === undefined).toBe(isPast)
    }
  })
})

describe('a proxy that cannot be read', () => {
  it.each(['ftp://me:secret@proxy:21', 'http://', 'http://proxy:port', 'socks4://proxy:1080', 'a b'])(
    'is a fault that names the variable and not the value: %s',
    (value) => {
      expect(faultsOf({ HTTPS_PROXY: value })).toEqual([
        'HTTPS_PROXY cannot be read, expected a URL such as http://proxy:3128',
      ])
    },
  )

  it('is a fault each', () => {
    expect(faultsOf({ https_proxy: 'ftp://a', HTTP_PROXY: 'http://' })).toEqual([
      'https_proxy cannot be read, expected a URL such as http://proxy:3128',
      'HTTP_PROXY cannot be read, expected a URL such as http://proxy:3128',
    ])
  })
})

describe('a route in words', () => {
  it.each<[string, Environment, string]>([
    ['https://a.example', {}, ''],
    [
      'https://a.example',
      { HTTPS_PROXY: 'http://me:secret@proxy:3128' },
      ', through the proxy http://proxy:3128 (HTTPS_PROXY)',
    ],
    [
      'https://a.example',
      { https_proxy: 'proxy', no_proxy: 'example' },
      ', without the proxy http://proxy (https_proxy) because of no_proxy',
    ],
    [
      'https://127.0.0.1',
      { HTTPS_PROXY: 'http://proxy:3128' },
      ', without the proxy http://proxy:3128 (HTTPS_PROXY) because of its local address',
    ],
  ])('says how %s is reached with %j, without a password', (target, env, words) => {
    expect(describeRoute(routeTo(target, env))).toBe(words)
  })

  it('is empty without any setting', () => {
    expect(describeRoute(proxyRouteTo(new URL('https://a.example'), noProxies))).toBe('')
  })
})
