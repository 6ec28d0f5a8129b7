import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Allocator } from '../../dev/allocator.ts'
import { startApiProxy, type ApiProxy } from '../../dev/api-proxy/api-proxy.ts'
import { kubeconfigThrough } from '../../dev/api-proxy/kubeconfig-through.ts'
import { startAllocator, type TestAllocatorOptions } from '../support/allocator.ts'
import { realParts } from '../support/real-parts.ts'
import { runCommand } from './run-program.ts'
import { viewTemporal, type TemporalView } from './temporal.ts'
import { openTestbed, type Testbed } from './testbed.ts'

/** Deviations from the allocator as users deploy it; `namespaces`: in addition to the testbed's. */
export type StartOptions = Partial<Omit<TestAllocatorOptions, 'stack'>>

/** All that most suites need on the shared stack: a testbed, allocators, and a client of Temporal. */
export interface Fixture {
  readonly testbed: Testbed
  readonly temporal: TemporalView
  /** Of every allocator that is given no other: a run stays on its queue. */
  readonly taskQueue: string
  /** The allocator started last; throws if there is none yet. */
  readonly allocator: Allocator
  /** Starts an allocator, also a second one. */
  start(options?: StartOptions): Promise<Allocator>
  /** Starts a proxy in front of the API server, and writes a kubeconfig for the allocator through it. */
  openProxy(): Promise<{ readonly proxy: ApiProxy; readonly kubeconfigPath: string }>
  /** Runs a command for people, who may do everything, on the testbed's namespace and the task queue. Resolves with its stdout. */
  print(...args: readonly string[]): Promise<string>
  /**
   * Removes the testbed, then stops the allocators: Clusters only go while one runs.
   *
   * @param before runs first; the allocators stop even if it fails
   */
  close(before?: () => Promise<unknown>): Promise<void>
}

/** Opens a fixture and starts an allocator; `close` it at the end. */
export async function openFixtureWithAllocator(options: StartOptions = {}): Promise<Fixture> {
  const suite = await openFixture()
  try {
    await suite.start(options)
  } catch (error) {
    await suite.close()
    throw error
  }
  return suite
}

/** Opens a fixture for a suite that prepares something before it calls `start`. */
export async function openFixture(): Promise<Fixture> {
  const { stack, allocatorKubeconfig } = realParts()
  const taskQueue = randomUUID()
  const testbed = await openTestbed(stack)
  const temporal = await viewTemporal(stack)
  const started: Allocator[] = []
  const proxies: ApiProxy[] = []
  return {
    testbed,
    temporal,
    taskQueue,
    get allocator() {
      const last = started.at(-1)
      if (last === undefined) throw new Error('the suite has not started an allocator')
      return last
    },
    start: async (options = {}) => {
      const namespaces = [testbed.namespace, ...(options.namespaces ?? [])]
      const kubeconfigPath = allocatorKubeconfig
      const allocator = await startAllocator({ stack, kubeconfigPath, taskQueue, ...options, namespaces })
      started.push(allocator)
      return allocator
    },
    openProxy: async () => {
      const proxy = await startApiProxy(stack)
      proxies.push(proxy)
      const kubeconfigPath = join(stack.runDirectory, `${testbed.namespace}-${proxies.length}.kubeconfig`)
      kubeconfigThrough(proxy, allocatorKubeconfig, kubeconfigPath)
      return { proxy, kubeconfigPath }
    },
    print: async (...args) => {
      const { stdout } = await runCommand([...args, `--kubeconfig=${stack.kubeconfigPath}`], {
        TEMPORAL_ADDRESS: stack.temporal.address,
        TEMPORAL_NAMESPACE: stack.temporal.namespace,
        CAPI_VIP_ALLOCATOR_TASK_QUEUE: taskQueue,
        CAPI_VIP_ALLOCATOR_NAMESPACE: testbed.namespace,
      })
      return stdout
    },
    close: async (before) => {
      try {
        await before?.()
        await testbed.close()
      } finally {
        await Promise.all(started.map((allocator) => allocator.stop()))
        await Promise.all([...proxies.map((proxy) => proxy.close()), temporal.close()])
      }
    },
  }
}
