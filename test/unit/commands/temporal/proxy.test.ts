import { describe, expect, it } from '@jest/globals'
import { grpcChannelThrough, nativeProxy, temporalRoute } from '../../../../src/commands/temporal/proxy.ts'
import { readProxySettings } from '../../../../src/domain/proxy-settings.ts'

function routeWith(env: Readonly<Record<string, string>>): ReturnType<typeof temporalRoute> {
  return temporalRoute('temporal.example:7233', readProxySettings(env, []))
}

describe('the proxy of Temporal', () => {
  it('is that of HTTPS_PROXY, for the Worker and for commands', () => {
    const route = routeWith({ HTTPS_PROXY: 'http://me:p%40ss@proxy:3128', HTTP_PROXY: 'http://other:1' })
    expect(nativeProxy(route)).toEqual({
      proxy: {
        type: 'http-connect',
        targetHost: 'proxy:3128',
        basicAuth: { username: 'me', password: 'p@ss' },
      },
    })
    expect(grpcChannelThrough(route, 'temporal.example:7233')).toEqual({
      address: 'proxy:3128',
      channelArgs: {
        'grpc.enable_http_proxy': 0,
        'grpc.http_connect_target': 'dns:temporal.example:7233',
        'grpc.default_authority': 'temporal.example:7233',
        'grpc.http_connect_creds': 'me:p@ss',
      },
    })
  })

  it('listens on port 80 if its URL has none', () => {
    const route = routeWith({ https_proxy: 'proxy' })
    expect(nativeProxy(route)).toEqual({ proxy: { type: 'http-connect', targetHost: 'proxy:80' } })
  })

  it.each([{}, { HTTP_PROXY: 'http://proxy:1' }, { HTTPS_PROXY: 'http://proxy:1', NO_PROXY: '.example' }])(
    'is none with %j, also for gRPC, which reads the environment in a way of its own',
    (env) => {
      const route = routeWith(env)
      expect(nativeProxy(route)).toEqual({})
      expect(grpcChannelThrough(route, 'temporal.example:7233')).toEqual({
        channelArgs: { 'grpc.enable_http_proxy': 0 },
      })
    },
  )

  it.each(['https://me:secret@proxy:3128', 'socks5://me:secret@proxy:3128'])(
    'cannot be %s, which is said without the password',
    (value) => {
      const shown = value.replace('me:secret@', '')
      expect(() => routeWith({ HTTPS_PROXY: value })).toThrow(
        new Error(
          `HTTPS_PROXY is ${shown}, expected http://HOST:PORT for Temporal at temporal.example:7233; add its host to NO_PROXY to connect directly`,
        ),
      )
      expect(routeWith({ HTTPS_PROXY: value, NO_PROXY: 'temporal.example' })).toHaveProperty('past')
    },
  )
})
