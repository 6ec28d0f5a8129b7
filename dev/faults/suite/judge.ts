import { setTimeout as delay } from 'node:timers/promises'
import { arrayOf, isObject, objectOf, stringOf } from '../../../src/domain/model/decode.ts'
import { violationsIn } from '../invariants.ts'
import { canonicalAddress } from '../invariants/address.ts'
import { vipOf, type ClusterFacts } from '../invariants/facts.ts'
import { bothRoles, ourTaskQueue, reservedByLabel, type RoleWords } from '../invariants/names.ts'
import type { Excuse, Run } from '../invariants/observations.ts'
import type { Violation } from '../invariants/violation.ts'
import { worldOf, type World } from '../invariants/world.ts'
import type { Recorder } from '../recorder.ts'
import { untilQuiet } from '../until-quiet.ts'

/** What a round has come to. */
export interface Verdict {
  readonly violations: readonly Violation[]
  readonly excuses: readonly Excuse[]
  /** What a look at the first quiet found, and a later one did not any more. */
  readonly late: readonly Violation[]
  readonly world: World
}

/** Milliseconds without a change, and since the healing, of one look after the other. */
const stillForMs = [
  3_000,
  // Temporal is asked every 10 s whether it is still the same; no event tells that.
  13_000,
  // An allocator gives up a watch that was left half-open after 30 s without a byte. Within that time, it also looks twice
  // at the run of a Cluster that is not served, and replaces one that nobody works on.
  35_000,
  // Every run that waits looks again within a minute, and a list that has failed often is tried again within half of one.
  70_000,
  // The provider's watches, of claims one and of Clusters another, each back off by up to a minute after a long outage.
  130_000,
]

/** What does not hold at quiet may hold at the next one: these say where it comes to, the others what must never be. */
const atLast: readonly Violation['invariant'][] = ['I3', 'I4', 'I6', 'I7', 'I8']

/**
 * Waits for quiet and judges by all invariants, now that all faults are healed. Where they do not hold because a wake or an event was lost to a fault,
 * it is quiet too early; so it is looked at again, later, and the last look counts.
 */
export async function judge(recorder: Recorder, temporalSince: number | undefined): Promise<Verdict> {
  const healedAt = Date.now()
  let first: readonly Violation[] | undefined
  for (const [index, ms] of stillForMs.entries()) {
    // Nothing may have changed for long, because nothing could.
    await delay(Math.max(0, healedAt + ms - Date.now()))
    await untilQuiet(recorder, { stillForMs: ms, withinMs: 300_000, taskQueue: ourTaskQueue })
    const snapshot = await recorder.snapshot()
    const world = worldOf(snapshot)
    const excuses = excusesIn(world)
    const violations = violationsIn({
      sightings: recorder.sightings(),
      snapshot,
      isQuiet: true,
      taskQueue: ourTaskQueue,
      excuses,
      ...(temporalSince !== undefined && { temporalSince }),
    })
    const isLast = index === stillForMs.length - 1
    const canMend = violations.some(({ invariant }) => atLast.includes(invariant))
    if (isLast || !canMend) {
      return { violations, excuses, world, late: first ?? [] }
    }
    first ??= violations
  }
  throw new Error('there was no look')
}

/**
 * Clusters whose claim people have deleted, and whose address somebody else has got before it could be reserved
 * again: by design the host stays, and the run says so.
 */
function excusesIn(world: World): readonly Excuse[] {
  return world.clusters.flatMap((cluster) => {
    if (!saysLost(world.runs.get(cluster.key))) return []
    const taken = bothRoles.find((words) => isTaken(world, cluster, words))
    if (taken === undefined) return []
    const because = `somebody else has its ${taken.role} VIP ${vipOf(cluster, taken)}, and its run says AddressLost`
    return [{ invariant: 'I3', cluster: cluster.key, because }]
  })
}

function saysLost(run: Run | undefined): boolean {
  if (run?.status === 'RUNNING') {
    return run.pendingActivities.some(({ failureType }) => failureType === 'AddressLost')
  }
  const roles = Object.values(objectOf(objectOf(run?.result)['roles']))
  return arrayOf(roles)
    .filter(isObject)
    .some(({ reason }) => stringOf(reason) === 'AddressLost')
}

function isTaken(world: World, cluster: ClusterFacts, words: RoleWords): boolean {
  const vip = canonicalAddress(vipOf(cluster, words))
  if (vip === '') return false
  const isUsed = world.clusters
    .filter(({ uid }) => uid !== cluster.uid)
    .some((other) => bothRoles.some((role) => canonicalAddress(vipOf(other, role)) === vip))
  const own = `${words.claimPrefix}${cluster.name}`
  const isHeld = world.addresses.some(
    ({ address, namespace, claimName, labels }) =>
      canonicalAddress(address) === vip &&
      !(reservedByLabel in labels) &&
      !(namespace === cluster.namespace && claimName === own),
  )
  return isUsed || isHeld
}
