import type { KubeConfig } from '@kubernetes/client-node'
import type { Dispatcher } from 'undici'
import { fieldManager } from '../../domain/names.ts'
import { httpRequestFor, type ApiRequest } from './api-request.ts'
import { createCredentialSource } from './credentials.ts'
import { before } from './deadline.ts'
import { createDispatchers } from './dispatchers.ts'

/** Longest time for a connection attempt, since requests queue behind it. */
const longestConnectMs = 5_000

/** How to send a request. */
export interface Route {
  readonly connection: 'shared' | 'fresh'
  /** Milliseconds without a byte of the response body after which reading it fails. */
  readonly bodyTimeout: number
}

export interface Response extends Dispatcher.ResponseData {
  /** The caller destroys a fresh one. */
  readonly dispatcher: Dispatcher
}

/** Sends requests with the credentials of a kubeconfig. */
export interface Sender {
  send(request: ApiRequest, route: Route, signal: AbortSignal): Promise<Response>
  /** Replaces the shared connections, after one timed out. */
  renewConnections(): void
  close(): Promise<void>
}

/** @param version of this product, for the User-Agent */
export function createSender(kubeConfig: KubeConfig, version: string, timeoutMs: number): Sender {
  const cluster = kubeConfig.getCurrentCluster()
  if (cluster === null) throw new Error('kubeconfig: the current context has no cluster')
  const server = new URL(cluster.server)
  const credentials = createCredentialSource(kubeConfig)
  const dispatchers = createDispatchers(kubeConfig, cluster, Math.min(timeoutMs, longestConnectMs))
  return {
    async send(request, { connection, bodyTimeout }, signal) {
      const { headers, tls } = await before(signal, credentials.read())
      const dispatcher = await dispatchers[connection](tls)
      const http = httpRequestFor(server, request)
      const responding = dispatcher.request({
        ...http,
        headers: { ...http.headers, ...headers, 'user-agent': `${fieldManager}/${version}` },
        signal,
        headersTimeout: timeoutMs,
        bodyTimeout,
      })
      try {
        // undici checks the signal only once it has a connection.
        const response = await before(signal, responding)
        if (response.statusCode === 401) credentials.renew()
        return { ...response, dispatcher }
      } catch (error) {
        if (connection === 'fresh') await dispatcher.destroy()
        throw error
      }
    },
    renewConnections: () => dispatchers.renew(),
    close: () => dispatchers.destroy(),
  }
}
