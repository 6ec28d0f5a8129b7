import { formatDuration, type Progress } from '../../stack/progress.ts'
import { messageOf } from '../../stack/errors.ts'
import { clusterFacts, isVipWrittenByUs, vipOf } from '../invariants/facts.ts'
import { bothRoles } from '../invariants/names.ts'
import type { World } from '../invariants/world.ts'
import { openRecorder, type Recorder } from '../recorder.ts'
import { openEvidence, type Evidence } from './evidence.ts'
import type { Form } from './form.ts'
import { judge } from './judge.ts'
import { namespaces } from './land.ts'
import type { RoundPlan } from './plan.ts'
import { describeViolation, type FaultReport, type FoundViolation } from './report.ts'
import { playRound } from './round.ts'
import { openStage, type Stage } from './stage.ts'
import { subjectsNamed } from './subjects.ts'

export interface RunOptions {
  readonly seed: number
  readonly minutes: number
  readonly form: Form
  readonly withCore: boolean
  /** As many as it gives, until time is up. */
  readonly plans: Iterable<RoundPlan>
  readonly progress: Progress
  /** Ends the run with what it has found so far. */
  readonly signal: AbortSignal
}

/** Those of the ordinary rounds that are there from the beginning. */
const firstSubjects = subjectsNamed('c', 12)

/** A run while it goes on. */
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

/** Runs round after round on a stage of its own, and ends everything that it started. */
export async function runFaults(options: RunOptions): Promise<FaultReport> {
  const { seed, minutes, form, withCore, progress } = options
  const startedAt = Date.now()
  const tally: Tally = {
    ...{ faults: {}, excuses: {}, violations: [], served: new Set(), rounds: [], recovery: [] },
    ...{ lateRounds: 0, temporalSince: undefined },
  }
  const evidence = openEvidence(seed)
  let isKept = true
  try {
    const stage = await openStage({ form, withCore, progress })
    try {
      await stage.fleet.untilReady()
      await playAll(options, stage, evidence, tally)
    } finally {
      evidence.keepLogs(stage)
      await stage.close()
    }
    isKept = tally.violations.length > 0
    return {
      ...{ seed, minutes, rounds: tally.rounds.length, faults: tally.faults },
      ...{ clusters: stage.people.created(), allocations: tally.served.size, excuses: tally.excuses },
      ...{ lateRounds: tally.lateRounds, violations: tally.violations },
      durations: { total: Date.now() - startedAt, rounds: tally.rounds, recovery: tally.recovery },
      ...(isKept && { directory: evidence.directory }),
    }
  } catch (error) {
    throw new Error(`the run broke off: ${messageOf(error)}; what is known is in ${evidence.directory}`, {
      cause: error,
    })
  } finally {
    if (!isKept) evidence.remove()
  }
}

async function playAll(options: RunOptions, stage: Stage, evidence: Evidence, tally: Tally): Promise<void> {
  const until = Date.now() + options.minutes * 60_000
  await stage.people.settle(firstSubjects)
  for (const plan of options.plans) {
    if (Date.now() > until || options.signal.aborted) return
    const startedAt = Date.now()
    options.progress(describePlan(plan))
    for (const { kind } of plan.faults) tally.faults[kind.name] = (tally.faults[kind.name] ?? 0) + 1
    const recorder = await openRecorder({
      stack: stage.stack.connection,
      temporal: stage.temporal.client,
      namespaces,
    })
    try {
      const found = await playOne({ ...options, stage, plan, recorder, evidence, tally })
      if (found.length > 0) await evidence.keepRound(plan.number, recorder, stage)
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
  readonly stage: Stage
  readonly plan: RoundPlan
  readonly recorder: Recorder
  readonly evidence: Evidence
  readonly tally: Tally
}

/** @returns violations that no round before had */
async function playOne(round: OneRound): Promise<readonly FoundViolation[]> {
  const { stage, plan, recorder, evidence, tally, signal } = round
  const actions: string[] = []
  const note = (line: string): void => {
    actions.push(line)
    evidence.note(`round ${plan.number}: ${line}`)
  }
  const found: Pick<FoundViolation, 'invariant' | 'message'>[] = []
  try {
    await playRound({ stage, plan, note, signal })
    const healedAt = Date.now()
    // What an allocator wrote before may be in a history that is gone.
    if (stage.takeForgotten()) tally.temporalSince = healedAt
    const verdict = await judge(recorder, tally.temporalSince)
    tally.recovery.push(Date.now() - healedAt)
    found.push(...verdict.violations)
    for (const { invariant, because } of verdict.excuses) {
      const words = `${invariant}: ${because.replace(/ VIP \S+,/, ' VIP,')}`
      tally.excuses[words] = (tally.excuses[words] ?? 0) + 1
    }
    if (verdict.late.length > 0) tally.lateRounds++
    for (const { invariant, message } of verdict.late) {
      evidence.note(`round ${plan.number}: not so at first: ${invariant}: ${message}`)
    }
    stage.people.spareHarmed(stillPaused(verdict.world))
  } catch (error) {
    if (signal.aborted) return []
    found.push({ invariant: 'process', message: messageOf(error) })
  }
  countServed(recorder, tally)
  found.push(
    ...[stage.fleet, stage.secondFleet]
      .flatMap((fleet) => fleet.takeDeaths())
      .map((death) => ({ invariant: 'process', message: `an allocator ${death}` }) as const),
  )
  const known = new Set(tally.violations.map(({ message }) => message))
  return found
    .filter(({ message }) => !known.has(message))
    .map((violation) => ({
      ...violation,
      ...{ round: plan.number, seed: round.seed, actions: actions.filter((line) => line.endsWith(': done')) },
      faults: plan.faults.map(({ kind }) => kind.name),
    }))
}

/** Nothing is mended while a Cluster is paused. */
function stillPaused({ clusters }: World): readonly string[] {
  return clusters.filter(({ isPaused }) => isPaused).map(({ key }) => key)
}

function countServed(recorder: Recorder, { served }: Tally): void {
  for (const { kind, object } of recorder.sightings()) {
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
