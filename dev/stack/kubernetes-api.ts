import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

import { Agent, request } from 'undici'

import type { StackConnection } from './connection.ts'

/** How often a request is repeated that the API server asks to repeat, as client-go does. */
const mostRetries = 10

/** A Kubernetes object, with the fields that the stack reads. */
export interface KubernetesObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
  }
}

export interface CustomResourceDefinition extends KubernetesObject {
  readonly kind: 'CustomResourceDefinition'
  readonly spec: {
    readonly group: string
    readonly names: { readonly plural: string }
    readonly versions: readonly { readonly name: string; readonly served: boolean }[]
  }
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Path with query, from the root of the API server. */
  readonly path: string
  readonly body?: unknown
  readonly contentType?: string
}

/** Sends requests to the API server as administrator. */
export interface KubernetesApi {
  /**
   * Sends one request and returns the parsed JSON of the response, which is assumed to be a `T`. A kind that has been
   * defined just now, whose watch cache is not there yet, is asked for again after the time that the API server names.
   *
   * @throws ApiError if the status is not 2xx
   */
  readonly send: <T>(apiRequest: ApiRequest) => Promise<T>
  readonly close: () => Promise<void>
}

/** The API server rejected a request. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number

  constructor(apiRequest: ApiRequest, status: number, text: string) {
    super(`${apiRequest.method} ${apiRequest.path} was answered with ${status}: ${statusMessage(text)}`)
    this.status = status
  }
}

/** A small client for the stack's own requests; close it after use. */
export function kubernetesApi(
  connection: Pick<StackConnection, 'apiServerUrl' | 'caPath' | 'token'>,
): KubernetesApi {
  const dispatcher = new Agent({ connect: { ca: readFileSync(connection.caPath, 'utf8') } })
  return {
    close: () => dispatcher.close(),
    send: async <T>(apiRequest: ApiRequest): Promise<T> => {
      for (let retries = 0; ; retries += 1) {
        const answer = await request(`${connection.apiServerUrl}${apiRequest.path}`, {
          dispatcher,
          method: apiRequest.method,
          headers: {
            authorization: `Bearer ${connection.token}`,
            ...(apiRequest.body === undefined
              ? {}
              : { 'content-type': apiRequest.contentType ?? 'application/json' }),
          },
          ...(apiRequest.body === undefined ? {} : { body: JSON.stringify(apiRequest.body) }),
        })
        const text = await answer.body.text()
        const retryAfterSeconds = Number(answer.headers['retry-after'])
        if (answer.statusCode === 429 && retryAfterSeconds > 0 && retries < mostRetries) {
          await delay(retryAfterSeconds * 1000)
          continue
        }
        if (answer.statusCode < 200 || answer.statusCode > 299) {
          throw new ApiError(apiRequest, answer.statusCode, text)
        }
        const parsed: T = JSON.parse(text)
        return parsed
      }
    },
  }
}

/** Runs `action` with a client, and closes it afterwards. */
export async function withKubernetesApi<T>(
  connection: Pick<StackConnection, 'apiServerUrl' | 'caPath' | 'token'>,
  action: (api: KubernetesApi) => Promise<T>,
): Promise<T> {
  const api = kubernetesApi(connection)
  try {
    return await action(api)
  } finally {
    await api.close()
  }
}

function statusMessage(text: string): string {
  try {
    const status: { message?: string } = JSON.parse(text)
    return status.message ?? text
  } catch {
    return text
  }
}
