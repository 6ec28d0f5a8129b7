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

/** What a run of the benchmark is about. */
export interface BenchOptions {
  readonly connection: StackConnection
  /** Kubeconfig of the allocator's ServiceAccount. */
  readonly kubeconfigPath: string
  /** Process ids of the stack's programs, as far as they are known. */
  readonly pidOf: (part: PartName) => number | undefined
  /** Takes a program of the stack away for good. Absent on a stack that is shared. */
  readonly stopPart?: (part: PartName) => Promise<void>
  readonly rounds: number
  /** In place of every measure's own number of Clusters. */
  readonly clusters?: number
  readonly progress: Progress
  readonly signal: AbortSignal
}

/** A running stack with all that measures need. */
export interface Bench extends BenchOptions {
  readonly api: KubernetesApi
  readonly temporal: Client
  /** How many Clusters a measure takes. */
  readonly size: (own: number) => number
  /** A namespace that nobody has had. */
  readonly newNamespace: (what: string) => string
  /** Starts an allocator that serves one namespace, on the bench's own task queue. It ends at `close` at the latest. */
  readonly startAllocator: (options: {
    readonly namespace: string
    readonly proxy?: ApiProxy
    readonly unready?: boolean
  }) => Promise<Allocator>
  /** A proxy that counts what an allocator asks; it ends at `close` at the latest. */
  readonly startProxy: () => Promise<ApiProxy>
  /** Resolves when no workflow runs any more. */
  readonly untilNoRuns: () => Promise<void>
  /** Workflows that have ever been started. */
  readonly countRuns: () => Promise<number>
  /** Has `close` end something too, in case a measure breaks off before it does. Ending it twice must do no harm. */
  readonly alsoClose: (closer: () => Promise<unknown>) => void
  /**
   * Ends what measures have left running, newest first.
   *
   * @throws AggregateError of what could not be ended, after all else was
   */
  readonly close: () => Promise<void>
}

/** Prepares for measures on a running stack; `close` it at the end. */
export async function openBench(options: BenchOptions): Promise<Bench> {
  const { connection, signal } = options
  const api = kubernetesApi(connection)
  const temporalConnection = await Connection.connect({ address: connection.temporal.address })
  const temporal = new Client({
    connection: temporalConnection,
    namespace: connection.temporal.namespace,
  })
  const taskQueue = randomUUID()
  const suffix = randomBytes(3).toString('hex')
  const closers: (() => Promise<unknown>)[] = [() => api.close(), () => temporalConnection.close()]
  let namespaces = 0
  let kubeconfigs = 0

  const countRuns = async (more = ''): Promise<number> => {
    const { count } = await temporal.workflow.count(`TaskQueue = '${taskQueue}'${more}`)
    return count
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
    size: (own) => options.clusters ?? own,
    newNamespace: (what) => `bench-${what}-${suffix}-${++namespaces}`,
    startAllocator: async ({ namespace, proxy, unready = false }) => {
      const allocator = await startAllocator({
        stack: connection,
        kubeconfigPath: kubeconfigOf(proxy),
        taskQueue,
        flags: [`--namespace=${namespace}`],
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
