import { describe, expect, it } from '@jest/globals'
import { factsOf, isMatch, isWrite, type RequestFacts } from './request-facts.ts'

const ipam = '/apis/ipam.cluster.x-k8s.io/v1beta2'

describe('the facts of a request', () => {
  it.each([
    ['GET', `${ipam}/namespaces/n/ipaddressclaims/c`, 'get ipam.cluster.x-k8s.io ipaddressclaims n/c'],
    ['GET', `${ipam}/namespaces/n/ipaddressclaims?limit=5`, 'list ipam.cluster.x-k8s.io ipaddressclaims n/'],
    ['GET', `${ipam}/ipaddressclaims?watch=false`, 'list ipam.cluster.x-k8s.io ipaddressclaims /'],
    ['GET', `${ipam}/ipaddressclaims?watch=true`, 'watch ipam.cluster.x-k8s.io ipaddressclaims /'],
    ['POST', `${ipam}/namespaces/n/ipaddressclaims`, 'create ipam.cluster.x-k8s.io ipaddressclaims n/'],
    ['PUT', `${ipam}/namespaces/n/ipaddressclaims/c`, 'update ipam.cluster.x-k8s.io ipaddressclaims n/c'],
    ['PATCH', `${ipam}/namespaces/n/ipaddressclaims/c`, 'patch ipam.cluster.x-k8s.io ipaddressclaims n/c'],
    ['DELETE', `${ipam}/namespaces/n/ipaddressclaims/c`, 'delete ipam.cluster.x-k8s.io ipaddressclaims n/c'],
    [
      'PATCH',
      `${ipam}/namespaces/n/ipaddressclaims/c/status`,
      'patch ipam.cluster.x-k8s.io ipaddressclaims/status n/c',
    ],
    ['GET', '/api/v1/namespaces', 'list  namespaces /'],
    ['GET', '/api/v1/namespaces/n', 'get  namespaces /n'],
    ['GET', '/api/v1/namespaces/n/pods', 'list  pods n/'],
    ['GET', ipam, 'get ipam.cluster.x-k8s.io  /'],
    ['GET', '/version', 'get   /'],
  ])('%s %s are "%s"', (method, target, words) => {
    const { verb, group, resource, namespace, name } = factsOf(method, target)
    expect(`${verb} ${group} ${resource} ${namespace}/${name}`).toBe(words)
  })

  it.each([
    ['create', true],
    ['patch', true],
    ['delete', true],
    ['get', false],
    ['list', false],
    ['watch', false],
  ] as const)('of a %s are those of a write: %s', (verb, expected) => {
    expect(isWrite({ ...claim, verb })).toBe(expected)
  })
})

describe('a match', () => {
  it.each([
    [{}, true],
    [{ verb: 'get' }, true],
    [{ verb: ['list', 'get'] }, true],
    [{ verb: 'get', resource: 'ipaddressclaims', namespace: 'n', name: 'c' }, true],
    [{ verb: 'list' }, false],
    [{ verb: ['list', 'watch'] }, false],
    [{ verb: 'get', name: 'd' }, false],
    [{ group: '' }, false],
  ] as const)('%j means a request for a claim: %s', (match, expected) => {
    expect(isMatch(claim, match)).toBe(expected)
  })
})

const claim: RequestFacts = {
  verb: 'get',
  group: 'ipam.cluster.x-k8s.io',
  resource: 'ipaddressclaims',
  namespace: 'n',
  name: 'c',
}
