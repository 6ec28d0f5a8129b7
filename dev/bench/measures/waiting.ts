import { setTimeout as delay } from 'node:timers/promises'
import { clusterFrom } from '../../../src/domain/model/cluster.ts'
import { vipConditionOf } from '../../../src/domain/allocation/vip-condition.ts'
import { cpuPercent, describeCpu, processesOf, readCpu, readMemory, totalOf, type CpuTimes } from '../cpu.ts'
import { hold, untilExhausted } from '../full-pool.ts'
import type { Measure } from '../measure.ts'
import { countByKind, describeCounts, withoutWatches } from '../request-counts.ts'
import { openSubjects } from '../subjects.ts'

const defaultCount = 10_000
/** The first retries of the last Cluster are close together, as those of any new one. */
const settleMs = 150_000
/** For each round. All rounds together are as long as the longest interval at which something is done. */
const watchedMs = 120_000

interface Round {
  /** In percent of a core. */
  readonly cpu: CpuTimes
  /** A second. */
  readonly attempts: number
  readonly requests: number
}

/** Cost of many Clusters that wait for an exhausted pool. */
export const waiting: Measure = {
  name: 'waiting-10000',
  run: async (bench) => {
    const count = bench.countFor(defaultCount)
    const subjects = await openSubjects(bench, { ours: 1, floor: 1 })
    const { ours } = subjects
    const proxy = await bench.startProxy()
    const allocator = await bench.startAllocator({ namespace: ours.namespace, proxy })
    await hold(bench, ours.namespace, 'holder')
    await untilExhausted(bench, ours.namespace)
    bench.progress(`  ${count} Clusters begin to wait`)
    await ours.create(count)
    await ours.untilMatching(count, (cluster) => {
      return vipConditionOf(clusterFrom(cluster), 'control-plane')?.reason === 'PoolExhausted'
    })
    bench.progress(`  all wait; ${settleMs / 1000} s until they have settled`)
    await delay(settleMs, undefined, { signal: bench.signal })
    const processes = processesOf(bench, { allocator: allocator.pid })
    const rounds: Round[] = []
    const seen = proxy.requests.length
    for (let round = 1; round <= bench.rounds; round += 1) {
      // A scrape costs CPU too, so it is not in between.
      const attemptsBefore = await countAttempts(allocator.metricsUrl)
      const before = await readCpu(processes)
      const requestsBefore = proxy.requests.length
      await delay(watchedMs, undefined, { signal: bench.signal })
      const cpu = cpuPercent(before, await readCpu(processes), watchedMs)
      const attempts = ((await countAttempts(allocator.metricsUrl)) - attemptsBefore) / (watchedMs / 1000)
      const requests = withoutRelists(proxy.requests.slice(requestsBefore)).length
      rounds.push({ cpu, attempts, requests })
      bench.progress(
        `  round ${round} of ${bench.rounds}: ${totalOf(cpu).toFixed(1)} % of a core, ${attempts.toFixed(1)} attempts a second`,
      )
    }
    const [memory, asked] = [await readMemory(allocator.pid), proxy.requests.slice(seen)]
    await subjects.close()
    await allocator.stop()
    await proxy.close()
    return {
      readings: [
        { figure: 'waiting-10000-cpu', ours: [average(rounds.map(({ cpu }) => totalOf(cpu)))] },
        { figure: 'waiting-10000-attempts', ours: [average(rounds.map(({ attempts }) => attempts))] },
        { figure: 'waiting-10000-requests', ours: [average(rounds.map(({ requests }) => requests))] },
      ],
      details: [
        `CPU while ${count} Clusters wait, in percent of a core: ${describeCpu([averageOf(rounds)], [...processes.keys()], (percent) => percent.toFixed(1))}`,
        `memory of the allocator then: ${memory.toFixed(0)} MB; requests in ${(bench.rounds * watchedMs) / 60_000} minutes: ${describeCounts(countByKind(withoutWatches(asked)))}`,
      ],
    }
  },
}

/** Attempts of steps so far, by the allocator's own metrics. */
async function countAttempts(metricsUrl: string): Promise<number> {
  const lines = (await (await fetch(metricsUrl)).text()).split('\n')
  return lines
    .filter((line) => line.startsWith('capi_vip_allocator_reconcile_total'))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

/** Bursts between two rounds of the same work count, so no median. */
function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function averageOf(rounds: readonly Round[]): CpuTimes {
  const names = Object.keys(rounds[0]?.cpu ?? {})
  return Object.fromEntries(
    names.map((name) => [name, average(rounds.map(({ cpu }) => cpu[name] ?? Number.NaN))]),
  )
}

function withoutRelists(requests: Parameters<typeof withoutWatches>[0]): ReturnType<typeof withoutWatches> {
  return withoutWatches(requests).filter(({ verb }) => verb !== 'list')
}
