import { setTimeout as delay } from 'node:timers/promises'
import type { JsonObject } from '../domain/model/decode.ts'
import type { NamespacedName } from '../domain/model/object-meta.ts'
import { pollInterval } from '../domain/timings.ts'
import { ipAddressFrom, type IPAddress } from '../domain/model/ip-address.ts'
import { ipAddressClaimFrom } from '../domain/model/claim.ts'
import { clusterClassFrom } from '../domain/model/cluster-class.ts'
import { clusterFrom, type Cluster } from '../domain/model/cluster.ts'
import { clusterNameLabel } from '../domain/names.ts'
import { ipPoolFrom, ipPoolKinds, type IPPool, type IPPoolKind } from '../domain/model/pool.ts'
import type { ClaimListener, ClusterApi } from './cluster-api.ts'
import { coalesced } from './coalesced.ts'
import { discoverApiVersions } from './api-versions.ts'
import type { KubernetesConnection } from './transport/connection.ts'
import { applyCondition } from './conditions.ts'
import { isKubernetesError } from './errors.ts'
import { recordEvent } from './events.ts'
import {
  createObject,
  deleteObject,
  getObject,
  listIn,
  listObjects,
  patchObject,
  type ObjectAccess,
} from './objects.ts'
import { poolResources, resources } from './resources.ts'

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
  const claims = resources.ipaddressclaims
  const addresses = resources.ipaddresses
  const getCluster = async (key: NamespacedName): Promise<Cluster | undefined> =>
    decoded(clusterFrom, await getObject(access, resources.clusters, key))
  const getIPAddress = async (key: NamespacedName): Promise<IPAddress | undefined> =>
    decoded(ipAddressFrom, await getObject(access, addresses, key))
  const listAddressUse = coalesced(async () => {
    const [clusters, ipAddresses] = await Promise.all([
      listIn(access, resources.clusters, namespaces, clusterFrom),
      listIn(access, addresses, namespaces, ipAddressFrom),
    ])
    return { clusters, ipAddresses }
  })
  return {
    getCluster,
    getClusterLive: getCluster,
    getClusterClass: async (ref) =>
      decoded(clusterClassFrom, await getObject(access, resources.clusterclasses, ref)),
    listIPPools: (namespace) => listIPPools(access, namespace),
    getIPAddressClaim: async (key) => decoded(ipAddressClaimFrom, await getObject(access, claims, key)),
    createIPAddressClaim: async (claim) => ipAddressClaimFrom(await createObject(access, claims, claim)),
    patchIPAddressClaim: async (key, patch) =>
      ipAddressClaimFrom(
        await access.versions.using(claims, (apiVersion) =>
          patchObject(connection, claims, { apiVersion, key }, patch),
        ),
      ),
    deleteIPAddressClaim: (claim) =>
      access.versions.using(claims, (apiVersion) => deleteObject(connection, claims, apiVersion, claim)),
    getIPAddress,
    getIPAddressLive: getIPAddress,
    listIPAddressesOf: ({ namespace, name }) =>
      access.versions.using(addresses, async (apiVersion) => {
        const query = { namespace, labelSelector: `${clusterNameLabel}=${name}` }
        return (await listObjects(connection, addresses, apiVersion, query, ipAddressFrom)).items
      }),
    createIPAddress: async (ipAddress) => ipAddressFrom(await createObject(access, addresses, ipAddress)),
    deleteIPAddress: (ipAddress) =>
      access.versions.using(addresses, (apiVersion) =>
        deleteObject(connection, addresses, apiVersion, ipAddress),
      ),
    listAddressUse,
    listAddressUseOf: listAddressUse,
    listenToClaim: pollClaim,
    patchCluster: async (cluster, patch) => {
      const at = { apiVersion: cluster.apiVersion, key: cluster }
      return clusterFrom(await patchObject(connection, resources.clusters, at, patch))
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

function decoded<T>(decode: (object: JsonObject) => T, object: JsonObject | undefined): T | undefined {
  return object === undefined ? undefined : decode(object)
}

/** A provider may serve one kind of pool only. If neither is served, there is no provider. */
async function listIPPools(access: ObjectAccess, namespace: string): Promise<readonly IPPool[]> {
  const lists = await Promise.allSettled(ipPoolKinds.map((kind) => listPoolsOf(access, kind, namespace)))
  const failures = lists.filter((list) => list.status === 'rejected').map((list): unknown => list.reason)
  const fatal = failures.find((failure) => !isKubernetesError(failure, 'notServed'))
  if (fatal !== undefined) throw fatal
  if (failures.length === ipPoolKinds.length) throw failures[0]
  return lists.flatMap((list) => (list.status === 'fulfilled' ? list.value : []))
}

function listPoolsOf(access: ObjectAccess, kind: IPPoolKind, namespace: string): Promise<IPPool[]> {
  const resource = poolResources[kind]
  const query = { namespace: resource.namespaced ? namespace : '' }
  const decode = (object: unknown): IPPool => ipPoolFrom(kind, object)
  return access.versions.using(resource, async (apiVersion) => {
    return (await listObjects(access.connection, resource, apiVersion, query, decode)).items
  })
}
