import { setTimeout as delay } from 'node:timers/promises'
import { cpuPercent, readCpu, readMemory } from '../cpu.ts'
import { inventoryOf, untilNoRequests } from '../inventory.ts'
import type { Measure } from '../measure.ts'
import { countByKind, describeCounts } from '../request-counts.ts'

const defaultCount = 10_000
/** For each round. */
const watchedMs = 60_000

/** Cost of an allocator that has nothing to do. */
export const atRest: Measure = {
  name: 'at-rest-10000',
  run: async (bench) => {
    const count = bench.countFor(defaultCount)
    const { namespace, growTo } = await inventoryOf(bench)
    await growTo(count)
    const proxy = await bench.startProxy()
    const allocator = await bench.startAllocator({ namespace, proxy })
    await untilNoRequests(bench, proxy)
    const processes = new Map([['allocator', allocator.pid]])
    const rounds: { readonly memory: number; readonly cpu: number; readonly requests: number }[] = []
    const begun = proxy.requests.length
    for (let round = 1; round <= bench.rounds; round += 1) {
      const [before, seen] = [await readCpu(processes), proxy.requests.length]
      await delay(watchedMs, undefined, { signal: bench.signal })
      const { allocator: cpu = Number.NaN } = cpuPercent(before, await readCpu(processes), watchedMs)
      const requests = proxy.requests.slice(seen).filter(({ verb }) => verb !== 'watch' && verb !== 'list')
      const memory = await readMemory(allocator.pid)
      rounds.push({ memory, cpu, requests: requests.length })
      bench.progress(`  round ${round} of ${bench.rounds}: ${memory.toFixed(0)} MB, ${cpu.toFixed(2)} %`)
    }
    const all = proxy.requests.slice(begun)
    await allocator.stop()
    await proxy.close()
    return {
      readings: [
        { figure: 'at-rest-10000-memory', ours: rounds.map(({ memory }) => memory) },
        { figure: 'at-rest-10000-cpu', ours: rounds.map(({ cpu }) => cpu) },
        { figure: 'at-rest-10000-requests', ours: rounds.map(({ requests }) => requests) },
      ],
      details: [
        `requests at rest with ${count} Clusters, in ${bench.rounds} minutes: ${describeCounts(countByKind(all))}`,
      ],
    }
  },
}
