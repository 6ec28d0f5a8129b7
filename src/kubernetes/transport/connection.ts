import type { KubeConfig } from '@kubernetes/client-node'
import type { Dispatcher } from 'undici'
import { nonEmptyStringOf, objectOf, type JsonObject } from '../../domain/model/decode.ts'
import { fieldManager } from '../../domain/names.ts'
import { httpRequestFor, type ApiRequest, type Verb } from './api-request.ts'
import { createCredentialSource } from './credentials.ts'
import { before, deadlineAfter } from './deadline.ts'
import { createDispatchers } from './dispatchers.ts'
import type { KubernetesError } from '../errors.ts'
import { errorFromResponse, toKubernetesError } from './to-kubernetes-error.ts'

const defaultTimeoutMs = 10_000
/** A connection that nobody has answered by then is tried anew: requests must not queue behind it. */
const longestConnectMs = 5_000

/** The way to one API server. Every method rejects with KubernetesErrors only. */
export interface KubernetesConnection {
  /** Sends a request over a shared connection and reads the answer. */
  request(request: ApiRequest): Promise<JsonObject>
  /**
   * Opens a watch on a connection of its own, so that a dead one is never used again.
   * Reading its body fails after `silenceMs` without a byte, or with the request's signal.
   */
  open(request: ApiRequest, silenceMs: number): Promise<OpenWatch>
  /** Lets running requests end, then closes the shared connections. Watches end by their signals. */
  close(): Promise<void>
}

/** To be closed by whoever opened it. */
export interface OpenWatch {
  readonly body: AsyncIterable<Uint8Array>
  close(): Promise<void>
}

/** How a request ended, for metrics and traces. */
export interface RequestOutcome {
  readonly verb: Verb
  /** Plural; `apiresources` where the server was asked what it serves. */
  readonly resource: string
  /** HTTP status; 0 where no answer came. */
  readonly code: number
  /** Until the answer was read; of a watch, until it was open. */
  readonly seconds: number
  /** The `Date` header of the answer: the server's clock in whole seconds. */
  readonly serverDate?: string | undefined
  /** What was done to which object, as in an ApiRequest. */
  readonly action: string
  /** Why it failed; undefined where it did not, or where whoever asked gave it up. */
  readonly failure: KubernetesError | undefined
}

export interface ConnectionOptions {
  readonly kubeConfig: KubeConfig
  /** Of this product, for the User-Agent. */
  readonly version: string
  /** Longest time for one request, waiting for a free connection included. Default 10 s. */
  readonly timeoutMs?: number
  readonly onRequest?: ((outcome: RequestOutcome) => void) | undefined
}

/** Makes the way to the current context's API server. Nothing is sent before the first request. */
export function connectTo(options: ConnectionOptions): KubernetesConnection {
  const { kubeConfig, timeoutMs = defaultTimeoutMs } = options
  const cluster = kubeConfig.getCurrentCluster()
  if (cluster === null) throw new Error('kubeconfig: the current context has no cluster')
  const server = new URL(cluster.server)
  const credentials = createCredentialSource(kubeConfig)
  const dispatchers = createDispatchers(kubeConfig, cluster, Math.min(timeoutMs, longestConnectMs))

  /** Sends, and hands the answer to `read`; the time is limited until `read` is done. */
  async function exchange<T>(
    request: ApiRequest,
    kind: 'shared' | 'fresh',
    bodyTimeout: number,
    read: (answer: Answer) => Promise<T>,
  ): Promise<T> {
    const deadline = deadlineAfter(timeoutMs, request.signal)
    const started = performance.now()
    let code = 0
    let serverDate: string | undefined
    let failure: KubernetesError | undefined
    try {
      const answer = await send(request, kind, bodyTimeout, deadline.signal)
      code = answer.response.statusCode
      serverDate = nonEmptyStringOf(answer.response.headers['date'])
      if (code === 401) credentials.renew()
      return await read(answer)
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

  async function send(
    request: ApiRequest,
    kind: 'shared' | 'fresh',
    bodyTimeout: number,
    signal: AbortSignal,
  ): Promise<Answer> {
    const { headers, tls } = await before(signal, credentials.read())
    const dispatcher = await dispatchers[kind](tls)
    const http = httpRequestFor(server, request)
    const response = dispatcher.request({
      ...http,
      headers: { ...http.headers, ...headers, 'user-agent': `${fieldManager}/${options.version}` },
      signal,
      headersTimeout: timeoutMs,
      bodyTimeout,
    })
    try {
      // undici looks at the signal only once it has a connection.
      return { response: await before(signal, response), dispatcher }
    } catch (error) {
      if (kind === 'fresh') await dispatcher.destroy()
      throw error
    }
  }

  const running = new Set<Promise<unknown>>()

  return {
    async request(request) {
      const exchanged = exchange(request, 'shared', timeoutMs, ({ response }) =>
        readObject(request.action, response),
      )
      running.add(exchanged)
      return exchanged.finally(() => running.delete(exchanged))
    },
    open: (request, silenceMs) =>
      exchange(request, 'fresh', silenceMs, (answer) => openWatch(request.action, answer)),
    async close() {
      await Promise.allSettled(running)
      await dispatchers.destroy()
    },
  }
}

async function readObject(action: string, response: Dispatcher.ResponseData): Promise<JsonObject> {
  const body = await response.body.text()
  if (!isSuccess(response)) throw errorFromResponse(action, { ...response, body })
  return objectOf(JSON.parse(body))
}

async function openWatch(action: string, { response, dispatcher }: Answer): Promise<OpenWatch> {
  if (isSuccess(response)) return { body: response.body, close: () => dispatcher.destroy() }
  const body = await response.body.text()
  await dispatcher.destroy()
  throw errorFromResponse(action, { ...response, body })
}

function isSuccess(response: Dispatcher.ResponseData): boolean {
  return response.statusCode >= 200 && response.statusCode < 300
}

interface Answer {
  readonly response: Dispatcher.ResponseData
  /** What it came over. */
  readonly dispatcher: Dispatcher
}
