/**
 * How a request to the API server failed, by what it means for the caller:
 * `conflict` (409; 410: what was read is too old) and `alreadyExists`: read again and decide again;
 * `invalid` (400, 422) and `forbidden` (403): the server's final word on this request, with its words in the
 * message; `notFound`: no such object; `notServed`: no such resource or version;
 * `throttled` (429) and `unavailable` (5xx, a webhook that cannot be reached, network, time-out, and 401, since
 * a token that has been rotated is read anew by then): the same request may pass later.
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

/** The error of every request that leaves this folder. Its message holds the server's words, never headers or credentials. */
export class KubernetesError extends Error {
  override readonly name = 'KubernetesError'
  readonly kind: KubernetesErrorKind
  /** HTTP status; 0 where no answer came. */
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

/** Whether it says that nobody was there to ask, neither of this object nor of any other. */
export function meansAway({ status }: Pick<KubernetesError, 'status'>): boolean {
  return status === 0 || (status >= 502 && status <= 504)
}

/** What the watches know is no answer to this question: it has to be asked anew. */
export class StaleCacheError extends Error {
  override readonly name = 'StaleCacheError'
}
