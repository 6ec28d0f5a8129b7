import type { ConnectionOptions } from '@temporalio/client'
import type { NativeConnectionOptions } from '@temporalio/worker'
import { proxyRouteTo, type ProxyRoute } from '../../domain/proxy-route.ts'
import type { NamedProxy, ProxySettings } from '../../domain/proxy-settings.ts'

/** Of a proxy whose URL names none. */
const defaultProxyPort = '80'

/**
 * Decides which proxy leads to Temporal. As gRPC's Go clients and the `temporal` CLI do, it goes by HTTPS_PROXY, with or
 * without TLS.
 *
 * @throws Error if it is a kind of proxy through which no client of Temporal can connect
 */
export function temporalRoute(address: string, proxies: ProxySettings): ProxyRoute {
  const url = URL.parse(`https://${address}`)
  const route = url === null ? ({ direct: true } as const) : proxyRouteTo(url, proxies)
  if ('through' in route && route.through.url.protocol !== 'http:') {
    const { variable, url: proxy } = route.through
    throw new Error(
      `${variable} is ${proxy.protocol}//${proxy.host}, expected http://HOST:PORT for Temporal at ${address}; add its host to NO_PROXY to connect directly`,
    )
  }
  return route
}

/** Options of the native connection, which reads no environment. */
export function nativeProxy(route: ProxyRoute): Pick<NativeConnectionOptions, 'proxy'> {
  if (!('through' in route)) return {}
  const { through } = route
  const [username, password] = userOf(through)
  const basicAuth = username === '' ? {} : { basicAuth: { username, password } }
  return { proxy: { type: 'http-connect', targetHost: hostOf(through), ...basicAuth } }
}

/**
 * Options of a gRPC connection of JavaScript, which would read the environment in a way of its own. They are what it
 * derives from the environment itself: it connects to the proxy, and asks it for the target.
 */
export function grpcChannelThrough(
  route: ProxyRoute,
  address: string,
): Pick<ConnectionOptions, 'address' | 'channelArgs'> {
  const withoutEnvironment = { 'grpc.enable_http_proxy': 0 }
  if (!('through' in route)) return { channelArgs: withoutEnvironment }
  const { through } = route
  const [username, password] = userOf(through)
  return {
    address: hostOf(through),
    channelArgs: {
      ...withoutEnvironment,
      'grpc.http_connect_target': `dns:${address}`,
      'grpc.default_authority': address,
      ...(username !== '' && { 'grpc.http_connect_creds': `${username}:${password}` }),
    },
  }
}

function hostOf({ url }: NamedProxy): string {
  return `${url.hostname}:${url.port || defaultProxyPort}`
}

function userOf({ url }: NamedProxy): readonly [string, string] {
  return [decodeURIComponent(url.username), decodeURIComponent(url.password)]
}
