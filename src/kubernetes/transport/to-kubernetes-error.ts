import { integerOf, nonEmptyStringOf, objectOf, type JsonObject } from '../../domain/model/decode.ts'
import { KubernetesError, type KubernetesErrorKind } from '../errors.ts'

/** An answer other than 2xx, its body as text. */
export interface FailedResponse {
  readonly statusCode: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/**
 * What an answer other than 2xx means.
 *
 * @param action what was done and to which object: `create IPAddressClaim clusters/vip-cp-demo`
 */
export function errorFromResponse(action: string, response: FailedResponse): KubernetesError {
  const status = parseStatus(response.body)
  const words = nonEmptyStringOf(status['message']) ?? plainText(response.body)
  return new KubernetesError(`${action}: ${words ?? `HTTP ${response.statusCode}`}`, {
    kind: kindOf(response.statusCode, status),
    status: response.statusCode,
    retryAfterSeconds: seconds(response.headers['retry-after']) ?? retryAfterOf(status),
  })
}

/** What a Status object means that came inside a watch, as its `ERROR` event. */
export function errorFromStatus(action: string, status: JsonObject): KubernetesError {
  const code = integerOf(status['code']) ?? 500
  return new KubernetesError(`${action}: ${nonEmptyStringOf(status['message']) ?? `Status ${code}`}`, {
    kind: kindOf(code, status),
    status: code,
    retryAfterSeconds: retryAfterOf(status),
  })
}

/** What it means that no answer came: network, time-out, or credentials that could not be read. */
export function toKubernetesError(error: unknown, action: string): KubernetesError {
  if (error instanceof KubernetesError) return error
  const facts = { kind: 'unavailable', status: 0 } as const
  // It quotes what it could not read; causes go into Temporal's histories as well.
  if (isSyntaxError(error)) return new KubernetesError(`${action}: the answer is no JSON`, facts)
  return new KubernetesError(`${action}: ${wordsOf(error)}`, { ...facts, cause: error })
}

function kindOf(code: number, status: JsonObject): KubernetesErrorKind {
  switch (code) {
    case 401:
      return 'unavailable'
    case 403:
      return 'forbidden'
    case 404:
      // Only a missing object is named; a path that is not served is answered in plain text or without details.
      return nonEmptyStringOf(objectOf(status['details'])['name']) === undefined ? 'notServed' : 'notFound'
    case 408:
      return 'unavailable'
    case 409:
      return status['reason'] === 'AlreadyExists' ? 'alreadyExists' : 'conflict'
    case 410:
      return 'conflict'
    case 429:
      return 'throttled'
    default:
      return code >= 400 && code < 500 ? 'invalid' : 'unavailable'
  }
}

function parseStatus(body: string): JsonObject {
  try {
    return objectOf(JSON.parse(body))
  } catch {
    return {}
  }
}

/** The first line of an answer that is no Status, such as a load balancer's; nothing of an HTML page. */
function plainText(body: string): string | undefined {
  if (/^\s*[<{[]/.test(body)) return undefined
  return nonEmptyStringOf(body.trim().split('\n')[0]?.slice(0, 200))
}

function retryAfterOf(status: JsonObject): number | undefined {
  const value = integerOf(objectOf(status['details'])['retryAfterSeconds'])
  return value !== undefined && value > 0 ? value : undefined
}

/** `Retry-After` in its form of seconds, the only one an API server writes. */
function seconds(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d+$/.test(header) ? Number(header) : undefined
}

function isSyntaxError(error: unknown): boolean {
  return objectOf(error)['name'] === 'SyntaxError'
}

function wordsOf(failure: unknown): string {
  const { name, message, code } = objectOf(failure)
  const [, proxyStatus] = /^Proxy response \((\d+)\)/.exec(nonEmptyStringOf(message) ?? '') ?? []
  if (proxyStatus !== undefined) return `the proxy answered HTTP ${proxyStatus}`
  if (name === 'AbortError') return 'stopped before an answer came'
  // Several addresses that all refuse make an AggregateError, which has a code but no words.
  return nonEmptyStringOf(message) ?? nonEmptyStringOf(code) ?? 'no answer'
}
