import { canonicalAddress } from '../../domain/model/address-text.ts'
import { clusterNameOf } from '../../domain/model/claim.ts'
import { isReservation, type IPAddress } from '../../domain/model/ip-address.ts'
import type { NamespacedName } from '../../domain/model/object-meta.ts'
import { versionNumber } from '../informer/resource-version.ts'

/**
 * Addresses whose IPAddress was deleted a moment ago. The Cluster may still have such an address as its VIP: one that is
 * deleted in the foreground loses its claim first.
 */
export interface ReleasedAddresses {
  /** @param ipAddress as its deletion event shows it */
  add(ipAddress: IPAddress): void
  /** Clusters that had the address, and of which the cache of Clusters does not say yet whether they still have it. */
  formerHolders(address: string): readonly NamespacedName[]
}

interface Release {
  readonly address: string
  readonly cluster: NamespacedName
  readonly version: bigint
}

/** @param clustersSyncedTo the cache of Clusters has every change up to this resourceVersion, so earlier releases are settled */
export function createReleasedAddresses(clustersSyncedTo: () => bigint | undefined): ReleasedAddresses {
  let releases: readonly Release[] = []
  const unsettled = (): readonly Release[] => {
    const synced = clustersSyncedTo() ?? 0n
    return releases.filter(({ version }) => version > synced)
  }
  return {
    add(ipAddress) {
      const name = clusterNameOf(ipAddress.claimName)
      const version = versionNumber(ipAddress.resourceVersion)
      if (name === undefined || version === undefined || isReservation(ipAddress)) return
      const cluster = { namespace: ipAddress.namespace, name }
      releases = [...unsettled(), { address: canonicalAddress(ipAddress.address), cluster, version }]
    },
    formerHolders: (address) =>
      unsettled()
        .filter((release) => release.address === address)
        .map(({ cluster }) => cluster),
  }
}
