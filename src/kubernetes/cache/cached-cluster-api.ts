/*
 * Why a step may decide on cached reads.
 *
 * With informers in its process, an allocation takes six requests and no list: it reads the Cluster, creates the claim,
 * reads the IPAddress, and writes the Cluster, its condition and an event. The caches answer every other read. A read that
 * could break one of these rules rejects with `StaleCacheError`, and the step runs again on live reads.
 *
 * 1. A stale read causes no wrong write. A write to a Cluster carries the resourceVersion that the decision was based on,
 *    so a stale one conflicts. The other writes of an allocation cannot be conditional on the Cluster or on its address, so
 *    a live read comes first: `getClusterLive` before the claim is created (the Cluster may have been paused, or got an
 *    endpoint), `getIPAddressLive` before the address is assigned (someone may have deleted the claim).
 * 2. A cached read undoes nothing. Requests that delete, reserve, restore or patch a claim or an IPAddress reject here, and
 *    so does the read of a Cluster that has reservations. `run-step.ts` confirms every end, new wait and fault live.
 * 3. `listAddressUseOf` misses no earlier user of an address. It requires our own IPAddress in the cache; one that we created
 *    before its claim, as the provider has adopted it, since until then the provider may give the address to somebody else.
 *    resourceVersions of custom resources share one sequence, so the cache then has every earlier IPAddress too. A Cluster that was assigned
 *    the address earlier had an IPAddress for it. Either that is still in the cache; or an event reported its deletion, and
 *    the Cluster is read live unless the cache of Clusters is newer than that deletion; or it was deleted before the last
 *    list of IPAddresses, and the cache of Clusters has to be newer than that list.
 * 4. A cache is fresh only while its watch works: no error, contact within the last 45 seconds, no change that a handler
 *    failed on. Our own writes have to appear in it within two seconds; otherwise it lags. A watch that passes a write
 *    without delivering it has lost events; its cache is fresh again after a list that finds nothing new.
 *    A kind of pool that cannot be read has no pools for a live read either, and a Namespace no labels. ClusterClasses and
 *    Namespaces that may only be read one by one are fresh for as long as their last read is.
 * 5. A label selector (`--watch-filter`) hides Clusters. A missing object then proves nothing, and rule 3 does not hold.
 *
 * Rule 3 does not cover an address that a person types into a Cluster: docs/reliability.md names the gap.
 */

import type { PoolKind } from '../../domain/model/pool-kind.ts'
import { inClusterPoolKinds } from '../../domain/model/pool-kinds.ts'
import { createIdlePools, type IdlePools } from '../../domain/allocation/idle-pools.ts'
import { poolsUsableBy } from '../../domain/allocation/snapshot.ts'
import { reservesAddresses } from '../../domain/allocation/duplicate-addresses.ts'
import type { Labels } from '../../domain/model/label-selector.ts'
import { formatKey, type ObjectMeta } from '../../domain/model/object-meta.ts'
import { selectsByLabels } from '../../domain/model/pool.ts'
import { clusterNameLabel } from '../../domain/names.ts'
import type { ClusterApi } from '../cluster-api.ts'
import { StaleCacheError } from '../errors.ts'
import type { InformerOptions, Watched, WatchedKind, WatchedObjects } from '../informer/informer.ts'
import type { Informer, ResourceEventHandler } from '../informer/informer-types.ts'
import { createAddressUseCache } from './address-use-cache.ts'
import { createClaimListeners } from './claim-listeners.ts'
import { createInformerSet, type InformerSet } from './informer-set.ts'
import { createWaitingCache } from './waiting-cache.ts'

/** A ClusterApi that reads from the informers started through it. */
export interface CachedClusterApi extends ClusterApi {
  /** As `startInformer` of `informer.ts`. At most one for each kind. */
  startInformer<R extends WatchedKind>(options: InformerOptions<R>): Informer<Watched<R>>
  /** For how long its answers have offered free addresses to the same Clusters. */
  readonly idlePools: IdlePools
}

/** Makes a ClusterApi that rejects with `StaleCacheError` whenever its caches are not good enough for an answer. */
export function createCachedClusterApi(options: {
  /** For writes and live reads. */
  readonly live: ClusterApi
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Default: those of the in-cluster provider. */
  readonly poolKinds?: readonly PoolKind[]
}): CachedClusterApi {
  const { live, now, poolKinds = inClusterPoolKinds } = options
  const idlePools = createIdlePools(now)
  const informers = createInformerSet(now)
  const listeners = createClaimListeners()
  const addressUse = createAddressUseCache(informers, live, poolKinds)
  const waiting = createWaitingCache(informers, live, idlePools, poolKinds)
  const indexers: { readonly [R in keyof WatchedObjects]?: ResourceEventHandler<WatchedObjects[R]>[] } = {
    clusters: [addressUse.onCluster, waiting.onCluster],
    ipaddressclaims: [listeners.onClaim],
    ipaddresses: [addressUse.onIPAddress, listeners.onIPAddress],
  }
  function indexersOf<R extends WatchedKind>(kind: R): readonly ResourceEventHandler<Watched<R>>[] | undefined
  function indexersOf(kind: WatchedKind): readonly ResourceEventHandler<never>[] | undefined {
    return typeof kind === 'string' ? indexers[kind] : undefined
  }
  const expecting = async <T extends ObjectMeta>(resource: WatchedKind, write: Promise<T>): Promise<T> => {
    const written = await write
    informers.expect(resource, written)
    return written
  }
  return {
    idlePools,
    startInformer: (informer) => informers.start(informer, indexersOf(informer.resource)),
    ...cachedReads(informers, poolKinds),
    scopeOfKind: (kind) => live.scopeOfKind(kind),
    getClusterLive: (key) => live.getClusterLive(key),
    getIPAddressLive: (key) => live.getIPAddressLive(key),
    listAddressUseOf: (own) => addressUse.listAddressUseOf(own),
    readWaitingQueue: () => waiting.readWaitingQueue(),
    countWaiting: () => waiting.countWaiting(),
    listenToClaim: (claim) => listeners.listen(claim),
    createIPAddressClaim: (claim) => expecting('ipaddressclaims', live.createIPAddressClaim(claim)),
    patchCluster: (cluster, patch) => expecting('clusters', live.patchCluster(cluster, patch)),
    applyCondition: (...request) => live.applyCondition(...request),
    getDnsEndpoint: (key) => live.getDnsEndpoint(key),
    applyDnsEndpoint: (dnsEndpoint) => live.applyDnsEndpoint(dnsEndpoint),
    recordEvent: (event) => live.recordEvent(event),
    listAddressUse: onlyLive('the use of all addresses'),
    listIPAddressesOf: onlyLive('all IPAddresses of a Cluster'),
    patchIPAddressClaim: onlyLive('changing a claim'),
    deleteIPAddressClaim: onlyLive('deleting a claim'),
    createIPAddress: onlyLive('creating an IPAddress'),
    deleteIPAddress: onlyLive('deleting an IPAddress'),
  }
}

function onlyLive(what: string): () => Promise<never> {
  return () => Promise.reject(new StaleCacheError(`${what} needs live reads`))
}

function cachedReads(
  informers: InformerSet,
  poolKinds: readonly PoolKind[],
): Pick<
  ClusterApi,
  'getCluster' | 'getClusterClass' | 'listIPPools' | 'getIPAddressClaim' | 'listClaimsOf' | 'getIPAddress'
> {
  return {
    async getCluster(key) {
      const cluster = await informers.get('clusters', key)
      if (cluster !== undefined && reservesAddresses(cluster)) {
        throw new StaleCacheError('releasing its reservations needs live reads')
      }
      return cluster
    },
    getClusterClass: (ref) => informers.get('clusterclasses', ref),
    async listIPPools(namespace) {
      const readable = poolKinds.filter((kind) => !informers.isUnreadable(kind, namespace))
      if (readable.length === 0) throw new StaleCacheError('no kind of pool can be read')
      const pools = readable.flatMap((kind) => [
        ...informers.freshIn(kind, namespace).informer.objects.values(),
      ])
      const labels = pools.some(selectsByLabels) ? cachedLabels(informers, namespace) : undefined
      return poolsUsableBy(namespace, pools, labels)
    },
    getIPAddressClaim: (key) => informers.get('ipaddressclaims', key),
    async listClaimsOf({ namespace, name }) {
      const { informer, isUnfiltered } = informers.freshIn('ipaddressclaims', namespace)
      if (!isUnfiltered) throw new StaleCacheError('some claims are not watched')
      return [...informer.objects.values()].filter(
        (claim) => claim.namespace === namespace && claim.labels[clusterNameLabel] === name,
      )
    },
    getIPAddress: (key) => informers.get('ipaddresses', key),
  }
}

/** The labels of a Namespace; undefined if Namespaces cannot be read. @throws StaleCacheError */
function cachedLabels(informers: InformerSet, namespace: string): Labels | undefined {
  if (informers.isUnreadable('namespaces', '')) return undefined
  const key = formatKey({ namespace: '', name: namespace })
  const found = informers.freshIn('namespaces', '').informer.objects.get(key)
  if (found === undefined) throw new StaleCacheError(`Namespace ${namespace} is not in the cache`)
  return found.labels
}
