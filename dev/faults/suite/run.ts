import { seededRandom } from '../../../test/support/seeded-random.ts'
import { formatDuration, type Progress } from '../../stack/progress.ts'
import { messageOf } from '../../stack/errors.ts'
import { clusterFacts, isVipWrittenByUs, vipOf } from '../invariants/facts.ts'
import { bothRoles } from '../invariants/names.ts'
import type { SnapshotFacts } from '../invariants/snapshot-facts.ts'
import type { Violation } from '../invariants/violation.ts'
import { openRecorder, type Recorder } from '../recorder.ts'
import { openEvidence, type Evidence } from './evidence.ts'
import type { Profile } from './profile.ts'
import { verify } from './verify.ts'
import { dnsEndpointPaths } from './dns-names.ts'
import { namespaces } from './fixtures.ts'
import { freeQueuedAddresses } from './free-queued.ts'
import { otherPoolPaths } from './other-provider.ts'
import type { RoundPlan } from './plan.ts'
import { describeViolation, type FaultReport, type FoundViolation } from './report.ts'
import { runRound } from './round.ts'
import { openHarness, type Harness } from './harness.ts'
import { targetsNamed } from './targets.ts'

export interface RunOptions {
  readonly seed: number
  readonly minutes: number
  readonly profile: Profile
  readonly withCore: boolean
  /** Rounds to run until time is up. */
  readonly plans: Iterable<RoundPlan>
  readonly progress: Progress
  /** Ends the run; the report has what was found so far. */
  readonly signal: AbortSignal
}

/** Clusters of ordinary rounds that exist from the beginning. */
const firstTargets = targetsNamed('c', 22)

/** What a run has counted so far. */
interface Tally {
  readonly faults: Record<string, number>
  readonly excuses: Record<string, number>
  readonly violations: FoundViolation[]
  readonly served: Set<string>
  readonly rounds: number[]
  readonly recovery: number[]
  lateRounds: number
  temporalSince: number | undefined
}

/** Starts a harness, runs round after round, and stops everything that it started. */
export async function runFaults(options: RunOptions): Promise<FaultReport> {
  const { seed, minutes, profile, withCore, progress } = options
  const startedAt = Date.now()
  const tally: Tally = {
    ...{ faults: {}, excuses: {}, violations: [], served: new Set(), rounds: [], recovery: [] },
    ...{ lateRounds: 0, temporalSince: undefined },
  }
  const evidence = openEvidence(seed)
  let isKept = true
  try {
    const harness = await openHarness({ profile, withCore, progress })
    try {
      await harness.fleet.untilReady()
      await runRounds(options, harness, evidence, tally)
    } finally {
      evidence.keepLogs(harness)
      await harness.close()
    }
    isKept = tally.violations.length > 0
    return {
      ...{ seed, minutes, rounds: tally.rounds.length, faults: tally.faults },
      ...{ clusters: harness.users.created(), allocations: tally.served.size, excuses: tally.excuses },
      ...{ lateRounds: tally.lateRounds, violations: tally.violations },
      durations: { total: Date.now() - startedAt, rounds: tally.rounds, recovery: tally.recovery },
      ...(isKept && { directory: evidence.directory }),
    }
  } catch (error) {
    throw new Error(`the run broke off: ${messageOf(error)}; evidence is in ${evidence.directory}`, {
      cause: error,
    })
  } finally {
    if (!isKept) evidence.remove()
  }
}

async function runRounds(
  options: RunOptions,
  harness: Harness,
  evidence: Evidence,
  tally: Tally,
): Promise<void> {
  const until = Date.now() + options.minutes * 60_000
  await harness.users.createAll(firstTargets, seededRandom('first Clusters', options.seed))
  for (const plan of options.plans) {
    if (Date.now() > until || options.signal.aborted) return
    const startedAt = Date.now()
    options.progress(describePlan(plan))
    for (const { kind } of plan.faults) tally.faults[kind.name] = (tally.faults[kind.name] ?? 0) + 1
    const recorder = await openRecorder({
      stack: harness.stack.connection,
      temporal: harness.temporal.client,
      ...{ namespaces, otherPoolPaths, dnsEndpointPaths },
    })
    try {
      const found = await runOne({ ...options, harness, plan, recorder, evidence, tally })
      if (found.length > 0) await evidence.keepRound(plan.number, recorder, harness)
      for (const violation of found) options.progress(describeViolation(violation))
      tally.violations.push(...found)
    } finally {
      await recorder.close()
    }
    const ms = Date.now() - startedAt
    tally.rounds.push(ms)
    options.progress(
      `round ${plan.number}: over (${formatDuration(ms)}), ${tally.violations.length} violations so far`,
    )
  }
}

interface OneRound extends RunOptions {
  readonly harness: Harness
  readonly plan: RoundPlan
  readonly recorder: Recorder
  readonly evidence: Evidence
  readonly tally: Tally
}

/** @returns violations that no earlier round had */
async function runOne(round: OneRound): Promise<readonly FoundViolation[]> {
  const { harness, plan, recorder, evidence, tally, signal } = round
  const actions: string[] = []
  const note = (line: string): void => {
    actions.push(line)
    evidence.note(`round ${plan.number}: ${line}`)
  }
  const found: Pick<FoundViolation, 'invariant' | 'message'>[] = []
  try {
    await runRound({ harness, plan, note, signal })
    const healedAt = Date.now()
    // The history of earlier writes may be lost.
    if (harness.takeForgotten()) tally.temporalSince = healedAt
    const answered = harness.probedHosts.answered()
    const verdict = await verify(recorder, { temporalSince: tally.temporalSince, answered })
    tally.recovery.push(Date.now() - healedAt)
    found.push(...verdict.violations)
    if (verdict.violations.length === 0) found.push(...(await verifyTurns(round, note)))
    for (const { invariant, because } of verdict.excuses) {
      const words = `${invariant}: ${because.replace(/ VIP \S+,/, ' VIP,')}`
      tally.excuses[words] = (tally.excuses[words] ?? 0) + 1
    }
    if (verdict.late.length > 0) tally.lateRounds++
    for (const { invariant, message } of verdict.late) {
      evidence.note(`round ${plan.number}: violated at first: ${invariant}: ${message}`)
    }
    harness.users.keepDamaged(stillPaused(verdict.facts))
  } catch (error) {
    if (signal.aborted) return []
    found.push({ invariant: 'process', message: messageOf(error) })
  }
  countServed(recorder, tally)
  found.push(
    ...[harness.fleet, harness.secondFleet]
      .flatMap((fleet) => fleet.takeCrashes())
      .map((crash) => ({ invariant: 'process', message: `an allocator ${crash}` }) as const),
  )
  const earlier = new Set(tally.violations.map(({ message }) => message))
  return found
    .filter(({ message }) => !earlier.has(message))
    .map((violation) => ({
      ...violation,
      ...{ round: plan.number, seed: round.seed, actions: actions.filter((line) => line.endsWith(': done')) },
      faults: plan.faults.map(({ kind }) => kind.name),
    }))
}

/** Lets Clusters that wait for addresses get some, one after another, and verifies that each was first. */
async function verifyTurns(
  { harness, plan, recorder, tally }: OneRound,
  note: (line: string) => void,
): Promise<readonly Violation[]> {
  const fairSince = Date.now()
  if (!(await freeQueuedAddresses(harness, seededRandom('turns', plan.seed), note))) return []
  const answered = harness.probedHosts.answered()
  const { violations } = await verify(recorder, { temporalSince: tally.temporalSince, fairSince, answered })
  return violations
}

/** The allocator repairs nothing while a Cluster is paused. */
function stillPaused({ clusters }: SnapshotFacts): readonly string[] {
  return clusters.filter(({ isPaused }) => isPaused).map(({ key }) => key)
}

function countServed(recorder: Recorder, { served }: Tally): void {
  for (const { kind, object } of recorder.versions()) {
    if (kind !== 'Cluster') continue
    const cluster = clusterFacts(object)
    for (const words of bothRoles) {
      const vip = vipOf(cluster, words)
      if (vip !== '' && isVipWrittenByUs(cluster, words)) served.add(`${cluster.uid} ${words.role} ${vip}`)
    }
  }
}

function describePlan({ number, faults, actions, storm }: RoundPlan): string {
  const kinds = faults.map(({ kind, after }) => (storm ? kind.name : `${kind.name} after ${after} actions`))
  const what = storm ? 'a storm' : `${actions.length} actions`
  return `round ${number}: ${kinds.join(', ')}; ${what}`
}
