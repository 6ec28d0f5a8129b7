import { claimFacts, clusterFacts } from './facts.ts'
import { isWrittenByUs, managedEntries, ourWritesBetween } from './managed-fields.ts'
import { ourManager } from './names.ts'
import { byUid, defaultGraceMs, type Observations, type Sighting } from './observations.ts'
import type { Violation } from './violation.ts'

/**
 * I5: a paused Cluster is left alone.
 *
 * No version of it that follows a paused one has a write of ours: our writes name the version they are based on, so
 * there is no grace. After a list versions may be missing, so there both have to be paused.
 *
 * Nor do we make or adopt anything for it, be it claim or reservation. These writes name no version of the Cluster, so
 * there it must have been paused for longer than the grace. Its state at that moment is told by resourceVersion.
 */
export function writesWhilePaused(observations: Observations): readonly Violation[] {
  const { sightings, graceMs = defaultGraceMs } = observations
  const clusters = byUid(sightings, 'Cluster')
  const dependents = [
    ...byUid(sightings, 'IPAddressClaim').values(),
    ...byUid(sightings, 'IPAddress').values(),
  ]
  return [
    ...[...clusters.values()].flatMap(writesToOne),
    ...dependents.flatMap((versions) => {
      const first = versions.find(({ object, isGone }) => !isGone && isWrittenByUs(object))
      return first === undefined ? [] : writeBeside(first, clusters, graceMs)
    }),
  ]
}

function writesToOne(versions: readonly Sighting[]): readonly Violation[] {
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
  first: Sighting,
  clusters: ReadonlyMap<string, readonly Sighting[]>,
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

/** When the last of these versions became paused; undefined where it is not. */
function pausedSince(versions: readonly Sighting[]): number | undefined {
  const lastRunning = versions.findLastIndex(({ object, isGone }) => isGone || !clusterFacts(object).isPaused)
  return versions[lastRunning + 1]?.at
}

/** What a list tells may be older than the list. */
function writtenAt({ by, at, object }: Sighting): number {
  if (by === 'watch') return at
  const times = managedEntries(object)
    .filter(({ manager }) => manager === ourManager)
    .map(({ time }) => Date.parse(time))
  return Math.min(at, ...times.filter((time) => !Number.isNaN(time)))
}
