import type { AddressUse } from '../../domain/allocation/address-holder.ts'
import type { IPAddress } from '../../domain/model/ip-address.ts'
import type { Cluster } from '../../domain/model/cluster.ts'
import { duplicateAddressesOf } from '../../domain/allocation/duplicate-addresses.ts'
import { canonicalAddress } from '../../domain/model/address-text.ts'
import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'
import { roles, vipRole, type VariableNames } from '../../domain/role.ts'
import { poolsUsableBy } from '../../domain/allocation/snapshot.ts'
import { addressIn } from '../../domain/allocation/vip-ownership.ts'
import type { ClusterApi, StepApi } from '../cluster-api.ts'
import { StaleCacheError } from '../errors.ts'
import type { WatchedObjects, WatchOptions } from '../informer/informer.ts'
import type { Watch, WatchHandler } from '../informer/informer-types.ts'
import { createAddressIndexer } from './address-index.ts'
import { createClaimListeners } from './claim-listeners.ts'
import { createKnownWatches, type InformerSet } from './informer-set.ts'
import { createReleasedAddresses } from './released-addresses.ts'

/** What the watches of this process know. */
export interface CachedClusterApi {
  /** The management cluster as they know it. */
  readonly api: StepApi
  /** As `startInformer`; what the watch tells is known from then on. One for each kind. */
  watch<R extends keyof WatchedObjects>(options: WatchOptions<R>): Watch<WatchedObjects[R]>
}

export interface CachedClusterApiOptions {
  /** For writes, and for what a question needs beyond what is known. */
  readonly api: ClusterApi
  readonly variables: VariableNames
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/**
 * Answers from what the watches know, where that is as good as an answer of the API server for what it is needed for,
 * and rejects with `StaleCacheError` where it is not: nobody has listed the kind yet, a watch is broken, lags or loses events,
 * or the question is one that needs the present state. Writes go to the API server, but those that undo something:
 * they are decided by a fresh look.
 */
export function createCachedClusterApi({ api, variables, now }: CachedClusterApiOptions): CachedClusterApi {
  const watches = createKnownWatches(now)
  const listeners = createClaimListeners()
  const vips = roles.map((role) => vipRole(role, variables))
  const clustersBy = createAddressIndexer<Cluster>((cluster) => {
    const addresses = vips.map((vip) => addressIn(cluster, vip)).filter((address) => address !== '')
    return [...new Set(addresses.map(canonicalAddress))]
  })
  const addressesBy = createAddressIndexer<IPAddress>(({ address }) => [canonicalAddress(address)])
  const released = createReleasedAddresses(() => watches.find('clusters')?.position().heard)

  /** What is made of changes, beside what whoever watches makes of them. */
  const learning: { readonly [R in keyof WatchedObjects]?: WatchHandler<WatchedObjects[R]> } = {
    clusters: {
      onUpsert: (cluster) => clustersBy.put(cluster),
      onDelete: (cluster) => clustersBy.drop(cluster),
    },
    ipaddressclaims: {
      onUpsert: (claim) => listeners.changed(claim),
      onDelete: (claim) => listeners.changed(claim),
    },
    ipaddresses: {
      onUpsert(ipAddress) {
        addressesBy.put(ipAddress)
        listeners.changed(claimOf(ipAddress))
      },
      onDelete(ipAddress) {
        addressesBy.drop(ipAddress)
        released.released(ipAddress)
        listeners.changed(claimOf(ipAddress))
      },
    },
  }

  /**
   * The watch of IPAddresses has told of this one, so it has told of all that were there before. Whoever was assigned the
   * address before had it in an IPAddress by then: it is still there, or its end was told and is one of `released`, or
   * its end was before the last list, which the watch of Clusters has to be past then.
   */
  const addressUseBeside = async (own: IPAddress): Promise<AddressUse> => {
    const [clusters, addresses] = [watches.believed('clusters'), watches.believed('ipaddresses')]
    if (!clusters.isWhole || !addresses.isWhole) throw new StaleCacheError('some Clusters are not watched')
    if (addresses.watch.objects.get(formatKey(own))?.uid !== own.uid) {
      throw new StaleCacheError(`IPAddress ${formatKey(own)} has not been heard of`)
    }
    const { heard } = clusters.watch.position()
    const { listed } = addresses.watch.position()
    if (heard === undefined || listed === undefined || heard < listed) {
      throw new StaleCacheError('Clusters may have changed since IPAddresses were listed')
    }
    const address = canonicalAddress(own.address)
    const former = released.formerHolders(address)
    const present = await Promise.all(former.map((cluster) => api.getCluster(cluster)))
    return {
      clusters: [...clustersBy.at(address), ...present.filter((cluster) => cluster !== undefined)],
      ipAddresses: addressesBy.at(address),
    }
  }

  return {
    watch: (options) => watches.watch(options, learning[options.resource]),
    api: {
      ...readsOf(watches),
      anew: api,
      addressUseBeside,
      listenToClaim: (claim) => listeners.listen(claim),
      async createIPAddressClaim(claim) {
        const created = await api.createIPAddressClaim(claim)
        watches.wrote('ipaddressclaims', created)
        return created
      },
      async patchCluster(cluster, patch) {
        const patched = await api.patchCluster(cluster, patch)
        watches.wrote('clusters', patched)
        return patched
      },
      applyCondition: (...request) => api.applyCondition(...request),
      recordEvent: (event) => api.recordEvent(event),
      listAddressUse: fresh('the use of all addresses'),
      listIPAddressesOf: fresh('all IPAddresses of a Cluster'),
      patchIPAddressClaim: fresh('changing a claim'),
      deleteIPAddressClaim: fresh('deleting a claim'),
      createIPAddress: fresh('making an IPAddress'),
      deleteIPAddress: fresh('deleting an IPAddress'),
    },
  }
}

function claimOf({ namespace, claimName }: IPAddress): NamespacedName {
  return { namespace, name: claimName }
}

function fresh(what: string): () => Promise<never> {
  return () => Promise.reject(new StaleCacheError(`${what} needs a fresh look`))
}

function readsOf(
  watches: InformerSet,
): Pick<ClusterApi, 'getCluster' | 'getClusterClass' | 'listIPPools' | 'getIPAddressClaim' | 'getIPAddress'> {
  return {
    async getCluster(key) {
      const cluster = await watches.read('clusters', key)
      if (cluster !== undefined && duplicateAddressesOf(cluster).length > 0) {
        throw new StaleCacheError('whether its reservations can go needs a fresh look')
      }
      return cluster
    },
    getClusterClass: (ref) => watches.read('clusterclasses', ref),
    async listIPPools(namespace) {
      const kinds = [watches.believed('globalinclusterippools'), watches.believed('inclusterippools')]
      return poolsUsableBy(
        namespace,
        kinds.flatMap(({ watch }) => [...watch.objects.values()]),
      )
    },
    getIPAddressClaim: (key) => watches.read('ipaddressclaims', key),
    getIPAddress: (key) => watches.read('ipaddresses', key),
  }
}
