import type { JsonObject } from '../../domain/model/decode.ts'
import { fieldManager } from '../../domain/names.ts'
import type { JsonPatch } from '../../domain/model/json-patch.ts'

/** As in RBAC and in metrics. */
export type Verb = 'get' | 'list' | 'create' | 'patch' | 'delete' | 'watch'

/** One request, in terms of the Kubernetes API. */
export interface ApiRequest {
  readonly verb: Verb
  /** Plural, for metrics. */
  readonly resource: string
  /** Verb and object, which begin an error message: `get Cluster clusters/demo`. */
  readonly action: string
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  /** The object of a `create`, a merge patch or JSON patch, or the options of a `delete`. */
  readonly body?: JsonObject | JsonPatch
  /** Of a `patch`: the field manager of a server-side apply, whose body has all fields of that manager. */
  readonly applyAs?: string
  readonly signal?: AbortSignal
}

/** One request, in terms of HTTP. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly origin: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

const methods: Readonly<Record<Verb, HttpRequest['method']>> = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  patch: 'PATCH',
  delete: 'DELETE',
}

/**
 * Translates a request to HTTP. Every write names our field manager, and every patch its type: custom resources refuse the
 * strategic merge patch that clients send by default (415).
 *
 * @param server may have a path, as behind Rancher
 */
export function httpRequestFor(server: URL, request: ApiRequest): HttpRequest {
  const isWrite = request.verb === 'create' || request.verb === 'patch'
  const query = new URLSearchParams({
    ...request.query,
    ...(isWrite && { fieldManager: request.applyAs ?? fieldManager }),
  }).toString()
  return {
    method: methods[request.verb],
    origin: server.origin,
    path: `${server.pathname.replace(/\/$/, '')}${request.path}${query === '' ? '' : `?${query}`}`,
    headers: {
      accept: 'application/json',
      ...(request.body !== undefined && { 'content-type': contentTypeOf(request) }),
    },
    ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
  }
}

function contentTypeOf({ verb, body, applyAs }: ApiRequest): string {
  if (verb !== 'patch') return 'application/json'
  if (applyAs !== undefined) return 'application/apply-patch+yaml'
  return Array.isArray(body) ? 'application/json-patch+json' : 'application/merge-patch+json'
}
