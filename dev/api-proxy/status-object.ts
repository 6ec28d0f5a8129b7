import type { RequestFacts } from './request-facts.ts'

const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}

/** A rejection as an API server writes it. */
export function statusObject(
  refusal: { readonly code: number; readonly retryAfterSeconds?: number; readonly message?: string },
  { name, group, resource }: RequestFacts,
): object {
  const { code, retryAfterSeconds } = refusal
  const reason = reasons[code] ?? 'Unknown'
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: refusal.message ?? reason,
    reason,
    details: {
      ...(name !== '' && { name }),
      ...(group !== '' && { group }),
      // API servers write the plural here.
      ...(resource !== '' && { kind: resource }),
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    },
    code,
  }
}
