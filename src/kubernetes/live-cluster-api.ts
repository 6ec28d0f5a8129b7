import { ipPoolKinds } from '../domain/model/pool-kind.ts'
import { setTimeout as delay } from 'node:timers/promises'
import type { NamespacedName } from '../domain/model/object-meta.ts'
import { type IPPool } from '../domain/model/pool.ts'
import { clusterNameLabel } from '../domain/names.ts'
import { pollInterval } from '../domain/timings.ts'
import { discoverApiVersions } from './api-versions.ts'
import type { ClaimListener, ClusterApi } from './cluster-api.ts'
import { coalesced } from './coalesced.ts'
import { applyCondition } from './conditions.ts'
import { isKubernetesError } from './errors.ts'
import { recordEvent } from './events.ts'
import { createObject, deleteObject, getObject, listIn, listObjects, patchObject } from './objects.ts'
import type { ObjectAccess } from './objects.ts'
import { poolResources, resources, type DecodedResource } from './resources.ts'
import type { KubernetesConnection } from './transport/connection.ts'

/**
 * Makes a ClusterApi that sends every call to the API server. The caller closes the connection.
 *
 * @param namespaces whose Clusters and IPAddresses `listAddressUse` lists; empty: all
 */
export function createLiveClusterApi(
  connection: KubernetesConnection,
  namespaces: readonly string[] = [],
): ClusterApi {
  const access: ObjectAccess = { connection, versions: discoverApiVersions(connection) }
  const { clusters, ipaddressclaims: claims, ipaddresses: addresses } = resources
  const get =
    <T>(resource: DecodedResource<T>) =>
    async (key: NamespacedName): Promise<T | undefined> => {
      const object = await getObject(access, resource, key)
      return object === undefined ? undefined : resource.decode(object)
    }
  const listAddressUse = coalesced(async () => {
    const [inUse, ipAddresses] = await Promise.all([
      listIn(access, clusters, namespaces),
      listIn(access, addresses, namespaces),
    ])
    return { clusters: inUse, ipAddresses }
  })
  return {
    getCluster: get(clusters),
    getClusterLive: get(clusters),
    getClusterClass: get(resources.clusterclasses),
    listIPPools: (namespace) => listIPPools(access, namespace),
    getIPAddressClaim: get(claims),
    createIPAddressClaim: async (claim) => claims.decode(await createObject(access, claims, claim)),
    patchIPAddressClaim: (key, patch) =>
      access.versions.using(claims, async (apiVersion) =>
        claims.decode(await patchObject(connection, claims, { apiVersion, key }, patch)),
      ),
    deleteIPAddressClaim: (claim) => deleteObject(access, claims, claim),
    getIPAddress: get(addresses),
    getIPAddressLive: get(addresses),
    listIPAddressesOf: ({ namespace, name }) =>
      access.versions.using(addresses, async (apiVersion) => {
        const query = { namespace, labelSelector: `${clusterNameLabel}=${name}` }
        return (await listObjects(connection, addresses, apiVersion, query, addresses.decode)).items
      }),
    createIPAddress: async (ipAddress) => addresses.decode(await createObject(access, addresses, ipAddress)),
    deleteIPAddress: (ipAddress) => deleteObject(access, addresses, ipAddress),
    listAddressUse,
    listAddressUseOf: listAddressUse,
    listenToClaim: pollClaim,
    patchCluster: async (cluster, patch) => {
      const at = { apiVersion: cluster.apiVersion, key: cluster }
      return clusters.decode(await patchObject(connection, clusters, at, patch))
    },
    applyCondition: (cluster, role, condition) => applyCondition(connection, cluster, role, condition),
    recordEvent: (event) => recordEvent(access, event, new Date()),
  }
}

/** A listener without a watch: resolves when it is time for the next poll. */
export function pollClaim(): ClaimListener {
  let polls = 0
  return { untilChange: () => delay(pollInterval(polls++)), close: () => undefined }
}

/** A provider may serve one kind of pool only. If neither is served, there is no provider. */
async function listIPPools(access: ObjectAccess, namespace: string): Promise<readonly IPPool[]> {
  const lists = await Promise.allSettled(
    ipPoolKinds.map((kind) => listIn(access, poolResources[kind], [namespace])),
  )
  const failures = lists.filter((list) => list.status === 'rejected').map((list): unknown => list.reason)
  const fatal = failures.find((failure) => !isKubernetesError(failure, 'notServed'))
  if (fatal !== undefined) throw fatal
  if (failures.length === ipPoolKinds.length) throw failures[0]
  return lists.flatMap((list) => (list.status === 'fulfilled' ? list.value : []))
}
