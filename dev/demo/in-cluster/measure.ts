import { type Progress, timed } from '../../stack/progress.ts'
import type { Measures } from './measures.ts'
import { watchMemory } from './memory-watch.ts'
import { areReady, listPods, untilPods } from './pods.ts'
import { measureEviction, measureRollout, measureSignal, measureSlowStart, type Subject } from './trials.ts'

const clustersAtTermination = 10

/** Takes all measures, one after the other, and leaves the Pods ready. */
export async function takeMeasures(subject: Subject, progress: Progress): Promise<Measures> {
  const { api, containers } = subject
  const replicas = (await listPods(api)).length
  const memory = watchMemory(api, containers)
  const ready = (): Promise<unknown> =>
    untilPods(api, `${replicas} ready Pods`, (pods) => areReady(pods, replicas))
  const measured = async <T>(what: string, measure: () => Promise<T>): Promise<T> => {
    const words = { during: `${what}: measuring`, after: `${what}: measured` }
    const result = await timed(progress, words, measure)
    await ready()
    return result
  }
  try {
    const atRestBytes = await memory.largestNow()
    const rollout = await measured('rollout', () => measureRollout(subject))
    const termination = await measured('SIGTERM', () =>
      measureSignal(subject, 'SIGTERM', clustersAtTermination),
    )
    const stuck = await measured('stuck process', () => measureSignal(subject, 'SIGSTOP', 1))
    const eviction = await measured('eviction', () => measureEviction(api))
    const slowStart = await measured('slow start', () => measureSlowStart(subject))
    return {
      memory: { atRestBytes, peakBytes: await memory.stop() },
      rollout,
      termination,
      stuck,
      eviction,
      slowStart,
    }
  } finally {
    await memory.stop()
  }
}
