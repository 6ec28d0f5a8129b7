import { describe, expect, it } from '@jest/globals'
import type { ApiRequest } from '../../../src/kubernetes/transport/api-request.ts'
import type { KubernetesConnection } from '../../../src/kubernetes/transport/connection.ts'
import { readEvents } from '../../../src/commands/status/read-events.ts'

const cluster = { namespace: 'clusters', name: 'demo' }

function answering(items: readonly object[], asked: ApiRequest[] = []): KubernetesConnection {
  return {
    request: async (request) => {
      asked.push(request)
      return { items }
    },
    open: async () => {
      throw new Error('nobody watches events')
    },
    close: async () => {},
  }
}

describe('the events about a Cluster', () => {
  it('are asked for by kind and name, in its namespace', async () => {
    const asked: ApiRequest[] = []
    await readEvents(answering([], asked), cluster)
    expect(asked).toMatchObject([
      {
        path: '/apis/events.k8s.io/v1/namespaces/clusters/events',
        query: { fieldSelector: 'regarding.kind=Cluster,regarding.name=demo' },
      },
    ])
  })

  it('come with the latest last, whichever of its times an event has', async () => {
    const metadata = { creationTimestamp: '2026-01-02T03:00:00Z' }
    const items = [
      {
        metadata,
        type: 'Warning',
        reason: 'Waiting',
        note: 'no pool',
        eventTime: '2026-01-02T03:00:00.000001Z',
        series: { count: 5, lastObservedTime: '2026-01-02T03:09:00.000001Z' },
        reportingController: 'capi-vip-allocator',
      },
      {
        metadata,
        type: 'Normal',
        reason: 'Pending',
        note: 'old API',
        deprecatedLastTimestamp: '2026-01-02T03:04:00Z',
        deprecatedCount: 2,
        deprecatedSource: { component: 'cluster-controller' },
      },
      { metadata, eventTime: '2026-01-02T03:01:00.000001Z', reason: 'Single' },
      { metadata, reason: 'Bare' },
    ]
    expect(await readEvents(answering(items), cluster)).toMatchObject([
      { reason: 'Bare', count: 1, lastSeen: '2026-01-02T03:00:00Z' },
      { reason: 'Single', count: 1 },
      { reason: 'Pending', count: 2, controller: 'cluster-controller', note: 'old API' },
      { reason: 'Waiting', count: 5, type: 'Warning', controller: 'capi-vip-allocator' },
    ])
  })
})
