import { join } from 'node:path'
import { Agent, request } from 'undici'
import { objectOf, stringOf, type JsonObject } from '../../src/domain/model/decode.ts'
import type { ClusterApi } from '../../src/kubernetes/cluster-api.ts'
import { createLiveClusterApi } from '../../src/kubernetes/live-cluster-api.ts'
import type { KubernetesConnection } from '../../src/kubernetes/transport/connection.ts'
import {
  adminOf,
  connectAs,
  createJournal,
  uniqueName,
  type Admin,
  type Cleanup,
  type Journal,
} from '../../test/integration/kubernetes/support.ts'
import { watchClaims, type WatchedClaims } from '../../test/integration/kubernetes/watched.ts'
import type { StackConnection } from '../stack/connection.ts'
import { linesOf } from '../stack/raw-watch.ts'
import { startApiProxy, type ApiProxy } from './api-proxy.ts'
import { kubeconfigThrough } from './kubeconfig-through.ts'

/** A proxy in front of the shared API server, the product's client behind it, and a namespace. */
export interface ProxyFixture {
  readonly proxy: ApiProxy
  readonly connection: KubernetesConnection
  readonly api: ClusterApi
  /** Does not go through the proxy. */
  readonly admin: Admin
  readonly namespace: string
  /** Watches the claims of the namespace through the proxy. Resolves when the watch is open. */
  readonly watch: (tuning?: Parameters<typeof watchClaims>[0]['tuning']) => Promise<WatchedClaims>
}

/** Opens a fixture for one test. */
export async function openProxyFixture(
  stack: StackConnection,
  cleanup: Cleanup,
  options: { readonly timeoutMs?: number; readonly apiServerUrl?: string } = {},
): Promise<ProxyFixture> {
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

/** A single watch request, which is not repeated when it ends. */
export interface SingleWatch {
  readonly events: Journal<JsonObject>
  /** Names of the objects in these events. */
  readonly names: () => readonly string[]
  /** Resolves when the server ends the watch, rejects if it breaks. */
  readonly end: Promise<void>
}

/** Opens a watch without any time limit. */
export async function openSingleWatch(url: string, token: string, cleanup: Cleanup): Promise<SingleWatch> {
  const dispatcher = new Agent({ bodyTimeout: 0 })
  cleanup.after(() => dispatcher.destroy())
  const { body } = await request(url, { dispatcher, headers: { authorization: `Bearer ${token}` } })
  const events = createJournal<JsonObject>()
  const read = async (): Promise<void> => {
    for await (const line of linesOf(body)) events.add(objectOf(JSON.parse(line)))
  }
  const end = read()
  // A test may not await the end.
  end.catch(() => undefined)
  return {
    events,
    names: () => events.entries.map(({ object }) => stringOf(objectOf(objectOf(object)['metadata'])['name'])),
    end,
  }
}
