import { setTimeout as delay } from 'node:timers/promises'
import { arrayOf, isObject, objectOf, stringOf } from '../../../src/domain/model/decode.ts'
import { violationsIn } from '../invariants.ts'
import { canonicalAddress } from '../invariants/address.ts'
import { addressesOf, claimNamesOf, vipOf, type ClusterFacts } from '../invariants/facts.ts'
import { snapshotFacts, type SnapshotFacts } from '../invariants/snapshot-facts.ts'
import { bothRoles, ourTaskQueue, reservedByLabel, type RoleWords } from '../invariants/names.ts'
import type { AnsweringHost, Excuse, Run } from '../invariants/observations.ts'
import type { Violation } from '../invariants/violation.ts'
import type { Recorder } from '../recorder.ts'
import { untilQuiet } from '../until-quiet.ts'
import { dnsNameOf } from './dns-names.ts'

/** The result of a round. */
export interface Verdict {
  readonly violations: readonly Violation[]
  readonly excuses: readonly Excuse[]
  /** Violations at the first quiet, of which a later check found none. */
  readonly late: readonly Violation[]
  readonly facts: SnapshotFacts
}

/** Milliseconds without a change, and since the end of the faults, before each check. */
const stillForMs = [
  3_000,
  // The watcher polls every 10 s whether Temporal has lost its data.
  13_000,
  // The allocator closes a half-open watch after 30 s without data. In that time, it also checks the run of an unserved
  // Cluster twice, and replaces one that makes no progress.
  35_000,
  // A waiting run retries within a minute, a failed list within half a minute.
  70_000,
  // After a long outage, the provider's watches of claims and of Clusters each back off for up to a minute.
  130_000,
]

/** Liveness invariants, which may hold only at a later check; the others are safety invariants. */
const liveness: readonly Violation['invariant'][] = ['I3', 'I4', 'I6', 'I7', 'I8', 'I15']

/** What a run knows beside the recording. */
export interface VerifiedRound {
  /** As in `Observations`. */
  readonly temporalSince: number | undefined
  readonly fairSince?: number
  readonly answered: readonly AnsweringHost[]
}

/**
 * Waits for quiet after the end of all faults, then checks all invariants. If a fault has lost a wake-up or an event,
 * the system becomes quiet too early, so violations of liveness are checked again later; the last check counts.
 */
export async function verify(recorder: Recorder, round: VerifiedRound): Promise<Verdict> {
  const { temporalSince, fairSince, answered } = round
  const healedAt = Date.now()
  let first: readonly Violation[] | undefined
  for (const [index, ms] of stillForMs.entries()) {
    // A fault may have prevented changes, so this time starts at its end.
    await delay(Math.max(0, healedAt + ms - Date.now()))
    await untilQuiet(recorder, { stillForMs: ms, withinMs: 300_000, taskQueue: ourTaskQueue })
    const snapshot = await recorder.snapshot()
    const facts = snapshotFacts(snapshot)
    const excuses = excusesIn(facts)
    const violations = violationsIn({
      versions: recorder.versions(),
      snapshot,
      isQuiet: true,
      taskQueue: ourTaskQueue,
      ...{ excuses, answered, dnsNameOf },
      ...(fairSince !== undefined && { fairSince }),
      ...(temporalSince !== undefined && { temporalSince }),
    })
    const isLast = index === stillForMs.length - 1
    const mayRecover = violations.some(({ invariant }) => liveness.includes(invariant))
    if (isLast || !mayRecover) {
      return { violations, excuses, facts, late: first ?? [] }
    }
    first ??= violations
  }
  throw new Error('there was no check')
}

/**
 * Excuses Clusters whose claim a user has deleted, if the address was taken before it could be reserved again: by
 * design, the host stays and the run reports the loss.
 */
function excusesIn(facts: SnapshotFacts): readonly Excuse[] {
  return facts.clusters.flatMap((cluster) => {
    if (!reportsLost(facts.runs.get(cluster.key))) return []
    const taken = bothRoles.find((words) => isTaken(facts, cluster, words))
    if (taken === undefined) return []
    const because = `somebody else has its ${taken.role} VIP ${vipOf(cluster, taken)}, and its run says AddressLost`
    return [{ invariant: 'I3', cluster: cluster.key, because }]
  })
}

function reportsLost(run: Run | undefined): boolean {
  if (run?.status === 'RUNNING') {
    return run.pendingActivities.some(({ failureType }) => failureType === 'AddressLost')
  }
  const roles = Object.values(objectOf(objectOf(run?.result)['roles']))
  return arrayOf(roles)
    .filter(isObject)
    .some(({ reason }) => stringOf(reason) === 'AddressLost')
}

function isTaken(facts: SnapshotFacts, cluster: ClusterFacts, words: RoleWords): boolean {
  const vip = canonicalAddress(vipOf(cluster, words))
  if (vip === '') return false
  const isUsed = facts.clusters
    .filter(({ uid }) => uid !== cluster.uid)
    .some((other) =>
      bothRoles.flatMap((role) => addressesOf(other, role)).some((used) => canonicalAddress(used) === vip),
    )
  const own = claimNamesOf(cluster, words.claimPrefix)
  const isHeld = facts.addresses.some(
    ({ address, namespace, claimName, labels }) =>
      canonicalAddress(address) === vip &&
      !(reservedByLabel in labels) &&
      !(namespace === cluster.namespace && own.includes(claimName)),
  )
  return isUsed || isHeld
}
