import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { objectOf, arrayOf } from '../../src/domain/model/decode.ts'
import { allocatorAccount, allocatorManifests } from '../allocator.ts'
import type { StackConnection } from '../stack/connection.ts'
import type { KubernetesApi } from '../stack/kubernetes-api.ts'
import { applyManifests, type ManifestText } from '../stack/manifests.ts'
import type { Progress } from '../stack/progress.ts'
import { createServiceAccountKubeconfig } from '../stack/service-account.ts'

const examples = join(import.meta.dirname, '..', '..', 'examples')

/** One of the files that the README shows. */
export function example(name: string): ManifestText {
  return { path: join(examples, `${name}.yaml`) }
}

/** What has to be there before a Cluster: what an operator has applied long ago. */
const landscape = ['namespace', 'demo-infrastructure-crds', 'cluster-class', 'ip-pool'].map(example)

/**
 * Applies the examples, and the allocator's own manifests, and waits until Cluster API has taken in the ClusterClass.
 *
 * @returns path of a kubeconfig with the allocator's ServiceAccount: it runs with these permissions, not as administrator
 */
export async function applyExamples(
  connection: StackConnection,
  api: KubernetesApi,
  progress: Progress,
): Promise<string> {
  await applyManifests(connection, [...landscape, ...allocatorManifests])
  await classReconciled(api)
  progress('examples: namespace clusters, ClusterClass rke2-cluster-class, GlobalInClusterIPPool vip-pool')
  const outputPath = join(connection.runDirectory, 'allocator.kubeconfig')
  await createServiceAccountKubeconfig(connection, { ...allocatorAccount, outputPath })
  progress('allocator: ServiceAccount and RBAC of deploy/manifests')
  return outputPath
}

/** Cluster API checks a Cluster's variables against the status of its class, which it fills soon after. */
async function classReconciled(api: KubernetesApi): Promise<void> {
  const path = '/apis/cluster.x-k8s.io/v1beta2/namespaces/clusters/clusterclasses/rke2-cluster-class'
  const deadline = performance.now() + 30_000
  for (;;) {
    const status = objectOf(objectOf(await api.send<unknown>({ method: 'GET', path }))['status'])
    if (arrayOf(status['variables']).length > 0) return
    if (performance.now() > deadline) {
      throw new Error('ClusterClass clusters/rke2-cluster-class has no status.variables after 30 s')
    }
    await delay(50)
  }
}
