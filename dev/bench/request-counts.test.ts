import { describe, expect, it } from '@jest/globals'
import { factsOf } from '../api-proxy/request-facts.ts'
import type { RecordedRequest } from '../api-proxy/request-record.ts'
import { clusterWrites, countByKind, describeCounts, growingLists, withoutWatches } from './request-counts.ts'

const clusters = '/apis/cluster.x-k8s.io/v1beta2/namespaces/a/clusters'
const ipam = '/apis/ipam.cluster.x-k8s.io/v1beta2/namespaces/a'

function request(method: string, target: string, code = 200): RecordedRequest {
  return { ...factsOf(method, target), code, at: 0 }
}

const all = [
  request('GET', clusters),
  request('GET', `${clusters}?watch=true`),
  request('GET', `${clusters}/demo`),
  request('GET', `${clusters}/demo`),
  request('GET', `${ipam}/ipaddresses`),
  request('GET', '/apis/ipam.cluster.x-k8s.io/v1alpha2/inclusterippools'),
  request('PATCH', `${clusters}/demo`),
  request('PATCH', `${clusters}/demo`, 409),
  request('PATCH', `${clusters}/demo/status`),
]

describe('requests', () => {
  it('are counted by verb and resource, the most frequent first', () => {
    expect(countByKind(all).slice(0, 3)).toEqual([
      ['get clusters', 2],
      ['patch clusters', 2],
      ['list clusters', 1],
    ])
  })

  it('are described for each of several allocations', () => {
    expect(describeCounts(countByKind(all.slice(2, 5)), 3)).toBe('0.667 get clusters, 0.333 list ipaddresses')
    expect(describeCounts([])).toBe('none')
  })

  it('that list what grows with the Clusters are told from other lists', () => {
    expect(growingLists(all).map(({ resource }) => resource)).toEqual(['clusters', 'ipaddresses'])
  })

  it('that wrote a Cluster are told from those that were refused, and from its status', () => {
    expect(clusterWrites(all)).toEqual([all[6]])
  })

  it('that are no watches are the rest', () => {
    expect(withoutWatches(all)).toHaveLength(all.length - 1)
  })
})
