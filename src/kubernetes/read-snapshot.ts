import type { Snapshot } from '../domain/allocation/snapshot.ts'
import { byKey, formatKey } from '../domain/model/object-meta.ts'
import type { PoolKind } from '../domain/model/pool-kind.ts'
import { inClusterPoolKinds } from '../domain/model/pool-kinds.ts'
import { selectsByLabels } from '../domain/model/pool.ts'
import { discoverApiVersions } from './api-versions.ts'
import { readClassesFor } from './class-reads.ts'
import type { KubernetesError } from './errors.ts'
import { readNamespaces } from './namespace-reads.ts'
import { listIn, listReadable, type ObjectAccess } from './objects.ts'
import { findPoolResource } from './pool-resources.ts'
import { resources } from './resources.ts'
import type { KubernetesConnection } from './transport/connection.ts'

/**
 * Lists once what the watcher watches. A kind of pool that cannot be read has no pools.
 *
 * @param namespaces empty: all
 */
export async function readSnapshot(
  connection: KubernetesConnection,
  namespaces: readonly string[],
  poolKinds: readonly PoolKind[] = inClusterPoolKinds,
): Promise<Snapshot> {
  const access: ObjectAccess = { connection, versions: discoverApiVersions(connection) }
  const unlisted = new Set<string>()
  const unlistedPools = new Map<string, KubernetesError | undefined>()
  const unreadClasses = new Map<string, string>()
  const noteUnlisted = (namespace: string): void => void unlisted.add(namespace)
  const [clusters, claims, ipAddresses, ...pools] = await Promise.all([
    listIn(access, resources.clusters, namespaces, noteUnlisted),
    listIn(access, resources.ipaddressclaims, namespaces, noteUnlisted),
    listIn(access, resources.ipaddresses, namespaces, noteUnlisted),
    ...poolKinds.map((poolKind) =>
      listReadable(access, findPoolResource(connection, poolKind), namespaces, (_, error) =>
        unlistedPools.set(poolKind.kind, error),
      ),
    ),
  ])
  const clusterClasses = await readClassesFor(access, namespaces, clusters, (ref, { message }) =>
    unreadClasses.set(formatKey(ref), message),
  )
  const placesOfClusters = [...clusters, ...clusterClasses].map(({ namespace }) => namespace)
  const selected = pools.flat().some(selectsByLabels)
    ? await readNamespaces(access, [...namespaces, ...placesOfClusters])
    : []
  return {
    clusters: byKey(clusters),
    clusterClasses: byKey(clusterClasses),
    claims: byKey(claims),
    ipAddresses: byKey(ipAddresses),
    pools: pools.map(byKey),
    namespaces: byKey(selected),
    isComplete: true,
    unlisted,
    unlistedPools: new Set(unlistedPools.keys()),
    unservedPools: whyUnserved(poolKinds.map(({ kind }) => unlistedPools.get(kind))),
    unreadClasses,
  }
}

/** The first reason, if no kind of pool is served. */
function whyUnserved(errors: readonly (KubernetesError | undefined)[]): string | undefined {
  return errors.every((error) => error?.kind === 'notServed') ? errors[0]?.message : undefined
}
