import { claimFacts, clusterFacts, namespaceFacts, vipOf, type PoolFacts } from './facts.ts'
import { isWrittenByUs } from './managed-fields.ts'
import { bothRoles, namespaceSelectorAnnotation } from './names.ts'
import { byUid, inOrder, type Observations, type RecordedVersion } from './observations.ts'
import type { SnapshotFacts } from './snapshot-facts.ts'
import type { Violation } from './violation.ts'

/**
 * Whether a pool is open to a Namespace with these labels. It understands selectors of the form `key=value`, and nothing of
 * lists of names.
 */
export function isOpenTo(pool: PoolFacts, labels: Readonly<Record<string, string>>): boolean {
  const selector = pool.annotations[namespaceSelectorAnnotation]
  if (selector === undefined) return true
  const [key = '', value] = selector.split('=')
  return labels[key] === value
}

/**
 * I9: a pool that is closed to a Namespace gives its Clusters no address. The labels of the Namespace must have closed it
 * since the recording began, because a fault may hide a later change. The claim of a lost VIP is exempt: a VIP never
 * changes, so it is claimed again from any pool that has it.
 */
export function claimsOnClosedPools(facts: SnapshotFacts, observations: Observations): readonly Violation[] {
  const versions = inOrder(observations.versions)
  const clusters = byUid(versions, 'Cluster')
  return [...byUid(versions, 'IPAddressClaim').values()].flatMap((ofClaim) => {
    const [first] = ofClaim
    // One that a list shows may have been there before.
    if (first === undefined || first.by === 'list' || first.isGone || !isWrittenByUs(first.object)) return []
    const claim = claimFacts(first.object)
    const pool = facts.pools.find(({ kind, name }) => kind === claim.pool.kind && name === claim.pool.name)
    if (pool === undefined || !isClosedUpTo(first, pool, versions)) return []
    const isRestored = claim.clusterOwners.some((uid) => hadVip(clusters.get(uid) ?? [], first))
    if (isRestored) return []
    const message = `we created IPAddressClaim ${claim.key} at resourceVersion ${first.resourceVersion} on ${pool.kind} ${pool.name}, which is closed to the Namespace`
    return [{ invariant: 'I9', message }]
  })
}

/** Whether every version of the Namespace before the claim closes the pool, and there is one. */
function isClosedUpTo(
  { resourceVersion, object }: RecordedVersion,
  pool: PoolFacts,
  versions: readonly RecordedVersion[],
): boolean {
  const { namespace } = claimFacts(object)
  const before = versions
    .filter((version) => version.kind === 'Namespace' && version.resourceVersion < resourceVersion)
    .map((version) => namespaceFacts(version.object))
    .filter(({ name }) => name === namespace)
  return before.length > 0 && before.every(({ labels }) => !isOpenTo(pool, labels))
}

/** Whether the Cluster had the VIP, or our record of it, before its claim was created. */
function hadVip(versions: readonly RecordedVersion[], { resourceVersion, object }: RecordedVersion): boolean {
  const { name } = claimFacts(object)
  const words = bothRoles.find(({ claimPrefix, secondClaimPrefix }) =>
    [claimPrefix, secondClaimPrefix].some((each) => name.startsWith(each)),
  )
  return versions
    .filter((version) => version.resourceVersion < resourceVersion)
    .map((version) => clusterFacts(version.object))
    .some(
      (cluster) =>
        words !== undefined && (vipOf(cluster, words) !== '' || words.vipAnnotation in cluster.annotations),
    )
}
