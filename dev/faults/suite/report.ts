import { formatDuration } from '../../stack/progress.ts'
import type { Violation } from '../invariants/violation.ts'
import { faultKinds } from './fault-kinds.ts'

/** A violation, with what repeats it. */
export interface FoundViolation {
  readonly round: number
  readonly seed: number
  /** `process`: an allocator crashed or did not become ready, or the system did not become quiet. */
  readonly invariant: Violation['invariant'] | 'process'
  readonly message: string
  readonly faults: readonly string[]
  readonly actions: readonly string[]
}

/** The result of a run. */
export interface FaultReport {
  readonly seed: number
  readonly minutes: number
  readonly rounds: number
  /** Number of rounds with each kind. */
  readonly faults: Readonly<Record<string, number>>
  /** Number of Clusters created. */
  readonly clusters: number
  /** Number of VIPs assigned. */
  readonly allocations: number
  /** Number of violations that the design allows, by reason. */
  readonly excuses: Readonly<Record<string, number>>
  /** Number of rounds with violations at the first quiet and none later. */
  readonly lateRounds: number
  readonly violations: readonly FoundViolation[]
  /** In milliseconds. */
  readonly durations: {
    readonly total: number
    readonly rounds: readonly number[]
    /** From the end of all faults to the verdict. */
    readonly recovery: readonly number[]
  }
  /** Logs, objects and histories; absent without violations. */
  readonly directory?: string
}

/** The report as text. */
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

export function describeViolation({ round, invariant, message, faults, actions }: FoundViolation): string {
  return [
    `round ${round}: ${invariant}: ${message}`,
    `  faults: ${faults.join(', ')}`,
    `  actions: ${actions.join('; ')}`,
  ].join('\n')
}
