import { setTimeout as delay } from 'node:timers/promises'
import type { KubernetesApi } from '../../stack/kubernetes-api.ts'
import type { ContainerMemory, Containers } from './containers.ts'
import { listPods } from './pods.ts'

const intervalMs = 500

export interface MemoryWatch {
  /** What the largest container of the allocator needs now, in bytes. */
  readonly largestNow: () => Promise<number>
  /** Ends the watch, and resolves with the peak of all containers, in bytes. Idempotent. */
  readonly stop: () => Promise<number>
}

/** Looks at all containers of the allocator, since the figures of one go with it. */
export function watchMemory(api: KubernetesApi, containers: Containers): MemoryWatch {
  const over = new AbortController()
  let peak = 0
  const look = async (): Promise<readonly ContainerMemory[]> => {
    const pods = await listPods(api)
    const found = pods
      .filter(({ container }) => container !== '')
      .map(({ container }) => memoryOf(containers, container))
      .filter((memory) => memory !== undefined)
    peak = Math.max(peak, ...found.map((memory) => memory.peak))
    return found
  }
  const watching = watch(look, over.signal)
  return {
    largestNow: async () => Math.max(0, ...(await look()).map(({ current }) => current)),
    stop: async () => {
      over.abort()
      await watching
      return peak
    },
  }
}

async function watch(look: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    // The next look follows.
    await look().catch(() => undefined)
    await delay(intervalMs, undefined, { signal }).catch(() => undefined)
  }
}

/** A container can end between two reads. */
function memoryOf(containers: Containers, container: string): ContainerMemory | undefined {
  try {
    return containers.memory(container)
  } catch {
    return undefined
  }
}
