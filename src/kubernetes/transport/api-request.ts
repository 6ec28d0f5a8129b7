import type { JsonObject } from '../../domain/model/decode.ts'
import { fieldManager } from '../../domain/names.ts'
import type { JsonPatch } from '../../domain/model/json-patch.ts'

/** As RBAC and metrics know it. */
export type Verb = 'get' | 'list' | 'create' | 'patch' | 'delete' | 'watch'

/** One request, in Kubernetes' words. */
export interface ApiRequest {
  readonly verb: Verb
  /** Plural, for metrics. */
  readonly resource: string
  /** What is done to which object, as an error message begins: `get Cluster clusters/demo`. */
  readonly action: string
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  /** The object of a `create`, a merge patch or the operations of a JSON patch, the options of a `delete`. */
  readonly body?: JsonObject | JsonPatch
  /** Of a `patch`: the body is the whole of what this manager says about the object (server-side apply). */
  readonly applyAs?: string
  readonly signal?: AbortSignal
}

/** A request as HTTP has it. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly origin: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/**
 * Puts a request into HTTP's words: every write names our field manager, every patch says of which kind it is
 * (a custom resource answers 415 to the strategic patch that clients send by default).
 *
 * @param server may have a path, as the API servers behind Rancher have
 */
export function httpRequestFor(server: URL, request: ApiRequest): HttpRequest {
  const isWrite = request.verb === 'create' || request.verb === 'patch'
  const query = new URLSearchParams({
    ...request.query,
    ...(isWrite && { fieldManager: request.applyAs ?? fieldManager }),
  }).toString()
  return {
    method: methodOf(request.verb),
    origin: server.origin,
    path: `${server.pathname.replace(/\/$/, '')}${request.path}${query === '' ? '' : `?${query}`}`,
    headers: {
      accept: 'application/json',
      ...(request.body !== undefined && { 'content-type': contentTypeOf(request) }),
    },
    ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
  }
}

function methodOf(verb: Verb): HttpRequest['method'] {
  switch (verb) {
    case 'create':
      return 'POST'
    case 'patch':
      return 'PATCH'
    case 'delete':
      return 'DELETE'
    case 'get':
    case 'list':
    case 'watch':
      return 'GET'
    default:
      return verb satisfies never
  }
}

function contentTypeOf({ verb, body, applyAs }: ApiRequest): string {
  if (verb !== 'patch') return 'application/json'
  if (applyAs !== undefined) return 'application/apply-patch+yaml'
  return Array.isArray(body) ? 'application/json-patch+json' : 'application/merge-patch+json'
}
