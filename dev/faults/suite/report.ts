import { formatDuration } from '../../stack/progress.ts'
import type { Violation } from '../invariants/violation.ts'
import { faultKinds } from './fault-kinds.ts'

/** A promise that was not kept, and how to have it again. */
export interface FoundViolation {
  readonly round: number
  /** Of the run. */
  readonly seed: number
  /** `process`: an allocator that ended by itself, or did not get ready, or did not become quiet. */
  readonly invariant: Violation['invariant'] | 'process'
  readonly message: string
  readonly faults: readonly string[]
  readonly actions: readonly string[]
}

/** What a run of faults has come to. */
export interface FaultReport {
  readonly seed: number
  readonly minutes: number
  readonly rounds: number
  /** How often each kind was in force. */
  readonly faults: Readonly<Record<string, number>>
  /** Created. */
  readonly clusters: number
  /** VIPs assigned. */
  readonly allocations: number
  /** What the design allows, by its words. */
  readonly excuses: Readonly<Record<string, number>>
  /** Rounds that came right only some time after the first quiet. */
  readonly lateRounds: number
  readonly violations: readonly FoundViolation[]
  /** In milliseconds. */
  readonly durations: {
    readonly total: number
    readonly rounds: readonly number[]
    /** From the healing of all faults to the verdict. */
    readonly recovery: readonly number[]
  }
  /** With logs, objects and histories; only where something was violated. */
  readonly directory?: string
}

/** The report for people. */
export function describeReport(report: FaultReport): string {
  const { faults, violations, excuses, durations } = report
  const width = Math.max(...faultKinds.map(({ name }) => name.length))
  return [
    `seed ${report.seed}: ${report.rounds} rounds in ${formatDuration(durations.total)}, ${report.clusters} Clusters created, ${report.allocations} VIPs assigned`,
    '',
    ...faultKinds.map(
      ({ name, what }) => `  ${String(faults[name] ?? 0).padStart(4)}  ${name.padEnd(width)}  ${what}`,
    ),
    '',
    ...Object.entries(excuses).map(([words, count]) => `excused ${count} times: ${words}`),
    violations.length === 0 ? 'no violation' : `${violations.length} violations`,
    ...violations.map(describeViolation),
    ...(report.directory === undefined ? [] : [`logs, objects and histories: ${report.directory}`]),
  ].join('\n')
}

/** One violation with the round in which it was found. */
export function describeViolation({ round, invariant, message, faults, actions }: FoundViolation): string {
  return [
    `round ${round}: ${invariant}: ${message}`,
    `  faults: ${faults.join(', ')}`,
    `  actions: ${actions.join('; ')}`,
  ].join('\n')
}
