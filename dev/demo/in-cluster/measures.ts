import type { Served } from './cluster-trial.ts'
import type { Promises } from './promises.ts'

/** What `--measure` finds out. */
export interface Measures {
  readonly memory: {
    readonly atRestBytes: number
    /** Of any container of the allocator, at any time. */
    readonly peakBytes: number
  }
  /** Clusters are created while all Pods are replaced. */
  readonly rollout: Served & { readonly seconds: number }
  /** SIGTERM while Clusters come. */
  readonly termination: Served & Ended
  /** SIGSTOP, until the kubelet has killed the process. */
  readonly stuck: Served & Ended
  /** Of one Pod, and of the other one at once. */
  readonly eviction: { readonly first: Eviction; readonly second: Eviction }
  /** Of a Pod with a tenth of a processor, from the start of its container until it is ready. */
  readonly slowStart: { readonly seconds: number | undefined; readonly restarts: number | undefined }
}

/** How a process ended after a signal. */
export interface Ended {
  readonly seconds: number
  readonly exitCode: number | undefined
}

export type Eviction = 'granted' | 'refused'

/** Kubelet, runtime and a busy machine take their time, too. */
const slackSeconds = 5
/** Of a process that SIGKILL ended. */
const killed = 137

/** How the measures differ from what is promised, in words; none if they keep it. */
export function brokenPromises(measures: Measures, promises: Promises): readonly string[] {
  const { memory, rollout, termination, stuck, eviction, slowStart } = measures
  const trials = { rollout, SIGTERM: termination, 'a stuck process': stuck }
  return [
    ...Object.entries(trials)
      .filter(([, { clusters, addresses }]) => clusters !== addresses)
      .map(([what, { clusters, addresses }]) => `${what}: ${clusters} Clusters have ${addresses} addresses`),
    ...tooLate('SIGTERM', termination.seconds, promises.terminationSeconds),
    ...tooLate('a stuck process', stuck.seconds, promises.stuckSeconds),
    ...unexpected('SIGTERM: the exit code', termination.exitCode, 0),
    ...unexpected('a stuck process: the exit code', stuck.exitCode, killed),
    ...unexpected('eviction of one Pod: the answer', eviction.first, 'granted'),
    ...unexpected('eviction of the other Pod at once: the answer', eviction.second, 'refused'),
    ...unexpected('a slow start: the number of restarts', slowStart.restarts, 0),
    ...(memory.peakBytes < promises.memoryLimitBytes
      ? []
      : [`memory: ${memory.peakBytes} bytes at the peak, expected less than ${promises.memoryLimitBytes}`]),
  ]
}

function tooLate(what: string, seconds: number, promised: number): readonly string[] {
  if (seconds <= promised + slackSeconds) return []
  return [`${what}: the process ended after ${seconds.toFixed(1)} s, expected at most ${promised} s`]
}

function unexpected<T>(what: string, found: T, expected: T): readonly string[] {
  return found === expected ? [] : [`${what} is ${String(found)}, expected ${String(expected)}`]
}
