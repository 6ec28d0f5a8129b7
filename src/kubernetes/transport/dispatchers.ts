import { isDeepStrictEqual } from 'node:util'
import { Agent, ProxyAgent, type Dispatcher } from 'undici'
import type { TlsOptions } from './credentials.ts'
import { trustSystemRoots } from './trusted-roots.ts'

/** Connections that all requests but watches share; further concurrent requests wait. */
const sharedConnections = 8
/** Longer than undici's 4 s, to save handshakes at a claim every few seconds; shorter than the 60 s of proxies. */
const keepAliveMs = 30_000

/** How to connect: directly, or through a proxy (HTTP, HTTPS or SOCKS). */
export interface Route {
  readonly tls: TlsOptions
  readonly proxyUrl: string | undefined
}

export interface Dispatchers {
  /** Shared and kept open; replaced when the CA, the client certificate or the proxy changes. */
  shared(route: Route): Promise<Dispatcher>
  /** Replaces all shared connections after one timed out: the others are likely dead too, and each would cost a time-out. */
  renew(): void
  /** For one watch, so that no other request gets a dead connection. The caller destroys it. */
  fresh(route: Route): Promise<Dispatcher>
  /** Closes all shared connections; running requests fail. */
  destroy(): Promise<void>
}

/** @param server the URL of the API server */
export function createDispatchers(server: string, connectMs: number): Dispatchers {
  let current: { readonly route: Route; readonly dispatcher: Promise<Dispatcher> } | undefined
  const open = async ({ tls, proxyUrl }: Route): Promise<Dispatcher> => {
    if (needsRoots(server, { tls, proxyUrl })) trustSystemRoots()
    if (proxyUrl === undefined) return directTo(tls, connectMs)
    return proxyUrl.startsWith('socks')
      ? throughSocks(server, proxyUrl, tls)
      : throughProxy(proxyUrl, tls, connectMs)
  }
  return {
    shared({ tls, proxyUrl }) {
      const route = { tls, proxyUrl }
      if (current === undefined || !isDeepStrictEqual(current.route, route)) {
        void closeQuietly(current?.dispatcher)
        const dispatcher = open(route)
        dispatcher.catch(() => (current = undefined))
        current = { route, dispatcher }
      }
      return current.dispatcher
    },
    renew() {
      void closeQuietly(current?.dispatcher)
      current = undefined
    },
    fresh: open,
    async destroy() {
      await (await current?.dispatcher)?.destroy()
    },
  }
}

/** Whether no certificate authority is named for the server, or for a proxy: a kubeconfig names none for proxies. */
function needsRoots(server: string, { tls, proxyUrl }: Route): boolean {
  return (server.startsWith('https:') && tls.ca === undefined) || proxyUrl?.startsWith('https:') === true
}

/** HTTP/1.1: all requests would hang on one shared HTTP/2 connection that goes half-open. */
const pool = { allowH2: false, connections: sharedConnections, keepAliveTimeout: keepAliveMs }

/** The TCP keep-alive finds dead connections. */
const keptAlive = { keepAlive: true, keepAliveInitialDelay: 30_000 }

function directTo(tls: TlsOptions, timeout: number): Dispatcher {
  return new Agent({ ...pool, connect: { ...tls, ...keptAlive, timeout } })
}

function throughProxy(uri: string, tls: TlsOptions, timeout: number): Dispatcher {
  return new ProxyAgent({
    ...pool,
    uri,
    requestTls: { ...tls, timeout },
    proxyTls: { ...keptAlive, timeout },
  })
}

/** Client-node, which is large, connects through SOCKS proxies, and gives its dispatcher to a request of its own. */
async function throughSocks(server: string, proxyUrl: string, tls: TlsOptions): Promise<Dispatcher> {
  const { HttpMethod, KubeConfig, RequestContext } = await import('@kubernetes/client-node')
  const { ca, cert, key, servername, rejectUnauthorized } = tls
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromClusterAndUser(
    {
      name: 'server',
      server,
      proxyUrl,
      skipTLSVerify: rejectUnauthorized === false,
      ...(ca !== undefined && { caData: base64Of(ca) }),
      ...(servername !== undefined && { tlsServerName: servername }),
    },
    {
      name: 'user',
      ...(cert !== undefined && { certData: base64Of(cert) }),
      ...(key !== undefined && { keyData: base64Of(key) }),
    },
  )
  const context = new RequestContext(server, HttpMethod.GET)
  await kubeConfig.applySecurityAuthentication(context)
  const dispatcher = context.getDispatcher()
  if (dispatcher === undefined) throw new Error('there is no connection through the SOCKS proxy')
  return dispatcher
}

/** The credentials hold texts or Buffers. */
function base64Of(pem: unknown): string {
  return Buffer.from(pem instanceof Uint8Array ? pem : String(pem)).toString('base64')
}

async function closeQuietly(dispatcher: Promise<Dispatcher> | undefined): Promise<void> {
  try {
    await (await dispatcher)?.close()
  } catch {
    // The connection was never opened.
  }
}
