import { setTimeout as delay } from 'node:timers/promises'
import { ipamGroup } from '../../src/domain/names.ts'
import type { NamespacedName } from '../../src/domain/model/object-meta.ts'
import type { IPPoolCapacity } from '../../src/domain/model/pool-kind.ts'
import { globalInClusterPool } from '../../src/domain/model/pool-kinds.ts'
import { ipPoolFrom } from '../../src/domain/model/pool.ts'
import { example } from '../demo/examples.ts'
import type { StackConnection } from '../stack/connection.ts'
import type { KubernetesApi } from '../stack/kubernetes-api.ts'
import { applyManifests, readManifests } from '../stack/manifests.ts'

const pool = 'vip-pool'

/** The Clusters of the pictures: the examples' Cluster, and one created when the pool was full. */
export interface Scenario {
  readonly served: NamespacedName
  readonly waiting: NamespacedName
  readonly pool: string
  readonly total: number
}

/**
 * Creates the examples' Cluster, then one for each remaining address of the pool, and one more.
 *
 * @throws Error if the pool is not exhausted within a minute
 */
export async function createScenario(connection: StackConnection, api: KubernetesApi): Promise<Scenario> {
  const { total } = await capacityWhen(api, ({ free, total }) => total > 0 && free === total)
  const served = await createCluster(connection, '')
  await capacityWhen(api, ({ free }) => free === total - 1)
  for (let number = 2; number <= total; number++) await createCluster(connection, `-${number}`)
  await capacityWhen(api, ({ free }) => free === 0)
  const waiting = await createCluster(connection, `-${total + 1}`)
  return { served, waiting, pool: `GlobalInClusterIPPool/${pool}`, total }
}

/** Creates the examples' Cluster with a suffix to its name. */
async function createCluster(connection: StackConnection, suffix: string): Promise<NamespacedName> {
  const [manifest] = readManifests(example('cluster-v1beta2'))
  if (manifest === undefined) throw new Error('the example cluster-v1beta2 is empty')
  const { metadata } = manifest
  const cluster = { namespace: metadata.namespace ?? '', name: `${metadata.name}${suffix}` }
  await applyManifests(connection, [{ ...manifest, metadata: { ...metadata, ...cluster } }])
  return cluster
}

/** Waits until the pool's counts match. */
async function capacityWhen(
  api: KubernetesApi,
  is: (capacity: IPPoolCapacity) => boolean,
): Promise<IPPoolCapacity> {
  const path = `/apis/${ipamGroup}/v1alpha2/globalinclusterippools/${pool}`
  const deadline = performance.now() + 60_000
  for (;;) {
    const { capacity } = ipPoolFrom(globalInClusterPool, await api.send({ method: 'GET', path }))
    if (capacity !== undefined && is(capacity)) return capacity
    if (performance.now() > deadline) throw new Error(`${path} still has ${JSON.stringify(capacity)}`)
    await delay(50)
  }
}
