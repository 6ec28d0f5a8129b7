import { describe, expect, it } from '@jest/globals'
import { httpRequestFor, type ApiRequest } from '../../../../src/kubernetes/transport/api-request.ts'

const server = new URL('https://127.0.0.1:6443')

function aRequest(verb: ApiRequest['verb'], more: Partial<ApiRequest> = {}): ApiRequest {
  return { verb, resource: 'clusters', action: `${verb} clusters`, path: '/apis/x/clusters', ...more }
}

describe('httpRequestFor', () => {
  it.each(['get', 'list', 'watch'] as const)('makes a %s a GET that names no field manager', (verb) => {
    expect(httpRequestFor(server, aRequest(verb, { query: { limit: '2', continue: 'a/b=' } }))).toEqual({
      method: 'GET',
      origin: 'https://127.0.0.1:6443',
      path: '/apis/x/clusters?limit=2&continue=a%2Fb%3D',
      headers: { accept: 'application/json' },
    })
  })

  it.each([
    { verb: 'create', method: 'POST', contentType: 'application/json' },
    { verb: 'patch', method: 'PATCH', contentType: 'application/merge-patch+json' },
  ] as const)('makes a $verb a $method by our field manager', ({ verb, method, contentType }) => {
    expect(httpRequestFor(server, aRequest(verb, { body: { removed: null } }))).toEqual({
      method,
      origin: 'https://127.0.0.1:6443',
      path: '/apis/x/clusters?fieldManager=capi-vip-allocator',
      headers: { accept: 'application/json', 'content-type': contentType },
      body: '{"removed":null}',
    })
  })

  it.each(['https://rancher/k8s/clusters/c-1', 'https://rancher/k8s/clusters/c-1/'])(
    'keeps the path of the server %s',
    (url) => {
      expect(httpRequestFor(new URL(url), aRequest('get'))).toMatchObject({
        origin: 'https://rancher',
        path: '/k8s/clusters/c-1/apis/x/clusters',
      })
    },
  )
})
