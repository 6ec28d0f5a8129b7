import { costlyHosts } from './invariants/costly-hosts.ts'
import { hostChanges } from './invariants/host-changes.ts'
import { leaks } from './invariants/leaks.ts'
import type { Observations } from './invariants/observations.ts'
import { missingClaims } from './invariants/owned-claims.ts'
import { writesWhilePaused } from './invariants/paused-clusters.ts'
import { unreadableReasons } from './invariants/readable-reasons.ts'
import { sharedAddresses } from './invariants/shared-addresses.ts'
import { unservedClusters } from './invariants/unserved-clusters.ts'
import { untrueConditions } from './invariants/untrue-conditions.ts'
import type { Violation } from './invariants/violation.ts'
import { worldOf, type World } from './invariants/world.ts'

/**
 * Says which of the invariants I1 to I8 do not hold. I1, I2 and I5 are judged by all that was seen, I8 by the
 * snapshot, and I3, I4, I6, I7 and what Clusters say (I8) by a snapshot that was taken at quiet. Each has its meaning at its function.
 */
export function violationsIn(observations: Observations): readonly Violation[] {
  const { snapshot, isQuiet = false } = observations
  const world = snapshot && worldOf(snapshot)
  return [
    ...sharedAddresses(observations),
    ...hostChanges(observations),
    ...writesWhilePaused(observations),
    ...(world ? unreadableReasons(world, observations) : []),
    ...(world && isQuiet ? violationsAtQuiet(world, observations) : []),
  ]
}

function violationsAtQuiet(world: World, observations: Observations): readonly Violation[] {
  return [
    ...missingClaims(world, observations),
    ...leaks(world),
    ...unservedClusters(world, observations),
    ...costlyHosts(world),
    ...untrueConditions(world),
  ]
}
