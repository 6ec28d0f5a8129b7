import { otherThanAsked } from './invariants/asked-addresses.ts'
import { wrongDnsNames } from './invariants/dns-names.ts'
import { answeringAddresses } from './invariants/probed-addresses.ts'
import { unfairTurns } from './invariants/turns.ts'
import { wastedAddresses } from './invariants/wasted-addresses.ts'
import { halfPairs } from './invariants/half-pairs.ts'
import { hostChanges } from './invariants/host-changes.ts'
import { claimsOnClosedPools } from './invariants/closed-pools.ts'
import { misgivenAddresses } from './invariants/kept-addresses.ts'
import { leaks } from './invariants/leaks.ts'
import type { Observations } from './invariants/observations.ts'
import { missingClaims } from './invariants/missing-claims.ts'
import { writesWhilePaused } from './invariants/writes-while-paused.ts'
import { unreadableReasons } from './invariants/unreadable-reasons.ts'
import { sharedAddresses } from './invariants/shared-addresses.ts'
import { unservedClusters } from './invariants/unserved-clusters.ts'
import { untrueConditions } from './invariants/untrue-conditions.ts'
import type { Violation } from './invariants/violation.ts'
import { snapshotFacts, type SnapshotFacts } from './invariants/snapshot-facts.ts'

/**
 * Checks the invariants I1 to I15, each defined at its function. I1, I2, I5 and I9 to I14 are checked against all versions, I8
 * against the snapshot, and I3, I4, I6, I7, I15 and conditions (I8) against a snapshot taken at quiet.
 */
export function violationsIn(observations: Observations): readonly Violation[] {
  const { snapshot, isQuiet = false } = observations
  const facts = snapshot && snapshotFacts(snapshot)
  return [
    ...sharedAddresses(observations),
    ...hostChanges(observations),
    ...writesWhilePaused(observations),
    ...halfPairs(observations),
    ...misgivenAddresses(observations),
    ...otherThanAsked(observations),
    ...answeringAddresses(observations),
    ...(facts ? unfairTurns(facts, observations) : []),
    ...(facts ? unreadableReasons(facts, observations) : []),
    ...(facts ? claimsOnClosedPools(facts, observations) : []),
    ...(facts && isQuiet ? violationsAtQuiet(facts, observations) : []),
  ]
}

function violationsAtQuiet(facts: SnapshotFacts, observations: Observations): readonly Violation[] {
  return [
    ...missingClaims(facts, observations),
    ...leaks(facts),
    ...unservedClusters(facts, observations),
    ...wastedAddresses(facts),
    ...untrueConditions(facts),
    ...wrongDnsNames(facts, observations),
  ]
}
