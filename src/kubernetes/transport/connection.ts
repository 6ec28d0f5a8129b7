import type { Dispatcher } from 'undici'
import { nonEmptyStringOf, objectOf, type JsonObject } from '../../domain/model/decode.ts'
import { fieldManager } from '../../domain/names.ts'
import { proxyRouteTo, type ProxyRoute } from '../../domain/proxy-route.ts'
import { noProxies, type ProxySettings } from '../../domain/proxy-settings.ts'
import type { Log } from '../../observability/log.ts'
import type { KubernetesError } from '../errors.ts'
import { httpRequestFor, type ApiRequest, type Verb } from './api-request.ts'
import type { CredentialSource } from './credentials.ts'
import { before, deadlineAfter } from './deadline.ts'
import { createDispatchers, type Dispatchers } from './dispatchers.ts'
import { clusterIn, type KubeConfig } from './kube-config-fields.ts'
import { createRenewingCredentials } from './renewing-credentials.ts'
import { errorFromResponse, toKubernetesError } from './to-kubernetes-error.ts'

const defaultTimeoutMs = 10_000
/** Longest time for a connection attempt, since requests queue behind it. */
const longestConnectMs = 5_000
/** Between two checks whether the files of the credentials have changed. */
const defaultCheckMs = 5_000

/** A connection to one API server. Every method rejects with KubernetesErrors only. */
export interface KubernetesConnection {
  /** Sends a request over a shared connection and reads the response. */
  request(request: ApiRequest): Promise<JsonObject>
  /** Opens a watch on its own connection, so that no dead one is reused. Reading fails after `silenceMs` without a byte. */
  open(request: ApiRequest, silenceMs: number): Promise<OpenWatch>
  /** Waits for running requests, then closes the shared connections. Watches end by their signals. */
  close(): Promise<void>
}

/** Must be closed. */
export interface OpenWatch {
  readonly body: AsyncIterable<Uint8Array>
  close(): Promise<void>
}

/** How a request ended, for metrics and traces. */
export interface RequestOutcome {
  readonly verb: Verb
  /** Plural; `apiresources` for the discovery of API versions. */
  readonly resource: string
  /** HTTP status; 0 without a response. */
  readonly code: number
  /** Until the response was read or, for a watch, opened. */
  readonly seconds: number
  /** The `Date` header of the response: the server's clock in whole seconds. */
  readonly serverDate?: string | undefined
  readonly action: string
  /** Undefined if the request succeeded or was aborted by its signal. */
  readonly failure: KubernetesError | undefined
}

export interface ConnectionOptions {
  readonly kubeConfig: KubeConfig
  /** What the kubeconfig was read from, for messages. */
  readonly origin?: string
  /** Reads the kubeconfig again. Default: only the files that it names are read again. */
  readonly reload?: () => KubeConfig
  /** Of the environment; a `proxy-url` of the kubeconfig goes before them. Default: none. */
  readonly proxies?: ProxySettings
  /** Receives which credentials were read again, or cannot be used. */
  readonly log?: Pick<Log, 'info' | 'warn'> | undefined
  /** Milliseconds between two checks of these files. */
  readonly credentialsCheckMs?: number
  /** Version of this product, for the User-Agent. */
  readonly version: string
  /** Time limit for one request, including the wait for a free connection. Default 10 s. */
  readonly timeoutMs?: number
  readonly onRequest?: ((outcome: RequestOutcome) => void) | undefined
}

/** Connects to the API server of the current context. Nothing is sent before the first request. */
export function connectTo(options: ConnectionOptions): KubernetesConnection {
  const { version, timeoutMs = defaultTimeoutMs } = options
  const url = serverOf(options)
  const dispatchers = createDispatchers(url.href, Math.min(timeoutMs, longestConnectMs))
  const proxyOfEnvironment = proxyIn(proxyRouteTo(url, options.proxies ?? noProxies))
  const target = { url, version, dispatchers, proxyOfEnvironment }
  const { credentials, stop } = followCredentials(options, target)
  const server = { ...target, credentials }
  const running = new Set<Promise<unknown>>()

  /** Sends a request and hands the response to `read`, within the time limit. */
  async function exchange<T>(
    request: ApiRequest,
    route: Route,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const deadline = deadlineAfter(timeoutMs, request.signal)
    const started = performance.now()
    let code = 0
    let serverDate: string | undefined
    let failure: KubernetesError | undefined
    try {
      const response = await send(server, request, route, deadline.signal)
      code = response.statusCode
      serverDate = nonEmptyStringOf(response.headers['date'])
      return await read(response)
    } catch (error) {
      if (deadline.isOver()) dispatchers.renew()
      const thrown = toKubernetesError(error, request.action)
      if (request.signal?.aborted !== true) failure = thrown
      throw thrown
    } finally {
      deadline.clear()
      const seconds = (performance.now() - started) / 1000
      const { verb, resource, action } = request
      options.onRequest?.({ verb, resource, action, code, seconds, serverDate, failure })
    }
  }

  return {
    async request(request) {
      const route = { connection: 'shared', bodyTimeout: 0 } as const
      const exchanged = exchange(request, route, (response) => readObject(request.action, response))
      running.add(exchanged)
      return exchanged.finally(() => running.delete(exchanged))
    },
    open: (request, silenceMs) =>
      exchange(request, { connection: 'fresh', bodyTimeout: silenceMs }, (response) =>
        openWatch(request.action, response),
      ),
    async close() {
      stop()
      await Promise.allSettled(running)
      await dispatchers.destroy()
    },
  }
}

function serverOf({ kubeConfig, origin = 'kubeconfig' }: ConnectionOptions): URL {
  const cluster = clusterIn(kubeConfig)
  if (cluster === undefined) throw new Error(`${origin}: the current context has no cluster`)
  const url = URL.parse(cluster.server)
  // The error of the language quotes the address, which may hold a password.
  if (url === null) throw new Error(`${origin}: the server is no URL, expected https://…`)
  return url
}

/** Reads the credentials, and again as long as the connection is open. */
function followCredentials(
  {
    kubeConfig,
    origin = 'kubeconfig',
    reload = () => kubeConfig,
    log,
    credentialsCheckMs,
    timeoutMs = defaultTimeoutMs,
  }: ConnectionOptions,
  target: Omit<Server, 'credentials'>,
): { readonly credentials: CredentialSource; readonly stop: () => void } {
  const credentials = createRenewingCredentials({
    kubeConfig,
    origin,
    reload,
    verify: (changed) => verify({ ...target, credentials: changed }, timeoutMs),
    log,
  })
  const checks = setInterval(() => void credentials.check(), credentialsCheckMs ?? defaultCheckMs).unref()
  return { credentials, stop: () => clearInterval(checks) }
}

/** How the current context of a kubeconfig is reached; its `proxy-url` goes before the environment. */
export function apiServerRoute(kubeConfig: KubeConfig, proxies: ProxySettings): ProxyRoute {
  const { server = '', proxyUrl } = clusterIn(kubeConfig) ?? {}
  const url = URL.parse(server)
  const ofKubeconfig = proxyUrl ? URL.parse(proxyUrl) : null
  if (ofKubeconfig !== null)
    return { through: { variable: 'proxy-url of the kubeconfig', url: ofKubeconfig } }
  return url === null ? { direct: true } : proxyRouteTo(url, proxies)
}

function proxyIn(route: ProxyRoute): string | undefined {
  return 'through' in route ? route.through.url.href : undefined
}

const versionRequest: ApiRequest = {
  verb: 'get',
  resource: 'version',
  action: 'get the version with the changed credentials',
  path: '/version',
}

/** Everybody who is authenticated may read the version, or is refused it as somebody. */
async function verify(server: Server, timeoutMs: number): Promise<void> {
  const deadline = deadlineAfter(timeoutMs)
  const route = { connection: 'fresh', bodyTimeout: 0 } as const
  try {
    const response = await send(server, versionRequest, route, deadline.signal)
    const body = await response.body.text()
    await response.dispatcher.destroy()
    if (response.statusCode === 401 || response.statusCode >= 500) {
      throw errorFromResponse(versionRequest.action, { ...response, body })
    }
  } catch (error) {
    throw toKubernetesError(error, versionRequest.action)
  } finally {
    deadline.clear()
  }
}

interface Server {
  readonly url: URL
  readonly proxyOfEnvironment: string | undefined
  readonly version: string
  readonly credentials: CredentialSource
  readonly dispatchers: Dispatchers
}

interface Route {
  readonly connection: 'shared' | 'fresh'
  /** Milliseconds without a byte of the response body after which reading it fails; 0: none. */
  readonly bodyTimeout: number
}

interface Response extends Dispatcher.ResponseData {
  /** The receiver of the response destroys a fresh one. */
  readonly dispatcher: Dispatcher
}

async function send(
  { url, version, credentials, dispatchers, proxyOfEnvironment }: Server,
  request: ApiRequest,
  { connection, bodyTimeout }: Route,
  signal: AbortSignal,
): Promise<Response> {
  const { headers, tls, proxyUrl = proxyOfEnvironment } = await before(signal, credentials.read())
  const dispatcher = await dispatchers[connection]({ tls, proxyUrl })
  const http = httpRequestFor(url, request)
  const responding = dispatcher.request({
    ...http,
    headers: { ...http.headers, ...headers, 'user-agent': `${fieldManager}/${version}` },
    signal,
    // The deadline covers connection, headers and, but for a watch, the body: two limits of one length would race.
    headersTimeout: 0,
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
}

async function readObject(action: string, response: Response): Promise<JsonObject> {
  const body = await response.body.text()
  if (!isSuccess(response)) throw errorFromResponse(action, { ...response, body })
  return objectOf(JSON.parse(body))
}

async function openWatch(action: string, response: Response): Promise<OpenWatch> {
  const { dispatcher } = response
  if (isSuccess(response)) return { body: response.body, close: () => dispatcher.destroy() }
  const body = await response.body.text()
  await dispatcher.destroy()
  throw errorFromResponse(action, { ...response, body })
}

function isSuccess(response: Response): boolean {
  return response.statusCode >= 200 && response.statusCode < 300
}
