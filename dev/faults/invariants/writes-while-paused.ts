import { claimFacts, clusterFacts } from './facts.ts'
import { isWrittenByUs, managedEntries, ourWritesBetween } from './managed-fields.ts'
import { ourManager } from './names.ts'
import { byUid, defaultGraceMs, type Observations, type RecordedVersion } from './observations.ts'
import type { Violation } from './violation.ts'

/**
 * I5: we write nothing to a paused Cluster, and nothing for it.
 *
 * No version of the Cluster that follows a paused one contains a write of ours. Our writes name the version they are
 * based on, so there is no grace. After a list, versions may be missing, so there both must be paused.
 *
 * We also create and adopt no claim and no reservation for it. These writes name no version of the Cluster, so it
 * must have been paused for longer than the grace. The resourceVersion of the write determines the Cluster's state at
 * that time.
 */
export function writesWhilePaused(observations: Observations): readonly Violation[] {
  const { versions, graceMs = defaultGraceMs } = observations
  const clusters = byUid(versions, 'Cluster')
  const dependents = [...byUid(versions, 'IPAddressClaim').values(), ...byUid(versions, 'IPAddress').values()]
  return [
    ...[...clusters.values()].flatMap(writesToOne),
    ...dependents.flatMap((versions) => {
      const first = versions.find(({ object, isGone }) => !isGone && isWrittenByUs(object))
      return first === undefined ? [] : writeBeside(first, clusters, graceMs)
    }),
  ]
}

function writesToOne(versions: readonly RecordedVersion[]): readonly Violation[] {
  return versions.slice(1).flatMap((later, index) => {
    const earlier = versions[index]
    if (earlier === undefined || later.isGone) return []
    const cluster = clusterFacts(later.object)
    if (!clusterFacts(earlier.object).isPaused || (later.by === 'list' && !cluster.isPaused)) return []
    const writes = ourWritesBetween(earlier.object, later.object)
    if (writes.length === 0) return []
    const message = `we wrote to Cluster ${cluster.key} (uid ${cluster.uid}), which was paused, at resourceVersion ${later.resourceVersion}: ${writes.join('; ')}`
    return [{ invariant: 'I5', message }]
  })
}

function writeBeside(
  first: RecordedVersion,
  clusters: ReadonlyMap<string, readonly RecordedVersion[]>,
  graceMs: number,
): readonly Violation[] {
  const { key, clusterOwners } = claimFacts(first.object)
  return clusterOwners.flatMap((uid) => {
    const before = (clusters.get(uid) ?? []).filter(
      ({ resourceVersion }) => resourceVersion < first.resourceVersion,
    )
    const since = pausedSince(before)
    const [cluster] = before
    if (since === undefined || cluster === undefined || writtenAt(first) - since < graceMs) return []
    const message = `we wrote ${first.kind} ${key} at resourceVersion ${first.resourceVersion} for Cluster ${clusterFacts(cluster.object).key} (uid ${uid}), which had been paused for ${writtenAt(first) - since} ms`
    return [{ invariant: 'I5', message }]
  })
}

/** When the last of these versions became paused; undefined if it is not paused. */
function pausedSince(versions: readonly RecordedVersion[]): number | undefined {
  const lastRunning = versions.findLastIndex(({ object, isGone }) => isGone || !clusterFacts(object).isPaused)
  return versions[lastRunning + 1]?.at
}

/** An object in a list may be older than the list. */
function writtenAt({ by, at, object }: RecordedVersion): number {
  if (by === 'watch') return at
  const times = managedEntries(object)
    .filter(({ manager }) => manager === ourManager)
    .map(({ time }) => Date.parse(time))
  return Math.min(at, ...times.filter((time) => !Number.isNaN(time)))
}
