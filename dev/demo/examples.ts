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

/** A file of `examples/`. */
export function example(name: string): ManifestText {
  return { path: join(examples, `${name}.yaml`) }
}

/** What an operator applies before the first Cluster. */
const prerequisites = ['namespace', 'demo-infrastructure-crds', 'cluster-class', 'ip-pool'].map(example)

/**
 * Applies the examples and the allocator's manifests, and waits until Cluster API has reconciled the ClusterClass.
 *
 * @returns path of a kubeconfig with the allocator's ServiceAccount and its permissions
 */
export async function applyExamples(
  connection: StackConnection,
  api: KubernetesApi,
  progress: Progress,
): Promise<string> {
  await applyManifests(connection, [...prerequisites, ...allocatorManifests])
  await classReconciled(api)
  progress('examples: namespace clusters, ClusterClass rke2-cluster-class, GlobalInClusterIPPool vip-pool')
  const outputPath = join(connection.runDirectory, 'allocator.kubeconfig')
  await createServiceAccountKubeconfig(connection, { ...allocatorAccount, outputPath })
  progress('allocator: ServiceAccount and RBAC of deploy/manifests')
  return outputPath
}

/** Cluster API validates a Cluster's variables against the status of its class, which it fills shortly after. */
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
