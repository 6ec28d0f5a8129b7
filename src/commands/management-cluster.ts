import type { Snapshot } from '../domain/allocation/snapshot.ts'
import { readManagementClusterUid } from '../kubernetes/management-cluster-uid.ts'
import { createLiveClusterApi } from '../kubernetes/live-cluster-api.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import { connectTo, type KubernetesConnection } from '../kubernetes/transport/connection.ts'
import { openKubeConfig } from '../kubernetes/transport/kube-config.ts'
import { readSnapshot } from '../kubernetes/read-snapshot.ts'
import type { CommandSetup } from './setup.ts'
import { programVersion } from './version.ts'

/** The management cluster as CLI commands use it. */
export interface ManagementCluster {
  readonly connection: KubernetesConnection
  readonly api: ClusterApi
  /** The uid that identifies it; undefined if it cannot be read. */
  readUid(signal?: AbortSignal): Promise<string | undefined>
  /** Reads all Clusters, ClusterClasses, claims, IPAddresses and pools of the configured namespaces once. */
  readSnapshot(): Promise<Snapshot>
}

/**
 * Connects, and closes the connection when `use` settles. Notes what could not be listed for lack of a permission.
 *
 * @throws Error if the kubeconfig cannot be read
 */
export async function withManagementCluster<T>(
  { config, console }: Pick<CommandSetup, 'config' | 'console'>,
  use: (managementCluster: ManagementCluster) => Promise<T>,
): Promise<T> {
  const refused = new Set<string>()
  const connection = connectTo({
    ...openKubeConfig(config),
    proxies: config.proxies,
    version: programVersion(),
    onRequest({ verb, failure }) {
      if (verb === 'list' && failure?.kind === 'forbidden') refused.add(failure.message)
    },
  })
  try {
    const result = await use({
      connection,
      api: createLiveClusterApi(connection, config.namespaces, config.poolKinds),
      readUid: (signal) => readManagementClusterUid(connection, signal).catch(() => undefined),
      readSnapshot: () => readSnapshot(connection, config.namespaces, config.poolKinds),
    })
    // If everything had been refused, `use` would have failed with that.
    for (const message of refused) console.note(`left out: ${message}`)
    return result
  } finally {
    await connection.close()
  }
}
