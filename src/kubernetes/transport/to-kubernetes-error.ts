import { integerOf, nonEmptyStringOf, objectOf, type JsonObject } from '../../domain/model/decode.ts'
import { KubernetesError, type KubernetesErrorKind } from '../errors.ts'

/** A response other than 2xx. */
export interface FailedResponse {
  readonly statusCode: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** @param action verb and object: `create IPAddressClaim clusters/vip-cp-demo` */
export function errorFromResponse(action: string, response: FailedResponse): KubernetesError {
  const status = parseStatus(response.body)
  const words = nonEmptyStringOf(status['message']) ?? plainText(response.body)
  return new KubernetesError(`${action}: ${words ?? `HTTP ${response.statusCode}`}`, {
    kind: kindOf(response.statusCode, status),
    status: response.statusCode,
    retryAfterSeconds: seconds(response.headers['retry-after']) ?? retryAfterOf(status),
  })
}

/** @param status the object of a watch's `ERROR` event */
export function errorFromStatus(action: string, status: JsonObject): KubernetesError {
  const code = integerOf(status['code']) ?? 500
  return new KubernetesError(`${action}: ${nonEmptyStringOf(status['message']) ?? `Status ${code}`}`, {
    kind: kindOf(code, status),
    status: code,
    retryAfterSeconds: retryAfterOf(status),
  })
}

/** The error of a request without a response: network, time-out, or unreadable credentials. */
export function toKubernetesError(error: unknown, action: string): KubernetesError {
  if (error instanceof KubernetesError) return error
  const facts = { kind: 'unavailable', status: 0 } as const
  // A SyntaxError quotes its input, and a cause ends up in Temporal's history.
  if (objectOf(error)['name'] === 'SyntaxError')
    return new KubernetesError(`${action}: the response is not JSON`, facts)
  return new KubernetesError(`${action}: ${messageOf(error)}`, { ...facts, cause: error })
}

const kinds: Readonly<Record<number, KubernetesErrorKind>> = {
  401: 'unavailable',
  403: 'forbidden',
  408: 'unavailable',
  410: 'conflict',
  429: 'throttled',
}

function kindOf(code: number, status: JsonObject): KubernetesErrorKind {
  // Only the response for a missing object names it. For a path that is not served, it is plain text or has no details.
  if (code === 404) return nonEmptyStringOf(objectOf(status['details'])['name']) ? 'notFound' : 'notServed'
  if (code === 422 && isUnappliedPatch(status)) return 'conflict'
  if (code === 409) return status['reason'] === 'AlreadyExists' ? 'alreadyExists' : 'conflict'
  return kinds[code] ?? (code >= 400 && code < 500 ? 'invalid' : 'unavailable')
}

/**
 * The response to a JSON patch that cannot be applied, for example because a list or map at its path is gone. Ours fit the
 * object that was read, so the object has changed. A refusal by schema or webhook names its causes.
 */
function isUnappliedPatch({ message, details }: JsonObject): boolean {
  return (
    message === 'the server rejected our request due to an error in our request' &&
    Object.keys(objectOf(details)).length === 0
  )
}

function parseStatus(body: string): JsonObject {
  try {
    return objectOf(JSON.parse(body))
  } catch {
    return {}
  }
}

/** The first line of a plain-text response, such as a load balancer's; undefined for HTML and JSON. */
function plainText(body: string): string | undefined {
  if (/^\s*[<{[]/.test(body)) return undefined
  return nonEmptyStringOf(body.trim().split('\n')[0]?.slice(0, 200))
}

function retryAfterOf(status: JsonObject): number | undefined {
  const value = integerOf(objectOf(status['details'])['retryAfterSeconds'])
  return value !== undefined && value > 0 ? value : undefined
}

/** `Retry-After` in seconds, the only form an API server sends. */
function seconds(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d+$/.test(header) ? Number(header) : undefined
}

function messageOf(failure: unknown): string {
  const { name, message, code } = objectOf(failure)
  const [, proxyStatus] = /^Proxy response \((\d+)\)/.exec(nonEmptyStringOf(message) ?? '') ?? []
  if (proxyStatus !== undefined) return `the proxy answered HTTP ${proxyStatus}`
  if (name === 'AbortError') return 'aborted before a response'
  // If several addresses refuse, the AggregateError has a code but no message.
  return nonEmptyStringOf(message) ?? nonEmptyStringOf(code) ?? 'no response'
}
