import { setTimeout as delay } from 'node:timers/promises'
import { clusterFrom } from '../../../src/domain/model/cluster.ts'
import { vipConditionOf } from '../../../src/domain/allocation/vip-condition.ts'
import type { ApiProxy } from '../../api-proxy/api-proxy.ts'
import type { RecordedRequest } from '../../api-proxy/request-record.ts'
import type { Bench } from '../bench.ts'
import { cpuPercent, describeCpu, processesOf, readCpu, type CpuTimes } from '../cpu.ts'
import type { Measure } from '../measure.ts'
import { hold, release, untilExhausted } from '../full-pool.ts'
import { hasEndpoint, isBound } from '../objects.ts'
import { countByKind, describeCounts, withoutWatches } from '../request-counts.ts'
import { nameOf, type Subject } from '../subject.ts'
import { openSubjects } from '../subjects.ts'

const defaultCount = 1000
/** Requests up to this time after the VIP count. */
const afterMs = 5_000
/** Time before each address is freed. What waiting runs request of their own accord is counted in it. */
const settleMs = 60_000
/** Time until the floor's claim waits, which nothing reports. */
const floorSettleMs = 2_000

/** Many Clusters wait for an exhausted pool, and one address is freed. */
export const freed: Measure = {
  name: 'freed-1000',
  run: async (bench) => {
    const count = bench.countFor(defaultCount)
    const subjects = await openSubjects(bench, { ours: bench.rounds, floor: 1 })
    const { ours, floor } = subjects
    const proxy = await bench.startProxy()
    const allocator = await bench.startAllocator({ namespace: ours.namespace, proxy })
    const holders = Array.from({ length: bench.rounds }, (_, index) => `holder-${index + 1}`)
    for (const holder of holders) await hold(bench, ours.namespace, holder)
    await untilExhausted(bench, ours.namespace)
    let floorHolder = 'holder'
    await hold(bench, floor.namespace, floorHolder)
    bench.progress(`  ${count} Clusters begin to wait`)
    await ours.create(count)
    await ours.untilMatching(count, (cluster) => {
      return vipConditionOf(clusterFrom(cluster), 'control-plane')?.reason === 'PoolExhausted'
    })
    const rounds: Readonly<Record<'assigned' | 'bound' | 'requests' | 'before', number>>[] = []
    /** CPU use while all wait, in percent of a core. */
    const used: CpuTimes[] = []
    const processes = processesOf(bench, { allocator: allocator.pid })
    let asked = ''
    for (const [index, holder] of holders.entries()) {
      const bound = await freedOnFloor(bench, floor, floorHolder)
      floorHolder = bound.holder
      bench.progress(`  ${count} Clusters wait, for ${settleMs / 1000} s more`)
      const before = await readCpu(processes)
      await delay(settleMs, undefined, { signal: bench.signal })
      used.push(cpuPercent(before, await readCpu(processes), settleMs))
      const freedAt = Date.now()
      const begun = performance.now()
      await release(bench, ours.namespace, holder)
      await ours.untilMatching(index + 1, hasEndpoint)
      const assigned = performance.now() - begun
      await delay(afterMs, undefined, { signal: bench.signal })
      const requests = requestsBetween(proxy, freedAt, Date.now())
      const waiting = requestsBetween(proxy, freedAt - settleMs, freedAt)
      const windows = (Date.now() - freedAt) / settleMs
      rounds.push({
        assigned: assigned / 1000,
        bound: bound.ms / 1000,
        requests: requests.length,
        before: Math.round(waiting.length * windows),
      })
      asked = `${describeCounts(countByKind(requests))}; in the minute before: ${describeCounts(countByKind(waiting))}`
      bench.progress(
        `  round ${index + 1} of ${bench.rounds}: one VIP after ${assigned.toFixed(0)} ms, ${requests.length} requests`,
      )
    }
    await subjects.close()
    await allocator.stop()
    await proxy.close()
    return {
      readings: [
        {
          figure: 'freed-1000-assigned',
          ours: rounds.map(({ assigned }) => assigned),
          floor: rounds.map(({ bound }) => bound),
        },
        {
          figure: 'freed-1000-requests',
          ours: rounds.map(({ requests }) => requests),
          floor: rounds.map(({ before }) => before),
        },
      ],
      details: [
        `requests when one address is freed for ${count} waiting Clusters: ${asked}`,
        `CPU while ${count} Clusters wait, in percent of a core: ${describeCpu(used, [...processes.keys()], (percent) => percent.toFixed(1))}`,
      ],
    }
  },
}

/** @param from milliseconds since the epoch, as `to` */
function requestsBetween(proxy: ApiProxy, from: number, to: number): readonly RecordedRequest[] {
  return withoutWatches(proxy.requests.filter(({ at }) => at >= from && at < to))
}

/** The floor: a claim waits for the only address, which another claim gives back. */
async function freedOnFloor(
  bench: Bench,
  floor: Subject,
  holder: string,
): Promise<{ readonly ms: number; readonly holder: string }> {
  const [waiting = ''] = await floor.create(1)
  await delay(floorSettleMs, undefined, { signal: bench.signal })
  const begun = performance.now()
  await release(bench, floor.namespace, holder)
  await floor.untilMatching(1, (claim) => isBound(claim) && nameOf(claim) === waiting)
  return { ms: performance.now() - begun, holder: waiting }
}
