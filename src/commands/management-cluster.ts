import type { Config } from '../config.ts'
import type { Snapshot } from '../domain/allocation/snapshot.ts'
import { readManagementClusterUid } from '../kubernetes/management-cluster-uid.ts'
import { createLiveClusterApi } from '../kubernetes/live-cluster-api.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import { connectTo, type KubernetesConnection } from '../kubernetes/transport/connection.ts'
import { openKubeConfig } from '../kubernetes/transport/kube-config.ts'
import { readSnapshot } from '../kubernetes/read-snapshot.ts'
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

/** Connects, and closes the connection when `use` settles. @throws Error if the kubeconfig cannot be read */
export async function withManagementCluster<T>(
  config: Pick<Config, 'kubeconfig' | 'kubeconfigList' | 'context' | 'proxies' | 'namespaces'>,
  use: (managementCluster: ManagementCluster) => Promise<T>,
): Promise<T> {
  const connection = connectTo({
    ...openKubeConfig(config),
    proxies: config.proxies,
    version: programVersion(),
  })
  try {
    return await use({
      connection,
      api: createLiveClusterApi(connection, config.namespaces),
      readUid: (signal) => readManagementClusterUid(connection, signal).catch(() => undefined),
      readSnapshot: () => readSnapshot(connection, config.namespaces),
    })
  } finally {
    await connection.close()
  }
}
