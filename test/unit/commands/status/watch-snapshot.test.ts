import { describe, expect, it } from '@jest/globals'
import { watchSnapshot } from '../../../../src/commands/status/watch-snapshot.ts'
import type { JsonObject } from '../../../../src/domain/model/decode.ts'
import { eventually } from '../../../support/eventually.ts'
import { silentLog } from '../../../support/silent-log.ts'
import { aSnapshot } from '../../../support/snapshot.ts'
import { scriptServer } from '../../kubernetes/cache/scripted-server.ts'

const selector = { 'vip.capi.gorizond.io/namespace-selector': 'team=blue' }

function object(resourceVersion: number, name: string, metadata: JsonObject = {}): JsonObject {
  return { metadata: { name, uid: `uid-of-${name}`, resourceVersion: String(resourceVersion), ...metadata } }
}

describe('the snapshot that status watches', () => {
  it('has Namespaces from the first pool on that selects by their labels', async () => {
    const server = scriptServer()
    server.list('globalinclusterippools', 100, [object(90, 'open')])
    server.list('namespaces', 100, [object(90, 'clusters', { labels: { team: 'blue' } })])
    const stop = new AbortController()
    const { connection } = server
    const initial = aSnapshot({})
    const { signal } = stop
    const watched = watchSnapshot({
      ...{ connection, initial, signal, namespaces: [], onChange: () => undefined, log: silentLog },
    })
    await eventually(
      'the pools',
      async () => watched.snapshot().pools.some(({ size }) => size > 0) || undefined,
    )
    expect(server.asked).not.toContain('list namespaces')
    expect(watched.snapshot().namespaces.size).toBe(0)

    await eventually('the watch', async () => server.opened('globalinclusterippools') > 0 || undefined)
    await server.send('globalinclusterippools', 'ADDED', object(101, 'of-blue', { annotations: selector }))
    const found = await eventually('the Namespace', async () =>
      watched.snapshot().namespaces.get('/clusters'),
    )
    expect(found.labels).toEqual({ team: 'blue' })
    stop.abort()
    await watched.done
  })
})
