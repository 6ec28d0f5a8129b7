import type { AddressUse } from '../../domain/allocation/action.ts'
import { addressesNamedIn } from '../../domain/allocation/duplicate-addresses.ts'
import { canonicalAddress } from '../../domain/model/address-text.ts'
import { clusterNameOf } from '../../domain/model/claim.ts'
import type { Cluster } from '../../domain/model/cluster.ts'
import { isMadeBeforeClaim, isReservation, type IPAddress } from '../../domain/model/ip-address.ts'
import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'
import { findPoolKind, type PoolKind } from '../../domain/model/pool-kind.ts'
import type { ClusterApi } from '../cluster-api.ts'
import { StaleCacheError } from '../errors.ts'
import { versionNumber, type ResourceEventHandler } from '../informer/informer-types.ts'
import type { InformerSet } from './informer-set.ts'

/** Which Clusters and IPAddresses use an address, by rule 3 of `cached-cluster-api.ts`. */
interface AddressUseCache extends Pick<ClusterApi, 'listAddressUseOf'> {
  readonly onCluster: ResourceEventHandler<Cluster>
  readonly onIPAddress: ResourceEventHandler<IPAddress>
}

/** A deleted IPAddress, and the Cluster that may still have its address: deleted in the foreground, it loses its claim first. */
interface ReleasedAddress {
  readonly address: string
  readonly cluster: NamespacedName
  /** Of the deletion. */
  readonly version: bigint
}

export function createAddressUseCache(
  informers: InformerSet,
  live: Pick<ClusterApi, 'getClusterLive'>,
  poolKinds: readonly PoolKind[],
): AddressUseCache {
  const clusters = createAddressIndexer<Cluster>(addressesNamedIn)
  const ipAddresses = createAddressIndexer<IPAddress>(({ address }) => [canonicalAddress(address)])
  let released: readonly ReleasedAddress[] = []

  /** Those released after the latest change of a Cluster in the cache. */
  const recentlyReleased = (): readonly ReleasedAddress[] => {
    const synced = informers.find('clusters')?.health().lastSyncResourceVersion ?? 0n
    return released.filter(({ version }) => version > synced)
  }

  return {
    onCluster: { onUpsert: clusters.put, onDelete: clusters.remove },
    onIPAddress: {
      onUpsert: ipAddresses.put,
      onDelete(ipAddress) {
        ipAddresses.remove(ipAddress)
        released = [...recentlyReleased(), ...releasedBy(ipAddress)]
      },
    },
    async listAddressUseOf(own): Promise<AddressUse> {
      assertNoneMissed(informers, own)
      const address = canonicalAddress(own.address)
      const mayHave = recentlyReleased().filter((release) => release.address === address)
      const others = await Promise.all(mayHave.map(({ cluster }) => live.getClusterLive(cluster)))
      return {
        clusters: [...clusters.at(address), ...others.filter((cluster) => cluster !== undefined)],
        ipAddresses: ipAddresses.at(address),
        poolOf: ({ namespace, poolRef }) => {
          const kind = findPoolKind(poolKinds, poolRef)
          const pools = kind && informers.find(kind)?.objects
          return (
            pools?.get(formatKey({ namespace, name: poolRef.name })) ??
            pools?.get(formatKey({ namespace: '', name: poolRef.name }))
          )
        },
        classOf: ({ topology }) =>
          topology && informers.find('clusterclasses')?.objects.get(formatKey(topology.clusterClass)),
      }
    },
  }
}

/** @param ipAddress as its deletion event shows it */
function releasedBy(ipAddress: IPAddress): readonly ReleasedAddress[] {
  const { namespace, claimName, labels, address, resourceVersion } = ipAddress
  const name = clusterNameOf(claimName, labels)
  const version = versionNumber(resourceVersion)
  if (name === undefined || version === undefined || isReservation(ipAddress)) return []
  return [{ address: canonicalAddress(address), cluster: { namespace, name }, version }]
}

/** @throws StaleCacheError if the caches may lack a user of the address that is older than the IPAddress */
function assertNoneMissed(informers: InformerSet, own: IPAddress): void {
  const clusters = informers.fresh('clusters')
  const ipAddresses = informers.fresh('ipaddresses')
  if (!clusters.isUnfiltered || !ipAddresses.isUnfiltered) {
    throw new StaleCacheError('some Clusters are not watched')
  }
  const cached = ipAddresses.informer.objects.get(formatKey(own))
  if (cached?.uid !== own.uid) {
    throw new StaleCacheError(`IPAddress ${formatKey(own)} is not in the cache yet`)
  }
  if (isMadeBeforeClaim(cached)) {
    throw new StaleCacheError(`IPAddress ${formatKey(own)} is in the cache as it was before its claim`)
  }
  const { lastSyncResourceVersion } = clusters.informer.health()
  const { listResourceVersion } = ipAddresses.informer.health()
  if (
    lastSyncResourceVersion === undefined ||
    listResourceVersion === undefined ||
    lastSyncResourceVersion < listResourceVersion
  ) {
    throw new StaleCacheError('the cache of Clusters is older than the list of IPAddresses')
  }
}

/** Objects by their addresses, in canonical spelling. Hardly any address has two, so a list costs less than a map of each. */
function createAddressIndexer<T extends NamespacedName>(addressesOf: (object: T) => readonly string[]) {
  const byAddress = new Map<string, readonly T[]>()
  const addressesByKey = new Map<string, readonly string[]>()

  const remove = (object: NamespacedName): void => {
    const key = formatKey(object)
    for (const address of addressesByKey.get(key) ?? []) {
      const others = (byAddress.get(address) ?? []).filter((each) => formatKey(each) !== key)
      if (others.length === 0) byAddress.delete(address)
      else byAddress.set(address, others)
    }
    addressesByKey.delete(key)
  }

  const put = (object: T): void => {
    remove(object)
    const key = formatKey(object)
    const addresses = addressesOf(object)
    if (addresses.length > 0) addressesByKey.set(key, addresses)
    for (const address of addresses) {
      byAddress.set(address, [...(byAddress.get(address) ?? []), object])
    }
  }

  return { put, remove, at: (address: string) => byAddress.get(address) ?? [] }
}
