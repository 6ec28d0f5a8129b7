import { describe, expect, it } from '@jest/globals'
import { KubernetesError } from '../../../../src/kubernetes/errors.ts'
import {
  errorFromResponse,
  errorFromStatus,
  toKubernetesError,
} from '../../../../src/kubernetes/transport/to-kubernetes-error.ts'

const action = 'create IPAddressClaim clusters/vip-cp-demo'

function statusBody(fields: object): string {
  return JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', ...fields })
}

function answered(statusCode: number, body: string, headers: Record<string, string> = {}): KubernetesError {
  return errorFromResponse(action, { statusCode, headers, body })
}

/** The API server's message about a JSON patch whose path does not exist. */
const unapplied = 'the server rejected our request due to an error in our request'

describe('errorFromResponse', () => {
  it.each([
    { statusCode: 400, status: { reason: 'BadRequest' }, kind: 'invalid' },
    { statusCode: 401, status: { reason: 'Unauthorized' }, kind: 'unavailable' },
    { statusCode: 403, status: { reason: 'Forbidden' }, kind: 'forbidden' },
    { statusCode: 404, status: { reason: 'NotFound', details: { name: 'demo' } }, kind: 'notFound' },
    { statusCode: 404, status: { reason: 'NotFound', details: {} }, kind: 'notServed' },
    { statusCode: 404, status: {}, kind: 'notServed' },
    { statusCode: 408, status: { reason: 'Timeout' }, kind: 'unavailable' },
    { statusCode: 409, status: { reason: 'AlreadyExists' }, kind: 'alreadyExists' },
    { statusCode: 409, status: { reason: 'Conflict' }, kind: 'conflict' },
    { statusCode: 410, status: { reason: 'Expired' }, kind: 'conflict' },
    { statusCode: 415, status: { reason: 'UnsupportedMediaType' }, kind: 'invalid' },
    { statusCode: 422, status: { reason: 'Invalid' }, kind: 'invalid' },
    { statusCode: 422, status: { reason: 'Invalid', message: unapplied, details: {} }, kind: 'conflict' },
    {
      statusCode: 422,
      status: { reason: 'Invalid', message: unapplied, details: { causes: [{ field: 'spec' }] } },
      kind: 'invalid',
    },
    { statusCode: 429, status: { reason: 'TooManyRequests' }, kind: 'throttled' },
    { statusCode: 500, status: { reason: 'InternalError' }, kind: 'unavailable' },
    { statusCode: 503, status: { reason: 'ServiceUnavailable' }, kind: 'unavailable' },
    { statusCode: 504, status: { reason: 'Timeout' }, kind: 'unavailable' },
  ])('reads $statusCode with $status as $kind', ({ statusCode, status, kind }) => {
    expect(answered(statusCode, statusBody(status))).toMatchObject({ kind, status: statusCode })
  })

  it('names the action and quotes the server', () => {
    const body = statusBody({ message: 'ipaddressclaims.ipam.cluster.x-k8s.io "vip-cp-demo" already exists' })
    expect(answered(409, body).message).toBe(
      'create IPAddressClaim clusters/vip-cp-demo: ' +
        'ipaddressclaims.ipam.cluster.x-k8s.io "vip-cp-demo" already exists',
    )
  })

  it.each([
    { body: '404 page not found\n', words: '404 page not found' },
    { body: '', words: 'HTTP 404' },
    { body: '<html><body>token</body></html>', words: 'HTTP 404' },
    { body: '{"cut off', words: 'HTTP 404' },
    { body: `first line\nsecond line`, words: 'first line' },
  ])('shows $words of an answer that is no Status', ({ body, words }) => {
    expect(answered(404, body)).toMatchObject({ kind: 'notServed', message: `${action}: ${words}` })
  })

  it('takes the wait from Retry-After', () => {
    expect(answered(429, 'too many', { 'retry-after': '7' }).retryAfterSeconds).toBe(7)
  })

  it('takes the wait from the Status if no header has it', () => {
    const body = statusBody({ details: { retryAfterSeconds: 3 } })
    expect(answered(504, body).retryAfterSeconds).toBe(3)
  })

  it.each(['Wed, 21 Oct 2026 07:28:00 GMT', '-1', 'soon'])('ignores Retry-After: %s', (header) => {
    expect(answered(429, 'too many', { 'retry-after': header }).retryAfterSeconds).toBeUndefined()
  })

  it('shows nothing of the headers', () => {
    const error = answered(403, '', { authorization: 'Bearer secret', 'audit-id': 'secret' })
    expect(JSON.stringify([error.message, error])).not.toContain('secret')
  })
})

describe('errorFromStatus', () => {
  it('reads an ERROR of a watch by its code', () => {
    const error = errorFromStatus('watch clusters', { code: 410, reason: 'Expired', message: 'too old' })
    expect(error).toMatchObject({ kind: 'conflict', status: 410, message: 'watch clusters: too old' })
  })

  it('treats an ERROR without a code as unavailable', () => {
    expect(errorFromStatus('watch clusters', {})).toMatchObject({
      kind: 'unavailable',
      status: 500,
      message: 'watch clusters: Status 500',
    })
  })
})

describe('toKubernetesError', () => {
  it.each([
    { error: new TypeError('fetch failed'), words: 'fetch failed' },
    { error: Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }), words: 'ECONNREFUSED' },
    {
      error: new DOMException('This operation was aborted', 'AbortError'),
      words: 'aborted before a response',
    },
    {
      error: new DOMException('Proxy response (407) !== 200 when HTTP Tunneling', 'AbortError'),
      words: 'the proxy answered HTTP 407',
    },
    { error: 'a string', words: 'no response' },
  ])('says $words', ({ error, words }) => {
    const translated = toKubernetesError(error, action)
    expect(translated).toMatchObject({ kind: 'unavailable', status: 0, message: `${action}: ${words}` })
    expect(translated.cause).toBe(error)
  })

  it('quotes nothing of a response that is not JSON', () => {
    const translated = toKubernetesError(
      new SyntaxError('Unexpected token, "secret" is not valid JSON'),
      action,
    )
    expect(translated.message).toBe(`${action}: the response is not JSON`)
    expect(translated.cause).toBeUndefined()
  })

  it('leaves a KubernetesError as it is', () => {
    const error = new KubernetesError('gone', { kind: 'notFound', status: 404 })
    expect(toKubernetesError(error, action)).toBe(error)
  })
})
