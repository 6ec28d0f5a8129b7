/**
 * How a request to the API server failed, by what the caller has to do:
 * `conflict` (409; 410: the state read is too old; a JSON patch that does not fit the object any more) and `alreadyExists`: read again and decide again;
 * `invalid` (400, 422) and `forbidden` (403): the server's final answer to this request, quoted in the message;
 * `notFound`: no such object; `notServed`: no such resource or version;
 * `throttled` (429) and `unavailable` (5xx, an unreachable webhook, network, time-out, and 401, since a retry reads a
 * rotated token): the same request may succeed later.
 */
export type KubernetesErrorKind =
  | 'notFound'
  | 'notServed'
  | 'conflict'
  | 'alreadyExists'
  | 'invalid'
  | 'forbidden'
  | 'throttled'
  | 'unavailable'

/** The error of every failed request. Its message quotes the server, never headers or credentials. */
export class KubernetesError extends Error {
  override readonly name = 'KubernetesError'
  readonly kind: KubernetesErrorKind
  /** HTTP status; 0 without a response. */
  readonly status: number
  /** From `Retry-After` or the Status object. */
  readonly retryAfterSeconds: number | undefined

  constructor(
    message: string,
    facts: {
      kind: KubernetesErrorKind
      status: number
      retryAfterSeconds?: number | undefined
      cause?: unknown
    },
  ) {
    super(message, { cause: facts.cause })
    this.kind = facts.kind
    this.status = facts.status
    this.retryAfterSeconds = facts.retryAfterSeconds
  }
}

export function isKubernetesError(
  error: unknown,
  ...kinds: readonly KubernetesErrorKind[]
): error is KubernetesError {
  return error instanceof KubernetesError && (kinds.length === 0 || kinds.includes(error.kind))
}

/** Whether the kind cannot be read as things are: it is not permitted, or not served. A person may change that at any time. */
export function isUnreadable(error: unknown): error is KubernetesError {
  return isKubernetesError(error, 'forbidden', 'notServed')
}

/** Whether any other request would fail too: no API server responded, or it refuses our credentials. */
export function isOutage({ status }: Pick<KubernetesError, 'status'>): boolean {
  return status === 0 || status === 401 || (status >= 502 && status <= 504)
}

/** The cache cannot answer this request; a live read can. */
export class StaleCacheError extends Error {
  override readonly name = 'StaleCacheError'
}
