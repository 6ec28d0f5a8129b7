import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { objectOf, arrayOf } from '../../src/domain/model/decode.ts'
import type { NamespacedName } from '../../src/domain/model/object-meta.ts'
import { allocatorAccount, allocatorManifests } from '../allocator.ts'
import type { StackConnection } from '../stack/connection.ts'
import type { KubernetesApi, KubernetesObject } from '../stack/kubernetes-api.ts'
import { applyManifests, type ManifestText, readManifests } from '../stack/manifests.ts'
import { freePort } from '../stack/ports.ts'
import type { Progress } from '../stack/progress.ts'
import { pathIn } from '../stack/resource-path.ts'
import { createServiceAccountKubeconfig } from '../stack/service-account.ts'
import type { Scenario } from './scenario.ts'

const examples = join(import.meta.dirname, '..', '..', 'examples')

/** A file of `examples/`. */
export function example(name: string): ManifestText {
  return { path: join(examples, `${name}.yaml`) }
}

/** Applies what an operator applies before the first Cluster, and waits until Cluster API has reconciled the ClusterClass. */
export async function applyPrerequisites(
  connection: StackConnection,
  api: KubernetesApi,
  { clusterClass, pool }: Scenario,
  progress: Progress,
): Promise<void> {
  const files = ['namespace', 'demo-infrastructure-crds', clusterClass.file, pool.file]
  await applyManifests(connection, files.map(example))
  await classReconciled(api, { namespace: 'clusters', name: clusterClass.name })
  progress(
    `examples: namespace clusters, ClusterClass ${clusterClass.name}, GlobalInClusterIPPool ${pool.name}`,
  )
}

/**
 * Does the same, and applies the allocator's manifests.
 *
 * @returns path of a kubeconfig with the allocator's ServiceAccount and its permissions
 */
export async function applyExamples(
  connection: StackConnection,
  api: KubernetesApi,
  scenario: Scenario,
  progress: Progress,
): Promise<string> {
  await applyPrerequisites(connection, api, scenario, progress)
  await applyManifests(connection, allocatorManifests)
  const outputPath = join(connection.runDirectory, 'allocator.kubeconfig')
  await createServiceAccountKubeconfig(connection, { ...allocatorAccount, outputPath })
  progress('allocator: ServiceAccount and RBAC of deploy/manifests')
  return outputPath
}

/**
 * The Cluster of the scenario. If it names the port of its API server, it gets a free one, because CAPD listens there on
 * this machine.
 */
export async function exampleCluster({ clusterFile }: Scenario): Promise<readonly KubernetesObject[]> {
  const port = await freePort()
  return readManifests<ExampleCluster>(example(clusterFile)).map((cluster) =>
    cluster.spec.clusterNetwork === undefined
      ? cluster
      : { ...cluster, spec: { ...cluster.spec, clusterNetwork: { apiServerPort: port } } },
  )
}

interface ExampleCluster extends KubernetesObject {
  readonly spec: { readonly clusterNetwork?: { readonly apiServerPort: number } }
}

/**
 * Waits until Cluster API has reconciled a ClusterClass: it validates a Cluster's variables against the status of its class,
 * which it fills shortly after.
 *
 * @throws Error if it has no variables after 30 seconds
 */
export async function classReconciled(
  api: KubernetesApi,
  { namespace, name }: NamespacedName,
): Promise<void> {
  const path = pathIn(namespace, 'clusterclasses', name)
  const deadline = performance.now() + 30_000
  for (;;) {
    const status = objectOf(objectOf(await api.send<unknown>({ method: 'GET', path }))['status'])
    if (arrayOf(status['variables']).length > 0) return
    if (performance.now() > deadline) {
      throw new Error(`ClusterClass ${namespace}/${name} has no status.variables after 30 s`)
    }
    await delay(50)
  }
}
