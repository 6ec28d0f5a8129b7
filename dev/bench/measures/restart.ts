import { readMemory } from '../cpu.ts'
import { inventoryOf, untilNoRequests } from '../inventory.ts'
import type { Measure } from '../measure.ts'
import { countByKind, describeCounts } from '../request-counts.ts'
import { median } from '../statistics.ts'

const defaultCount = 5000

/** Cost of the start of an allocator when all Clusters are served. */
export const restart: Measure = {
  name: 'restart-5000',
  run: async (bench) => {
    const count = bench.countFor(defaultCount)
    const { namespace, growTo } = await inventoryOf(bench)
    await growTo(count)
    const proxy = await bench.startProxy()
    const rounds: { readonly workflows: number; readonly requests: number; readonly ready: number }[] = []
    const memory: number[] = []
    let asked = ''
    for (let round = 1; round <= bench.rounds; round += 1) {
      const runsBefore = await bench.countRuns()
      // Time is measured without the proxy, requests with it.
      const begun = performance.now()
      const timed = await bench.startAllocator({ namespace })
      const ready = (performance.now() - begun) / 1000
      await timed.stop()
      const before = proxy.requests.length
      const counted = await bench.startAllocator({ namespace, proxy })
      await untilNoRequests(bench, proxy)
      memory.push(await readMemory(counted.pid))
      const requests = proxy.requests.slice(before)
      const workflows = (await bench.countRuns()) - runsBefore
      await counted.stop()
      rounds.push({ workflows, requests: requests.length, ready })
      asked = describeCounts(countByKind(requests))
      bench.progress(
        `  round ${round} of ${bench.rounds}: ready in ${ready.toFixed(1)} s, ${requests.length} requests, ${workflows} workflows`,
      )
    }
    await proxy.close()
    return {
      readings: [
        { figure: 'restart-5000-workflows', ours: rounds.map(({ workflows }) => workflows) },
        { figure: 'restart-5000-requests', ours: rounds.map(({ requests }) => requests) },
        { figure: 'restart-5000-ready', ours: rounds.map(({ ready }) => ready) },
      ],
      details: [
        `requests of an allocator that starts with ${count} served Clusters: ${asked}; ${median(memory).toFixed(0)} MB then`,
      ],
    }
  },
}
