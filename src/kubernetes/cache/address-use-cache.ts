import type { AddressUse } from '../../domain/allocation/action.ts'
import { addressIn } from '../../domain/allocation/vip-ownership.ts'
import { canonicalAddress } from '../../domain/model/address-text.ts'
import type { Cluster } from '../../domain/model/cluster.ts'
import type { IPAddress } from '../../domain/model/ip-address.ts'
import { formatKey } from '../../domain/model/object-meta.ts'
import { roles, vipRole, type VariableNames } from '../../domain/role.ts'
import type { ClusterApi } from '../cluster-api.ts'
import { StaleCacheError } from '../errors.ts'
import type { ResourceEventHandler } from '../informer/informer-types.ts'
import { createAddressIndexer } from './address-indexer.ts'
import type { InformerSet } from './informer-set.ts'
import { createReleasedAddresses } from './released-addresses.ts'

/** Which Clusters and IPAddresses use an address, by rule 3 of `cached-cluster-api.ts`. */
export interface AddressUseCache extends Pick<ClusterApi, 'listAddressUseOf'> {
  readonly onCluster: ResourceEventHandler<Cluster>
  readonly onIPAddress: ResourceEventHandler<IPAddress>
}

export function createAddressUseCache(
  informers: InformerSet,
  live: Pick<ClusterApi, 'getClusterLive'>,
  variables: VariableNames,
): AddressUseCache {
  const vips = roles.map((role) => vipRole(role, variables))
  const clusters = createAddressIndexer<Cluster>((cluster) => {
    const addresses = vips.map((vip) => addressIn(cluster, vip)).filter((address) => address !== '')
    return [...new Set(addresses.map(canonicalAddress))]
  })
  const ipAddresses = createAddressIndexer<IPAddress>(({ address }) => [canonicalAddress(address)])
  const released = createReleasedAddresses(
    () => informers.find('clusters')?.position().lastSyncResourceVersion,
  )
  return {
    onCluster: { onUpsert: clusters.put, onDelete: clusters.remove },
    onIPAddress: {
      onUpsert: ipAddresses.put,
      onDelete(ipAddress) {
        ipAddresses.remove(ipAddress)
        released.add(ipAddress)
      },
    },
    async listAddressUseOf(own): Promise<AddressUse> {
      assertNoneMissed(informers, own)
      const address = canonicalAddress(own.address)
      const former = await Promise.all(released.formerHolders(address).map((key) => live.getClusterLive(key)))
      return {
        clusters: [...clusters.at(address), ...former.filter((cluster) => cluster !== undefined)],
        ipAddresses: ipAddresses.at(address),
      }
    },
  }
}

/** @throws StaleCacheError if the caches may lack a user of the address that is older than the IPAddress */
function assertNoneMissed(informers: InformerSet, own: IPAddress): void {
  const clusters = informers.fresh('clusters')
  const ipAddresses = informers.fresh('ipaddresses')
  if (!clusters.isUnfiltered || !ipAddresses.isUnfiltered) {
    throw new StaleCacheError('some Clusters are not watched')
  }
  if (ipAddresses.informer.objects.get(formatKey(own))?.uid !== own.uid) {
    throw new StaleCacheError(`IPAddress ${formatKey(own)} is not in the cache yet`)
  }
  const { lastSyncResourceVersion } = clusters.informer.position()
  const { listResourceVersion } = ipAddresses.informer.position()
  if (
    lastSyncResourceVersion === undefined ||
    listResourceVersion === undefined ||
    lastSyncResourceVersion < listResourceVersion
  ) {
    throw new StaleCacheError('the cache of Clusters is older than the list of IPAddresses')
  }
}
