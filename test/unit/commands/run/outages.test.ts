import { describe, expect, it } from '@jest/globals'
import { createOutages } from '../../../../src/commands/run/outages.ts'
import { KubernetesError } from '../../../../src/kubernetes/errors.ts'
import { errorFromResponse } from '../../../../src/kubernetes/transport/to-kubernetes-error.ts'
import { silentLog } from '../../../support/silent-log.ts'

const response = (statusCode: number): KubernetesError =>
  errorFromResponse('list Clusters', { statusCode, headers: {}, body: '{"message":"no"}' })

describe('an outage of the API server', () => {
  it.each<[string, KubernetesError, boolean]>([
    ['nothing answers', new KubernetesError('x', { kind: 'unavailable', status: 0 }), true],
    ['a proxy answers in its place', response(503), true],
    ['it refuses the credentials', response(401), true],
    ['it refuses one request', response(403), false],
    ['a webhook fails', response(500), false],
    ['it throttles', response(429), false],
  ])('%s', (_, failure, isOutage) => {
    const lines: string[] = []
    const { apiServer, observeRequest } = createOutages({
      ...silentLog,
      warn: (message) => void lines.push(message),
    })
    for (let request = 0; request < 3; request += 1) observeRequest({ code: failure.status, failure })
    expect(apiServer.current ?? '').toMatch(isOutage ? failure.message : /^$/)
    expect(lines).toHaveLength(isOutage ? 1 : 0)
  })

  it('names the credentials that are refused', () => {
    const { apiServer, observeRequest } = createOutages(silentLog)
    observeRequest({ code: 401, failure: response(401) })
    expect(apiServer.current).toBe('list Clusters: no; the API server refuses the credentials')
  })
})
