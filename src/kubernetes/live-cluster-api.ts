import { setTimeout as delay } from 'node:timers/promises'
import type { AddressUse, WaitingQueue } from '../domain/allocation/action.ts'
import { createIdlePools } from '../domain/allocation/idle-pools.ts'
import type { Cluster, Condition } from '../domain/model/cluster.ts'
import { byKey, formatKey } from '../domain/model/object-meta.ts'
import type { PoolKind } from '../domain/model/pool-kind.ts'
import { inClusterPoolKinds } from '../domain/model/pool-kinds.ts'
import { selectsByLabels, type IPPool } from '../domain/model/pool.ts'
import { clusterNameLabel, fieldManager } from '../domain/names.ts'
import type { Role } from '../domain/role.ts'
import { pollInterval } from '../domain/timings.ts'
import { poolFinder, poolsUsableBy, waitingQueueIn } from '../domain/allocation/snapshot.ts'
import { waitersOf } from '../domain/allocation/waiter.ts'
import { discoverApiVersions } from './api-versions.ts'
import { readClassesFor } from './class-reads.ts'
import type { ClaimListener, ClusterApi } from './cluster-api.ts'
import { recordEvent } from './events.ts'
import { scopeOfKind } from './foreign-kinds.ts'
import { readNamespaceLabels, readNamespaces } from './namespace-reads.ts'
import { createObjectClient, listIn, listReadable, mergeReadable, type ObjectAccess } from './objects.ts'
import { findPoolResource } from './pool-resources.ts'
import { pathOf, resources } from './resources.ts'
import type { KubernetesConnection } from './transport/connection.ts'

/** Sends every call to the API server. @param namespaces whose uses of addresses `listAddressUse` lists; empty: all */
export function createLiveClusterApi(
  connection: KubernetesConnection,
  namespaces: readonly string[] = [],
  poolKinds: readonly PoolKind[] = inClusterPoolKinds,
): ClusterApi {
  const access: ObjectAccess = { connection, versions: discoverApiVersions(connection) }
  const clusters = createObjectClient(access, resources.clusters)
  const claims = createObjectClient(access, resources.ipaddressclaims)
  const addresses = createObjectClient(access, resources.ipaddresses)
  const dnsEndpoints = createObjectClient(access, resources.dnsendpoints)
  const idle = createIdlePools(Date.now)
  const listAddressUse = coalesced(async () => {
    const [inUse, pools, ipAddresses] = await Promise.all([
      listIn(access, resources.clusters, namespaces),
      Promise.all(
        poolKinds.map((kind) => listReadable(access, findPoolResource(connection, kind), namespaces)),
      ),
      listIn(access, resources.ipaddresses, namespaces),
    ])
    const classes = await readClassesFor(access, namespaces, inUse)
    const byKey = new Map(classes.map((each) => [formatKey(each), each]))
    const classOf: NonNullable<AddressUse['classOf']> = ({ topology }) =>
      topology && byKey.get(formatKey(topology.clusterClass))
    return { clusters: inUse, ipAddresses, classOf, poolOf: poolFinder(pools.flat()) }
  })
  return {
    getCluster: clusters.get,
    getClusterLive: clusters.get,
    getClusterClass: createObjectClient(access, resources.clusterclasses).get,
    listIPPools: (namespace) => listIPPools(access, namespace, poolKinds),
    scopeOfKind: (kind) => scopeOfKind(connection, kind),
    getIPAddressClaim: claims.get,
    listClaimsOf: ({ namespace, name }) =>
      claims.list({ namespace, labelSelector: `${clusterNameLabel}=${name}` }),
    createIPAddressClaim: claims.create,
    patchIPAddressClaim: (key, patch) => claims.patch(key, patch),
    deleteIPAddressClaim: claims.delete,
    getIPAddress: addresses.get,
    getIPAddressLive: addresses.get,
    listIPAddressesOf: ({ namespace, name }) =>
      addresses.list({ namespace, labelSelector: `${clusterNameLabel}=${name}` }),
    createIPAddress: addresses.create,
    deleteIPAddress: addresses.delete,
    listAddressUse,
    listAddressUseOf: listAddressUse,
    readWaitingQueue: coalesced(async () => ({
      ...(await readWaitingQueue(access, namespaces, poolKinds)),
      offersOf: (pool: IPPool) => idle.offersOf(pool),
    })),
    countWaiting: () => undefined,
    listenToClaim: pollClaim,
    patchCluster: (cluster, patch) => clusters.patch(cluster, patch, cluster.apiVersion),
    applyCondition: (cluster, role, condition) => applyCondition(connection, cluster, role, condition),
    getDnsEndpoint: dnsEndpoints.get,
    applyDnsEndpoint: dnsEndpoints.apply,
    recordEvent: (event) => recordEvent(createObjectClient(access, resources.events), event, new Date()),
  }
}

/** Claims and pools are read only if somebody waits. */
async function readWaitingQueue(
  access: ObjectAccess,
  namespaces: readonly string[],
  poolKinds: readonly PoolKind[],
): Promise<WaitingQueue> {
  const clusters = (await listIn(access, resources.clusters, namespaces)).filter(
    (cluster) => waitersOf(cluster).length > 0,
  )
  const isNobody = clusters.length === 0
  const [claims, pools, classes] = isNobody
    ? [[], [], []]
    : await Promise.all([
        listReadable(access, resources.ipaddressclaims, namespaces),
        Promise.all(
          poolKinds.map((kind) =>
            listReadable(access, findPoolResource(access.connection, kind), namespaces),
          ),
        ),
        readClassesFor(access, namespaces, clusters),
      ])
  const isSelected = pools.flat().some(selectsByLabels)
  return waitingQueueIn({
    clusters: byKey(clusters),
    clusterClasses: byKey(classes),
    claims: byKey(claims),
    pools: pools.map(byKey),
    namespaces: byKey(
      isSelected
        ? await readNamespaces(
            access,
            clusters.map(({ namespace }) => namespace),
          )
        : [],
    ),
  })
}

/** A listener without a watch: resolves when it is time for the next poll. */
export function pollClaim(): ClaimListener {
  let polls = 0
  return { untilChange: () => delay(pollInterval(polls++)), close: () => undefined }
}

/**
 * A provider may serve one kind of pool only, and a Role permits nothing that is cluster-scoped. If no kind can be read, there
 * is no provider, or no permission. The Namespace is read only if a pool selects by its labels.
 */
async function listIPPools(
  access: ObjectAccess,
  namespace: string,
  poolKinds: readonly PoolKind[],
): Promise<readonly IPPool[]> {
  const pools = mergeReadable(
    await Promise.allSettled(
      poolKinds.map((kind) => listIn(access, findPoolResource(access.connection, kind), [namespace])),
    ),
  )
  const labels = pools.some(selectsByLabels) ? await readNamespaceLabels(access, namespace) : undefined
  return poolsUsableBy(namespace, pools, labels)
}

/**
 * Writes one condition by server-side apply on the status subresource, which leaves other conditions alone and bypasses the
 * webhooks that check the spec. The field manager owns this condition only, so applying none removes it. The uid and
 * resourceVersion make the write conditional on the Cluster as it was read, since it may have been paused meanwhile.
 */
async function applyCondition(
  connection: KubernetesConnection,
  cluster: Cluster,
  role: Role,
  condition: Condition | undefined,
): Promise<void> {
  const { namespace, name, uid, resourceVersion, apiVersion } = cluster
  const { plural, kind } = resources.clusters
  await connection.request({
    verb: 'patch',
    resource: `${plural}/status`,
    action: `patch status of Cluster ${formatKey(cluster)}`,
    path: `${pathOf(resources.clusters, apiVersion, cluster)}/status`,
    // The condition type is ours, whichever manager wrote it before.
    query: { force: 'true' },
    applyAs: `${fieldManager}-${role}`,
    body: {
      apiVersion,
      kind,
      metadata: { namespace, name, uid, resourceVersion },
      status: condition === undefined ? {} : { conditions: [{ ...condition }] },
    },
  })
}

/**
 * Shares an expensive read among callers, as a trailing singleflight: at most one read runs, and all calls made meanwhile
 * share the next one, because the running one may have begun before the write that they have to see.
 */
export function coalesced<T>(read: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined
  let next: Promise<T> | undefined
  const start = (): Promise<T> => {
    next = undefined
    running = read().finally(() => {
      running = undefined
    })
    return running
  }
  return () => {
    if (next !== undefined) return next
    if (running === undefined) return start()
    next = running.then(start, start)
    return next
  }
}
