import { isReservation, type IPAddress } from '../../domain/model/ip-address.ts'
import { clusterNameOf } from '../../domain/model/claim.ts'
import { canonicalAddress } from '../../domain/model/address-text.ts'
import type { NamespacedName } from '../../domain/model/object-meta.ts'
import { versionNumber } from '../informer/resource-version.ts'

/**
 * Addresses that were let go a moment ago. Whoever had one may still have it as its VIP: a Cluster that is deleted in the
 * foreground lets go of its claim first.
 */
export interface ReleasedAddresses {
  /** The watch tells that this IPAddress is gone. @param ipAddress as it was deleted */
  released(ipAddress: IPAddress): void
  /** Clusters that may have had the address, and of which it is not known whether they have it still. */
  formerHolders(address: string): readonly NamespacedName[]
}

interface Release {
  readonly address: string
  readonly cluster: NamespacedName
  readonly version: bigint
}

/** @param heard every change of a Cluster up to this resourceVersion is known: releases before it need no more thought */
export function createReleasedAddresses(heard: () => bigint | undefined): ReleasedAddresses {
  let releases: readonly Release[] = []
  const stillOpen = (): readonly Release[] => {
    const known = heard() ?? 0n
    return releases.filter(({ version }) => version > known)
  }
  return {
    released(ipAddress) {
      const name = clusterNameOf(ipAddress.claimName)
      const version = versionNumber(ipAddress.resourceVersion)
      if (name === undefined || version === undefined || isReservation(ipAddress)) return
      const { namespace } = ipAddress
      const release = { address: canonicalAddress(ipAddress.address), cluster: { namespace, name }, version }
      releases = [...stillOpen(), release]
    },
    formerHolders: (address) =>
      stillOpen()
        .filter((release) => release.address === address)
        .map(({ cluster }) => cluster),
  }
}
