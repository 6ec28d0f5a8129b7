import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { RecordedRequest } from '../../dev/api-proxy/request-record.ts'
import { openBench, type Bench } from '../../dev/bench/bench.ts'
import { cpuBetween, forgetUsage, processesOf, readCpu } from '../../dev/bench/cpu.ts'
import { historyLengths } from '../../dev/bench/measures/history-events.ts'
import { requestsDuring } from '../../dev/bench/measures/requests.ts'
import { countByKind } from '../../dev/bench/request-counts.ts'
import { openSides, type Sides } from '../../dev/bench/sides.ts'
import type { Allocator } from '../../dev/allocator.ts'
import { realParts } from '../support/real-parts.ts'

/**
 * What an allocation may cost, in counts and ratios: how long it takes depends on the machine. These are what it costs
 * today; who makes it cheaper lowers them. docs/performance.md has the targets.
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
  /**
   * CPU of the allocator per allocation, by CPU of the IPAM provider per claim, of the cheapest bursts. Four times what it
   * is on a machine of its own: beside other suites, both take longer for the same, and the allocator more so.
   */
  cpuByFloor: 20,
}

const singles = 7
const warmUp = 60
const bursts = 3
const atOnce = 20

let bench: Bench
let sides: Sides
let allocator: Allocator
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
  sides = await openSides(bench)
  const proxy = await bench.startProxy()
  allocator = await bench.startAllocator({ namespace: sides.ours.namespace, proxy })
  // The first request of an allocator asks for API versions as well.
  await sides.ours.one()
  await bench.untilNoRuns()
  const each: (readonly RecordedRequest[])[] = []
  for (let count = 0; count < singles; count += 1) {
    each.push(await requestsDuring(bench, proxy, sides.ours.one))
  }
  requests = each
})

afterAll(async () => {
  forgetUsage()
  await sides.close()
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
    const lengths = await historyLengths(bench, sides.ours.namespace)
    expect(lengths).toHaveLength(singles + 1)
    expect(Math.min(...lengths)).toBeLessThanOrEqual(limits.events)
  })

  it('uses no more CPU, by what the IPAM provider uses for a claim, than it used to', async () => {
    // What a process does first it does before its code is compiled, which takes longer where others use the machine too.
    await sides.ours.burst(warmUp)
    await bench.untilNoRuns()
    const processes = processesOf(bench, allocator)
    const used = { floor: [] as number[], ours: [] as number[] }
    for (let count = 0; count < bursts; count += 1) {
      const start = await readCpu(processes)
      await sides.floor.burst(atOnce)
      const between = await readCpu(processes)
      await sides.ours.burst(atOnce)
      await bench.untilNoRuns()
      used.floor.push(cpuBetween(start, between, atOnce)['ipam-provider'] ?? 0)
      used.ours.push(cpuBetween(between, await readCpu(processes), atOnce)['allocator'] ?? 0)
    }
    // Other suites share the provider and the machine, which adds to one burst and not to another.
    const [floor, ours] = [Math.min(...used.floor), Math.min(...used.ours)]
    expect(floor).toBeGreaterThan(0)
    expect(ours / floor).toBeLessThanOrEqual(limits.cpuByFloor)
  })
})
