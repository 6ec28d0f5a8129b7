import { isDeepStrictEqual } from 'node:util'
import { type Cluster, HttpMethod, type KubeConfig, RequestContext } from '@kubernetes/client-node'
import { Agent, type Dispatcher } from 'undici'
import { withoutOutput, type TlsOptions } from './credentials.ts'

/** Connections that all requests but watches share; further concurrent requests wait. */
const sharedConnections = 8
/** Longer than undici's 4 s, to save handshakes at a claim every few seconds; shorter than the 60 s of proxies. */
const keepAliveMs = 30_000

export interface Dispatchers {
  /** Shared and kept open; replaced when the CA or the client certificate changes. */
  shared(tls: TlsOptions): Promise<Dispatcher>
  /** Replaces all shared connections after one timed out: the others are likely dead too, and each would cost a time-out. */
  renew(): void
  /** For one watch, so that no other request gets a dead connection. The caller destroys it. */
  fresh(tls: TlsOptions): Promise<Dispatcher>
  /** Closes all shared connections; running requests fail. */
  destroy(): Promise<void>
}

export function createDispatchers(kubeConfig: KubeConfig, cluster: Cluster, connectMs: number): Dispatchers {
  let current: { readonly tls: TlsOptions; readonly dispatcher: Promise<Dispatcher> } | undefined
  const open = (tls: TlsOptions): Promise<Dispatcher> =>
    cluster.proxyUrl === undefined
      ? Promise.resolve(directTo(tls, connectMs))
      : throughProxy(kubeConfig, cluster)
  return {
    shared(tls) {
      if (current === undefined || !isDeepStrictEqual(current.tls, tls)) {
        void closeQuietly(current?.dispatcher)
        const dispatcher = open(tls)
        dispatcher.catch(() => (current = undefined))
        current = { tls, dispatcher }
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

/** HTTP/1.1: all requests would hang on one shared HTTP/2 connection that goes half-open. */
function directTo(tls: TlsOptions, connectMs: number): Dispatcher {
  return new Agent({
    allowH2: false,
    connections: sharedConnections,
    keepAliveTimeout: keepAliveMs,
    connect: { ...tls, timeout: connectMs, keepAlive: true, keepAliveInitialDelay: 30_000 },
  })
}

/** client-node connects through a `proxy-url` (HTTP or SOCKS) of the kubeconfig. */
async function throughProxy(kubeConfig: KubeConfig, cluster: Cluster): Promise<Dispatcher> {
  const context = new RequestContext(cluster.server, HttpMethod.GET)
  try {
    await kubeConfig.applySecurityAuthentication(context)
  } catch (error) {
    throw withoutOutput(error, kubeConfig.getCurrentUser())
  }
  const dispatcher = context.getDispatcher()
  if (dispatcher === undefined)
    throw new Error('there is no connection through the proxy-url of the kubeconfig')
  return dispatcher
}

async function closeQuietly(dispatcher: Promise<Dispatcher> | undefined): Promise<void> {
  try {
    await (await dispatcher)?.close()
  } catch {
    // The connection was never opened.
  }
}
