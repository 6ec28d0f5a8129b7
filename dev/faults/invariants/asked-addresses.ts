import { canonicalAddress, isSameAddress } from './address.ts'
import { clusterFacts, isVipWrittenByUs, vipOf, type ClusterFacts, type PoolFacts } from './facts.ts'
import { bothRoles, reservedByLabel, type RoleWords } from './names.ts'
import { byUid, type Observations } from './observations.ts'
import type { SnapshotFacts } from './snapshot-facts.ts'
import type { Violation } from './violation.ts'

/**
 * I12: the first VIP that we write to a Cluster is the address that it asks for in this very version, if it asks for one. A
 * VIP that the Cluster had before, or a record of it, takes precedence.
 */
export function otherThanAsked({ versions }: Observations): readonly Violation[] {
  return [...byUid(versions, 'Cluster').values()].flatMap((ofOne) =>
    bothRoles.flatMap((words) => {
      const clusters = ofOne.filter(({ isGone }) => !isGone).map(({ object }) => clusterFacts(object))
      const hasVip = (cluster: ClusterFacts): boolean =>
        vipOf(cluster, words) !== '' || words.vipAnnotation in cluster.annotations
      const first = clusters.find(hasVip)
      // A version that a list shows may not be the first one with the VIP.
      const version = ofOne.find(({ object }) => first !== undefined && object === first.object)
      if (first === undefined || version?.by === 'list' || !isVipWrittenByUs(first, words)) return []
      const [asked, vip] = [askedAddress(first, words), vipOf(first, words)]
      if (asked === undefined || isSameAddress(asked, vip)) return []
      const message = `Cluster ${first.key} (uid ${first.uid}) asked for ${asked}, and we gave it the ${words.role} VIP ${vip} at resourceVersion ${version?.resourceVersion}`
      return [{ invariant: 'I12', message }]
    }),
  )
}

/** The address that a Cluster asks for; undefined: none. */
export function askedAddress({ annotations }: ClusterFacts, words: RoleWords): string | undefined {
  return annotations[words.addressAnnotation]?.trim() || undefined
}

/** Whether the Cluster asks for no address, or for one that this pool has and nobody holds. */
export function couldGiveAsked(
  { clusters, addresses }: SnapshotFacts,
  pool: PoolFacts,
  cluster: ClusterFacts,
  words: RoleWords,
): boolean {
  const asked = askedAddress(cluster, words)
  if (asked === undefined) return true
  const wanted = canonicalAddress(asked)
  const isUsed = clusters.some((each) =>
    bothRoles.some((role) => canonicalAddress(vipOf(each, role)) === wanted),
  )
  const isHeld = addresses.some(
    ({ address, labels }) => canonicalAddress(address) === wanted && !(reservedByLabel in labels),
  )
  return !isUsed && !isHeld && pool.ranges.some((range) => isWithin(range, asked))
}

/** Of `10.0.0.1` and `10.0.0.1-10.0.0.9`; nothing else is understood. */
function isWithin(range: string, address: string): boolean {
  const [first = '', last = first] = range.split('-')
  return numberOf(first) <= numberOf(address) && numberOf(address) <= numberOf(last)
}

function numberOf(address: string): number {
  return address.split('.').reduce((number, part) => number * 256 + Number(part), 0)
}
