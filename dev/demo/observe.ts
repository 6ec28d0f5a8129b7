import type { Client, WorkflowHandle } from '@temporalio/client'
import { claimNameFor } from '../../src/domain/model/claim.ts'
import { formatEndpoint, isValidEndpoint } from '../../src/domain/model/cluster.ts'
import type { NamespacedName } from '../../src/domain/model/object-meta.ts'
import { formatPool } from '../../src/domain/model/pool.ts'
import { connectTo } from '../../src/kubernetes/transport/connection.ts'
import { loadKubeConfig } from '../../src/kubernetes/transport/kube-config.ts'
import { startInformer } from '../../src/kubernetes/informer/informer.ts'
import { workflowIdFor } from '../../src/workflows/contract.ts'

/** Something seen to happen to the Cluster, by a bystander's watch. */
export interface Sighting {
  /** Milliseconds since the Cluster was created. */
  readonly atMs: number
  readonly what: string
}

const silentLog = { debug() {}, info() {}, warn() {}, error() {} }

/** Longest time for a VIP to arrive, in milliseconds. */
const arrivesWithinMs = 60_000

/**
 * Watches a Cluster come into being and its endpoint arrive.
 *
 * @returns milliseconds from the Cluster's creation to its endpoint, both as a bystander's watch saw them
 * @param create creates the Cluster; called once the watches listen
 * @param onSighting told of every sighting as it happens
 * @throws Error where no endpoint has come in a minute, or `signal` was aborted
 */
export async function observeAllocation(options: {
  readonly kubeconfigPath: string
  readonly cluster: NamespacedName
  readonly create: () => Promise<unknown>
  readonly onSighting: (sighting: Sighting) => void
  readonly signal: AbortSignal
}): Promise<number> {
  const { cluster, onSighting } = options
  const connection = connectTo({
    kubeConfig: loadKubeConfig({ kubeconfig: options.kubeconfigPath, context: undefined }),
    version: 'demo',
  })
  const over = new AbortController()
  const signal = AbortSignal.any([options.signal, over.signal, AbortSignal.timeout(arrivesWithinMs)])
  const shared = { connection, namespaces: [cluster.namespace], signal, log: silentLog }
  let createdAt: number | undefined
  const see = (what: string): number => {
    createdAt ??= performance.now()
    const atMs = Math.round(performance.now() - createdAt)
    onSighting({ atMs, what })
    return atMs
  }
  const listening: Promise<void>[] = []
  const listens = (): (() => void) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    listening.push(promise)
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
          onListed: listens(),
          onDelete() {},
          onUpsert(object, previous) {
            if (object.name !== cluster.name) return
            if (previous === undefined) see('Cluster created, without an endpoint')
            if (!isValidEndpoint(object.controlPlaneEndpoint)) return
            if (previous !== undefined && isValidEndpoint(previous.controlPlaneEndpoint)) return
            resolve(see(`endpoint ${formatEndpoint(object.controlPlaneEndpoint)} on the Cluster`))
          },
        },
      })
    })
    startInformer({
      ...shared,
      resource: 'ipaddressclaims',
      handler: {
        onListed: listens(),
        onDelete() {},
        onUpsert(claim, previous) {
          if (claim.name !== claimNameFor(cluster, 'control-plane')) return
          if (previous === undefined) {
            see(`IPAddressClaim ${claim.name} created on ${formatPool(claim.poolRef)}`)
          }
          if (claim.addressName !== undefined && previous?.addressName === undefined) {
            see(`IPAddressClaim bound to IPAddress ${claim.addressName} by the IPAM provider`)
          }
        },
      },
    })
    endpoint.catch(() => undefined)
    await Promise.race([Promise.all(listening), endpoint])
    await options.create()
    return await endpoint
  } finally {
    over.abort()
    await connection.close()
  }
}

/** The Cluster's run, once it has ended. */
export async function finishedRun(
  client: Client,
  cluster: NamespacedName,
): Promise<{ readonly workflowId: string; readonly runId: string }> {
  const handle: WorkflowHandle = client.workflow.getHandle(workflowIdFor(cluster))
  await handle.result()
  const { workflowId, runId } = await handle.describe()
  return { workflowId, runId }
}
