import { canonicalAddress } from './address.ts'
import { objectOf } from '../../../src/domain/model/decode.ts'
import {
  addressesOf,
  addressFacts,
  claimFacts,
  clusterFacts,
  isVipWrittenByUs,
  type ClaimFacts,
  type ClusterFacts,
} from './facts.ts'
import { bothRoles, keptUntilAnnotation, type RoleWords } from './names.ts'
import { byUid, type Observations, type RecordedVersion } from './observations.ts'
import type { Violation } from './violation.ts'

/** An address that a claim kept for a Cluster that was gone, between two resourceVersions. */
interface Keeping {
  readonly claim: ClaimFacts
  readonly address: string
  readonly from: bigint
  /** Undefined: it is kept still. */
  readonly to: bigint | undefined
}

/**
 * I11: an address that is kept is on no Cluster but the one that it is kept for: while a claim says that its address is
 * kept, we write that address to no Cluster of another name. Addresses that others write are theirs.
 */
export function misgivenAddresses({ versions }: Observations): readonly Violation[] {
  const keepings = keepingsIn(versions)
  return [...byUid(versions, 'Cluster').values()].flatMap((ofCluster) =>
    ofCluster.flatMap((version, index) => {
      // A list may show a VIP long after it was written.
      if (version.isGone || version.by === 'list') return []
      const cluster = clusterFacts(version.object)
      const before = ofCluster[index - 1]
      return bothRoles.flatMap((words) => {
        const had = before === undefined ? [] : canonicalAddressesOf(clusterFacts(before.object), words)
        if (!isVipWrittenByUs(cluster, words)) return []
        return canonicalAddressesOf(cluster, words)
          .filter((address) => !had.includes(address))
          .flatMap((address) =>
            keepings
              .filter((keeping) => keeping.address === address && isDuring(keeping, version))
              .filter(({ claim }) => !isFor(claim, cluster))
              .map(({ claim }): Violation => {
                const message = `we gave Cluster ${cluster.key} (uid ${cluster.uid}) ${address} at resourceVersion ${version.resourceVersion}, which IPAddressClaim ${claim.key} keeps until ${claim.annotations[keptUntilAnnotation]}`
                return { invariant: 'I11', message }
              }),
          )
      })
    }),
  )
}

function canonicalAddressesOf(cluster: ClusterFacts, words: RoleWords): readonly string[] {
  return addressesOf(cluster, words).map(canonicalAddress)
}

function isDuring({ from, to }: Keeping, { resourceVersion }: RecordedVersion): boolean {
  return resourceVersion > from && (to === undefined || resourceVersion <= to)
}

/** Whether the claim is one for a Cluster of this name. */
function isFor({ namespace, object }: ClaimFacts, cluster: ClusterFacts): boolean {
  return namespace === cluster.namespace && objectOf(object['spec'])['clusterName'] === cluster.name
}

function keepingsIn(versions: readonly RecordedVersion[]): readonly Keeping[] {
  const addresses = new Map(
    versions
      .filter(({ kind }) => kind === 'IPAddress')
      .map(({ object }) => addressFacts(object))
      .map(({ key, address }) => [key, canonicalAddress(address)] as const),
  )
  return [...byUid(versions, 'IPAddressClaim').values()].flatMap((ofClaim) =>
    ofClaim.flatMap((version, index) => {
      const claim = claimFacts(version.object)
      const address = addresses.get(`${claim.namespace}/${claim.addressName ?? claim.name}`)
      const isKept = keptUntilAnnotation in claim.annotations && !claim.isDeleting && !version.isGone
      if (!isKept || address === undefined) return []
      const from = version.resourceVersion
      return [{ claim, address, from, to: endOf(version, ofClaim[index + 1]) }]
    }),
  )
}

/** Before a list, versions may have been missed. */
function endOf(version: RecordedVersion, next: RecordedVersion | undefined): bigint | undefined {
  if (next === undefined) return undefined
  return next.by === 'list' && !next.isGone ? version.resourceVersion : next.resourceVersion
}
