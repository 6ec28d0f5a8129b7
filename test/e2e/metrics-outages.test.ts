import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { Allocator } from '../../dev/allocator.ts'
import type { ApiProxy } from '../../dev/api-proxy/api-proxy.ts'
import { describedSeries, seriesOn } from '../support/metrics-page.ts'
import { realParts } from '../support/real-parts.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { scrapeOf, type Scrape } from './scrape.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()
const clusters = { resource: 'clusters' }

let suite: Fixture
let testbed: Testbed
let apiServer: ApiProxy
let temporal: TcpProxy
let watcher: Allocator
let worker: Allocator
let scrape: Scrape

beforeAll(async () => {
  suite = await openFixture()
  testbed = suite.testbed
  const [host = '', port] = stack.temporal.address.split(':')
  temporal = await startTcpProxy({ port: Number(port) })
  const through = await suite.openProxy()
  apiServer = through.proxy
  const options = {
    kubeconfigPath: through.kubeconfigPath,
    env: { TEMPORAL_ADDRESS: `${host}:${temporal.port}` },
  }
  watcher = await suite.start({ ...options, command: 'watcher' })
  worker = await suite.start({ ...options, command: 'worker' })
  scrape = scrapeOf(watcher)
})

afterEach(() => {
  apiServer.heal()
  temporal.resume()
})

afterAll(async () => {
  try {
    await suite.close()
  } finally {
    await temporal.close()
  }
})

describe('the series of the watches', () => {
  it('show a list that a watch needs which cannot go on', async () => {
    const lists = await scrape.value('watch_lists_total', clusters)
    const expired = await scrape.value('watch_expired_total', clusters)
    apiServer.inject({ kind: 'expire' }, { verb: 'watch', resource: 'clusters' })()
    expect(await scrape.until('watch_expired_total', clusters, (now) => now > expired)).toBe(expired + 1)
    expect(await scrape.until('watch_lists_total', clusters, (now) => now > lists)).toBe(lists + 1)
  })

  it('show what no event told', async () => {
    apiServer.inject({ kind: 'lose-events' }, { verb: 'watch', resource: 'clusters' })
    await testbed.createCluster('mo-unheard')
    await testbed.untilCluster('mo-unheard', (now) => now !== undefined)
    apiServer.inject({ kind: 'expire' }, { verb: 'watch', resource: 'clusters' })()
    expect(await scrape.until('watch_drift_total', clusters, (now) => now > 0)).toBe(1)
  })

  it('show that a watch no longer hears anything, and that it hears again', async () => {
    const failures = await scrape.value('watch_failures_total', clusters)
    const end = apiServer.inject({ kind: 'status', code: 503 }, { resource: 'clusters' })
    apiServer.inject({ kind: 'end-watches' }, { resource: 'clusters' })()
    const stale = await scrape.until('watch_staleness_seconds', clusters, (seconds) => seconds > 3)
    await scrape.until('watch_failures_total', clusters, (now) => now > failures)
    end()
    expect(await scrape.until('watch_staleness_seconds', clusters, (now) => now < stale)).toBeLessThan(stale)
  })
})

describe('temporal_reachable', () => {
  it('is 0 while Temporal is away, for watcher and worker, and 1 again when it is back', async () => {
    const ofWorker = scrapeOf(worker)
    await Promise.all([scrape, ofWorker].map((each) => each.untilIs('temporal_reachable', {}, 1)))
    temporal.refuse()
    await Promise.all([scrape, ofWorker].map((each) => each.untilIs('temporal_reachable', {}, 0)))
    temporal.resume()
    await Promise.all([scrape, ofWorker].map((each) => each.untilIs('temporal_reachable', {}, 1)))
    expect((await fetch(watcher.healthUrl)).status).toBe(200)
  })
})

describe('a real scrape', () => {
  it.each([
    ['a watcher', () => watcher, ['Every process', 'Watcher']],
    ['a worker', () => worker, ['Every process', 'Worker']],
  ] as const)(
    'of %s has the series that docs/metrics.md promises, and no others',
    async (_, of, sections) => {
      const named = sections.flatMap(describedSeries).map(({ name, type }) => `${name} ${type}`)
      const served = seriesOn(await scrapeOf(of()).page()).map(({ name, type }) => `${name} ${type}`)
      expect(served.toSorted()).toEqual(named.toSorted())
    },
  )
})
