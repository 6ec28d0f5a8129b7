import { randomUUID } from 'node:crypto'
import type { Allocator } from '../../dev/allocator.ts'
import { startAllocator, type TestAllocatorOptions } from '../support/allocator.ts'
import { realParts } from '../support/real-parts.ts'
import { viewTemporal, type TemporalView } from './temporal.ts'
import { openWorld, type World } from './world.ts'

/** How an allocator is started, as far as it is not as a user deploys it; `namespaces`: besides the world's. */
export type StartOptions = Partial<Omit<TestAllocatorOptions, 'stack'>>

/** A world of a suite's own, with the allocator at work in it, and a view of Temporal. */
export interface AtWork {
  readonly world: World
  readonly temporal: TemporalView
  /** The same for every allocator that is given no other: a run stays on its queue. */
  readonly taskQueue: string
  /** The one that was started last; throws before there is one. */
  readonly allocator: Allocator
  /** Starts an allocator, also after or beside another one. */
  start(options?: StartOptions): Promise<Allocator>
  /**
   * Leaves nothing behind: first the world, whose Clusters only go while the allocator lets them.
   *
   * @param before what the world needs done so that it can go, while all is at work; allocators stop in any case
   */
  close(before?: () => Promise<unknown>): Promise<void>
}

/** Opens it on the shared stack with the allocator at work; `close` it at the end. */
export async function openAtWork(options: StartOptions = {}): Promise<AtWork> {
  const suite = await openIdle()
  try {
    await suite.start(options)
  } catch (error) {
    await suite.close()
    throw error
  }
  return suite
}

/** The same without an allocator yet, for a suite that has something to prepare before it calls `start`. */
export async function openIdle(): Promise<AtWork> {
  const { stack, allocatorKubeconfig } = realParts()
  const taskQueue = randomUUID()
  const world = await openWorld(stack)
  const temporal = await viewTemporal(stack)
  const started: Allocator[] = []
  return {
    world,
    temporal,
    taskQueue,
    get allocator() {
      const last = started.at(-1)
      if (last === undefined) throw new Error('the suite has not started an allocator')
      return last
    },
    start: async (options = {}) => {
      const namespaces = [world.namespace, ...(options.namespaces ?? [])]
      const kubeconfigPath = allocatorKubeconfig
      const allocator = await startAllocator({ stack, kubeconfigPath, taskQueue, ...options, namespaces })
      started.push(allocator)
      return allocator
    },
    close: async (before) => {
      try {
        await before?.()
        await world.close()
      } finally {
        await Promise.all(started.map((allocator) => allocator.stop()))
        await temporal.close()
      }
    },
  }
}
