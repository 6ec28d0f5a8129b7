import { randomUUID } from 'node:crypto'
import { startAllocator, type Allocator } from '../../dev/allocator.ts'
import { realParts } from '../support/real-parts.ts'
import { viewTemporal, type TemporalView } from './temporal.ts'
import { openWorld, type World } from './world.ts'

/** A world of a suite's own, with the allocator at work in it as a user deploys it, and a view of Temporal. */
export interface AtWork {
  readonly world: World
  readonly temporal: TemporalView
  readonly allocator: Allocator
  readonly taskQueue: string
  /** Leaves nothing behind: first the world, whose Clusters only go while the allocator lets them. */
  close(): Promise<void>
}

/** Opens it on the shared stack; `close` it at the end. */
export async function openAtWork(flags: readonly string[] = []): Promise<AtWork> {
  const { stack, allocatorKubeconfig } = realParts()
  const taskQueue = randomUUID()
  const world = await openWorld(stack)
  const temporal = await viewTemporal(stack)
  const allocator = await startAllocator({
    stack,
    kubeconfigPath: allocatorKubeconfig,
    taskQueue,
    flags: [`--namespace=${world.namespace}`, ...flags],
  })
  return {
    world,
    temporal,
    allocator,
    taskQueue,
    async close() {
      try {
        await world.close()
      } finally {
        await allocator.stop()
        await temporal.close()
      }
    },
  }
}
