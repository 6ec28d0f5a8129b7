import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { RecordedRequest } from '../../dev/api-proxy/request-record.ts'
import { openBench, type Bench } from '../../dev/bench/bench.ts'
import { historyLengths } from '../../dev/bench/measures/history-events.ts'
import { requestsDuring } from '../../dev/bench/measures/requests.ts'
import { countByKind } from '../../dev/bench/request-counts.ts'
import { openSubjects, type Subjects } from '../../dev/bench/subjects.ts'
import { realParts } from '../support/real-parts.ts'

/**
 * What an allocation may cost, in counts: time and CPU depend on the machine, and `npm run bench` measures them. These are what
 * it costs today; who makes it cheaper lowers them. docs/performance.md has the targets.
 */
const limits = {
  /**
   * Requests to the API server, of the cheapest allocation: where the machine is slow, or Cluster API has just written to
   * the Cluster, something is read again.
   */
  requests: [
    'create events',
    'create ipaddressclaims',
    'get clusters',
    'get ipaddresses',
    'patch clusters',
    'patch clusters/status',
  ],
  /** Events in Temporal, of the cheapest run. */
  events: 6,
}

const singles = 5

let bench: Bench
let subjects: Subjects
let requests: readonly (readonly RecordedRequest[])[]

beforeAll(async () => {
  const { stack, allocatorKubeconfig, ipamProviderPid } = realParts()
  bench = await openBench({
    connection: stack,
    kubeconfigPath: allocatorKubeconfig,
    pidOf: (part) => (part === 'ipam-provider' ? ipamProviderPid : undefined),
    rounds: 1,
    progress: () => undefined,
    signal: new AbortController().signal,
  })
  subjects = await openSubjects(bench)
  const proxy = await bench.startProxy()
  await bench.startAllocator({ namespace: subjects.ours.namespace, proxy })
  // The first request of an allocator asks for API versions as well.
  await subjects.ours.createOne()
  await bench.untilNoRuns()
  const each: (readonly RecordedRequest[])[] = []
  for (let count = 0; count < singles; count += 1) {
    each.push(await requestsDuring(bench, proxy, subjects.ours.createOne))
  }
  requests = each
})

afterAll(async () => {
  await subjects.close()
  await bench.close()
})

describe('an allocation', () => {
  it('asks the API server nothing that it used not to, and no more often', () => {
    const [cheapest = []] = requests.toSorted((one, other) => one.length - other.length)
    expect(cheapest).toHaveLength(limits.requests.length)
    expect(
      countByKind(cheapest)
        .map(([kind]) => kind)
        .toSorted(),
    ).toEqual(limits.requests)
  })

  it('leaves no more events in Temporal than it used to', async () => {
    const lengths = await historyLengths(bench, subjects.ours.namespace)
    expect(lengths).toHaveLength(singles + 1)
    expect(Math.min(...lengths)).toBeLessThanOrEqual(limits.events)
  })
})
