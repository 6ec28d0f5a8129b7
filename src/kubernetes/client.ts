import type { JsonObject } from '../domain/model/decode.ts'
import { ipAddressFrom } from '../domain/model/ip-address.ts'
import { ipAddressClaimFrom } from '../domain/model/claim.ts'
import { clusterClassFrom } from '../domain/model/cluster-class.ts'
import { clusterFrom } from '../domain/model/cluster.ts'
import { clusterNameLabel } from '../domain/names.ts'
import { ipPoolFrom, ipPoolKinds, type IPPool, type IPPoolKind } from '../domain/model/pool.ts'
import type { ClusterApi } from './cluster-api.ts'
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
import { poolResources, resources, type Resource } from './resources.ts'

/**
 * Makes the product's reads and writes over a connection, which stays its maker's to close.
 *
 * @param namespaces where the use of addresses is looked up; empty: everywhere
 */
export function createClusterApi(
  connection: KubernetesConnection,
  namespaces: readonly string[] = [],
): ClusterApi {
  const access: ObjectAccess = { connection, versions: discoverApiVersions(connection) }
  const claims = resources.ipaddressclaims
  const addresses = resources.ipaddresses
  const listAll = <T>(resource: Resource, decode: (object: unknown) => T): Promise<T[]> =>
    listIn(access, resource, namespaces, decode)
  return {
    getCluster: async (key) => decoded(clusterFrom, await getObject(access, resources.clusters, key)),
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
    getIPAddress: async (key) => decoded(ipAddressFrom, await getObject(access, addresses, key)),
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
    listAddressUse: coalesced(async () => {
      const [clusters, ipAddresses] = await Promise.all([
        listAll(resources.clusters, clusterFrom),
        listAll(addresses, ipAddressFrom),
      ])
      return { clusters, ipAddresses }
    }),
    patchCluster: async (cluster, patch) => {
      const at = { apiVersion: cluster.apiVersion, key: cluster }
      return clusterFrom(await patchObject(connection, resources.clusters, at, patch))
    },
    applyCondition: (cluster, role, condition) => applyCondition(connection, cluster, role, condition),
    recordEvent: (event) => recordEvent(access, event, new Date()),
  }
}

function decoded<T>(decode: (object: JsonObject) => T, object: JsonObject | undefined): T | undefined {
  return object === undefined ? undefined : decode(object)
}

/** A provider may have one kind of pool only; an API server with neither has no provider at all. */
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
