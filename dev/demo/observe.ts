import type { Client, WorkflowHandle } from '@temporalio/client'
import { claimNameFor } from '../../src/domain/model/claim.ts'
import { formatEndpoint, isValidEndpoint } from '../../src/domain/model/cluster.ts'
import type { NamespacedName } from '../../src/domain/model/object-meta.ts'
import { formatPool } from '../../src/domain/model/pool.ts'
import { connectTo } from '../../src/kubernetes/transport/connection.ts'
import { loadKubeConfig } from '../../src/kubernetes/transport/kube-config.ts'
import { startInformer } from '../../src/kubernetes/informer/informer.ts'
import { workflowIdFor } from '../../src/workflows/contract.ts'

/** A change that the watches show. */
export interface ObservedEvent {
  /** Milliseconds since the Cluster was created. */
  readonly atMs: number
  readonly what: string
}

const silentLog = { debug() {}, info() {}, warn() {}, error() {} }

const arrivesWithinMs = 60_000

/**
 * Watches the Cluster and its claim until the endpoint is set.
 *
 * @returns milliseconds from the Cluster's creation to its endpoint, as the watch delivered both
 * @param create creates the Cluster; called when the watches are open
 * @throws Error after a minute without an endpoint, or if `signal` is aborted
 */
export async function observeAllocation(options: {
  readonly kubeconfigPath: string
  readonly cluster: NamespacedName
  readonly create: () => Promise<unknown>
  readonly onEvent: (event: ObservedEvent) => void
  readonly signal: AbortSignal
}): Promise<number> {
  const { cluster, onEvent } = options
  const connection = connectTo({
    kubeConfig: loadKubeConfig({ kubeconfig: options.kubeconfigPath, context: undefined }),
    version: 'demo',
  })
  const over = new AbortController()
  const signal = AbortSignal.any([options.signal, over.signal, AbortSignal.timeout(arrivesWithinMs)])
  const shared = { connection, namespaces: [cluster.namespace], signal, log: silentLog }
  let createdAt: number | undefined
  const observe = (what: string): number => {
    createdAt ??= performance.now()
    const atMs = Math.round(performance.now() - createdAt)
    onEvent({ atMs, what })
    return atMs
  }
  const listed: Promise<void>[] = []
  const onceListed = (): (() => void) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    listed.push(promise)
    return resolve
  }
  try {
    const endpoint = new Promise<number>((resolve, reject) => {
      signal.addEventListener('abort', () =>
        reject(new Error('no endpoint arrived', { cause: signal.reason })),
      )
      startInformer({
        ...shared,
        resource: 'clusters',
        handler: {
          onListed: onceListed(),
          onDelete() {},
          onUpsert(object, previous) {
            if (object.name !== cluster.name) return
            if (previous === undefined) observe('Cluster created, without an endpoint')
            if (!isValidEndpoint(object.controlPlaneEndpoint)) return
            if (previous !== undefined && isValidEndpoint(previous.controlPlaneEndpoint)) return
            resolve(observe(`endpoint ${formatEndpoint(object.controlPlaneEndpoint)} on the Cluster`))
          },
        },
      })
    })
    startInformer({
      ...shared,
      resource: 'ipaddressclaims',
      handler: {
        onListed: onceListed(),
        onDelete() {},
        onUpsert(claim, previous) {
          if (claim.name !== claimNameFor(cluster, 'control-plane')) return
          if (previous === undefined) {
            observe(`IPAddressClaim ${claim.name} created on ${formatPool(claim.poolRef)}`)
          }
          if (claim.addressName !== undefined && previous?.addressName === undefined) {
            observe(`IPAddressClaim bound to IPAddress ${claim.addressName} by the IPAM provider`)
          }
        },
      },
    })
    endpoint.catch(() => undefined)
    await Promise.race([Promise.all(listed), endpoint])
    await options.create()
    return await endpoint
  } finally {
    over.abort()
    await connection.close()
  }
}

/** Waits for the end of the Cluster's run. */
export async function finishedRun(
  client: Client,
  cluster: NamespacedName,
): Promise<{ readonly workflowId: string; readonly runId: string }> {
  const handle: WorkflowHandle = client.workflow.getHandle(workflowIdFor(cluster))
  await handle.result()
  const { workflowId, runId } = await handle.describe()
  return { workflowId, runId }
}
