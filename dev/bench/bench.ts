import { Client, Connection } from '@temporalio/client'
import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { startAllocator, type Allocator } from '../allocator.ts'
import { kubeconfigThrough } from '../api-proxy/kubeconfig-through.ts'
import { startApiProxy, type ApiProxy } from '../api-proxy/api-proxy.ts'
import { closeAll } from '../stack/close-all.ts'
import type { StackConnection } from '../stack/connection.ts'
import { kubernetesApi, type KubernetesApi } from '../stack/kubernetes-api.ts'
import type { Progress } from '../stack/progress.ts'
import type { PartName } from '../stack/stack.ts'
import { eventually } from './eventually.ts'

/** The input of a run. */
export interface BenchOptions {
  readonly connection: StackConnection
  /** Kubeconfig of the allocator's ServiceAccount. */
  readonly kubeconfigPath: string
  /** Process id of a part of the stack, if it is known. */
  readonly pidOf: (part: PartName) => number | undefined
  /** Stops a part for good; absent on a shared stack. */
  readonly stopPart?: (part: PartName) => Promise<void>
  readonly rounds: number
  /** Overrides the number of Clusters of every measure. */
  readonly clusters?: number
  readonly progress: Progress
  readonly signal: AbortSignal
}

/** A running stack with everything that measures need. */
export interface Bench extends BenchOptions {
  readonly api: KubernetesApi
  readonly temporal: Client
  /** Number of Clusters in a measure. */
  readonly countFor: (defaultCount: number) => number
  /** A new name; does not create the namespace. */
  readonly newNamespace: (what: string) => string
  /** Starts an allocator for one namespace, on the bench's own task queue or one of its own. `close` stops it. */
  readonly startAllocator: (options: {
    readonly namespace: string
    readonly ownTaskQueue?: boolean
    readonly proxy?: ApiProxy
    readonly unready?: boolean
    readonly flags?: readonly string[]
  }) => Promise<Allocator>
  /** Starts a proxy that records requests. `close` stops it. */
  readonly startProxy: () => Promise<ApiProxy>
  /** Resolves when no workflow is running. */
  readonly untilNoRuns: () => Promise<void>
  /** Number of workflows started so far. */
  readonly countRuns: () => Promise<number>
  /** Makes `close` call this too, in case a measure fails before it does. Calling it twice must do no harm. */
  readonly alsoClose: (closer: () => Promise<unknown>) => void
  /**
   * Stops what measures have left running, newest first.
   *
   * @throws AggregateError of all failures, after everything else was stopped
   */
  readonly close: () => Promise<void>
}

/** Opens a bench on a running stack; `close` it at the end. */
export async function openBench(options: BenchOptions): Promise<Bench> {
  const { connection, signal } = options
  const api = kubernetesApi(connection)
  const temporalConnection = await Connection.connect({ address: connection.temporal.address })
  const temporal = new Client({
    connection: temporalConnection,
    namespace: connection.temporal.namespace,
  })
  const taskQueue = randomUUID()
  const taskQueues = [taskQueue]
  const suffix = randomBytes(3).toString('hex')
  const closers: (() => Promise<unknown>)[] = [() => api.close(), () => temporalConnection.close()]
  let namespaces = 0
  let kubeconfigs = 0

  const countRuns = async (more = ''): Promise<number> => {
    const queues = taskQueues.map((queue) => `'${queue}'`).join(', ')
    const { count } = await temporal.workflow.count(`TaskQueue IN (${queues})${more}`)
    return count
  }
  const newTaskQueue = (): string => {
    const queue = randomUUID()
    taskQueues.push(queue)
    return queue
  }
  const kubeconfigOf = (proxy: ApiProxy | undefined): string => {
    if (proxy === undefined) return options.kubeconfigPath
    kubeconfigs += 1
    const path = join(connection.runDirectory, `bench-${suffix}-${kubeconfigs}.kubeconfig`)
    kubeconfigThrough(proxy, options.kubeconfigPath, path)
    return path
  }
  return {
    ...options,
    api,
    temporal,
    countFor: (defaultCount) => options.clusters ?? defaultCount,
    newNamespace: (what) => `bench-${what}-${suffix}-${++namespaces}`,
    startAllocator: async ({ namespace, ownTaskQueue = false, proxy, unready = false, flags = [] }) => {
      const allocator = await startAllocator({
        stack: connection,
        kubeconfigPath: kubeconfigOf(proxy),
        taskQueue: ownTaskQueue ? newTaskQueue() : taskQueue,
        flags: [`--namespace=${namespace}`, ...flags],
        unready,
      })
      closers.push(() => allocator.stop())
      return allocator
    },
    startProxy: async () => {
      const proxy = await startApiProxy(connection)
      closers.push(() => proxy.close())
      return proxy
    },
    untilNoRuns: () =>
      eventually('all workflows to end', signal, async () => {
        return (await countRuns(" AND ExecutionStatus = 'Running'")) === 0
      }),
    countRuns: () => countRuns(),
    alsoClose: (closer) => void closers.push(closer),
    close: () => closeAll(closers),
  }
}
