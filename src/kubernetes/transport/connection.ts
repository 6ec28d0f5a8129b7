import type { KubeConfig } from '@kubernetes/client-node'
import type { Dispatcher } from 'undici'
import { nonEmptyStringOf, objectOf, type JsonObject } from '../../domain/model/decode.ts'
import type { ApiRequest, Verb } from './api-request.ts'
import { deadlineAfter } from './deadline.ts'
import { createSender, type Response, type Route } from './sender.ts'
import type { KubernetesError } from '../errors.ts'
import { errorFromResponse, toKubernetesError } from './to-kubernetes-error.ts'

const defaultTimeoutMs = 10_000

/** A connection to one API server. Every method rejects with KubernetesErrors only. */
export interface KubernetesConnection {
  /** Sends a request over a shared connection and reads the response. */
  request(request: ApiRequest): Promise<JsonObject>
  /**
   * Opens a watch on its own connection, so that a dead one is never reused. Reading the body fails after `silenceMs`
   * without a byte, or when the request's signal is aborted.
   */
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
  /** As in ApiRequest. */
  readonly action: string
  /** Undefined if the request succeeded or was aborted by its signal. */
  readonly failure: KubernetesError | undefined
}

export interface ConnectionOptions {
  readonly kubeConfig: KubeConfig
  /** Version of this product, for the User-Agent. */
  readonly version: string
  /** Time limit for one request, including the wait for a free connection. Default 10 s. */
  readonly timeoutMs?: number
  readonly onRequest?: ((outcome: RequestOutcome) => void) | undefined
}

/** Connects to the API server of the current context. Nothing is sent before the first request. */
export function connectTo(options: ConnectionOptions): KubernetesConnection {
  const { timeoutMs = defaultTimeoutMs } = options
  const sender = createSender(options.kubeConfig, options.version, timeoutMs)
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
      const response = await sender.send(request, route, deadline.signal)
      code = response.statusCode
      serverDate = nonEmptyStringOf(response.headers['date'])
      return await read(response)
    } catch (error) {
      if (deadline.isOver()) sender.renewConnections()
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
      const route = { connection: 'shared', bodyTimeout: timeoutMs } as const
      const exchanged = exchange(request, route, (response) => readObject(request.action, response))
      running.add(exchanged)
      return exchanged.finally(() => running.delete(exchanged))
    },
    open: (request, silenceMs) =>
      exchange(request, { connection: 'fresh', bodyTimeout: silenceMs }, (response) =>
        openWatch(request.action, response),
      ),
    async close() {
      await Promise.allSettled(running)
      await sender.close()
    },
  }
}

async function readObject(action: string, response: Dispatcher.ResponseData): Promise<JsonObject> {
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

function isSuccess(response: Dispatcher.ResponseData): boolean {
  return response.statusCode >= 200 && response.statusCode < 300
}
