import { isDeepStrictEqual } from 'node:util'
import { type Cluster, HttpMethod, type KubeConfig, RequestContext } from '@kubernetes/client-node'
import { Agent, type Dispatcher } from 'undici'
import { withoutOutput, type TlsOptions } from './credentials.ts'

/** Connections that all requests share; more requests at a time wait for one of them. */
const sharedConnections = 8
/** Longer than undici's 4 s, so that a claim per few seconds needs no handshake each; shorter than proxies' 60 s. */
const keepAliveMs = 30_000

/** Hands out connections to the API server. */
export interface Dispatchers {
  /** Kept open and shared. Made anew when CA or client certificate have changed. */
  shared(tls: TlsOptions): Promise<Dispatcher>
  /**
   * Shares no connection any more that is open now: one of them has been silent for too long, so that
   * the others are likely to be dead as well, and each would cost a request its whole time.
   */
  renew(): void
  /** For one watch: a connection that has died cannot be handed to the next. To be destroyed by the caller. */
  fresh(tls: TlsOptions): Promise<Dispatcher>
  /** Closes all shared connections; requests that still run on them fail. */
  destroy(): Promise<void>
}

/** Makes the Dispatchers of a kubeconfig's current cluster. */
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

/** HTTP/1.1: over one shared HTTP/2 connection that goes half-open, every later request would hang. */
function directTo(tls: TlsOptions, connectMs: number): Dispatcher {
  return new Agent({
    allowH2: false,
    connections: sharedConnections,
    keepAliveTimeout: keepAliveMs,
    connect: { ...tls, timeout: connectMs, keepAlive: true, keepAliveInitialDelay: 30_000 },
  })
}

/** A kubeconfig's `proxy-url` (HTTP or SOCKS) is client-node's to connect through. */
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
    // A connection that never opened has nothing to close.
  }
}
