import { join } from 'node:path'
import type { StackConnection } from '../stack/connection.ts'
import type { ClusterApi } from '../../src/kubernetes/cluster-api.ts'
import { createLiveClusterApi } from '../../src/kubernetes/live-cluster-api.ts'
import type { KubernetesConnection } from '../../src/kubernetes/transport/connection.ts'
import {
  adminOf,
  connectAs,
  uniqueName,
  type Admin,
  type Cleanup,
} from '../../test/integration/kubernetes/support.ts'
import { watchClaims, type WatchedClaims } from '../../test/integration/kubernetes/watched.ts'
import { startApiProxy, type ApiProxy } from '../api-proxy/api-proxy.ts'
import { kubeconfigThrough } from '../api-proxy/kubeconfig-through.ts'

/** A proxy of one test's own in front of the shared API server, the product's client behind it, and a namespace. */
export interface Scene {
  readonly proxy: ApiProxy
  readonly connection: KubernetesConnection
  readonly api: ClusterApi
  /** Does not go through the proxy. */
  readonly admin: Admin
  readonly namespace: string
  /** Watches the claims of the namespace through the proxy, and returns once the watch is open. */
  readonly watch: (tuning?: Parameters<typeof watchClaims>[0]['tuning']) => Promise<WatchedClaims>
}

/** Sets the scene for one test. */
export async function openScene(
  stack: StackConnection,
  cleanup: Cleanup,
  options: { readonly timeoutMs?: number; readonly apiServerUrl?: string } = {},
): Promise<Scene> {
  const { timeoutMs = 10_000, apiServerUrl = stack.apiServerUrl } = options
  const proxy = await startApiProxy({ ...stack, apiServerUrl })
  cleanup.after(() => proxy.close())
  const admin = adminOf(stack)
  cleanup.after(() => admin.close())
  const namespace = await admin.namespace()
  const kubeconfigPath = join(stack.runDirectory, `${uniqueName('through-proxy')}.kubeconfig`)
  kubeconfigThrough(proxy, stack.kubeconfigPath, kubeconfigPath)
  const connection = connectAs({ kubeconfigPath }, { timeoutMs })
  cleanup.after(() => connection.close())
  return {
    proxy,
    connection,
    api: createLiveClusterApi(connection),
    admin,
    namespace,
    watch: async (tuning = {}) => {
      const opened = { verb: 'watch', resource: 'ipaddressclaims', namespace, code: 200 } as const
      const before = proxy.count(opened)
      const watched = watchClaims({ connection, namespaces: [namespace], tuning })
      cleanup.after(() => watched.stop())
      await proxy.until(opened, before + 1)
      return watched
    },
  }
}
