/** The checks of the command `doctor`, in the order of its report. */
export const checkNames = [
  'api-server',
  'clock',
  'api-versions',
  'permissions',
  'cluster-api-core',
  'ipam-provider',
  'predecessor',
  'runtime-extensions',
  'pools',
  'pool-labels',
  'pool-ranges',
  'cluster-classes',
  'class-gates',
  'clusters',
  'temporal',
  'temporal-namespace',
  'temporal-workers',
  'management-cluster',
  'workflow-runs',
  'search-attributes',
] as const

export type CheckName = (typeof checkNames)[number]

/** `warning`: everything works, but somebody should check it; `fault`: something does not work; `skipped`: it could not be checked. */
export type Level = 'ok' | 'warning' | 'fault' | 'skipped'

/** One result of a check, for people to read. A check may have several. */
export interface CheckResult {
  readonly check: CheckName
  readonly level: Level
  readonly found: string
  /** How a person fixes it. */
  readonly fix?: string
}

/** A value that was read, or the reason why it could not be; `noAnswer`: because none came from Temporal. */
export type Reading<T> = { readonly read: T } | { readonly unread: string; readonly noAnswer?: true }

/** A result without the name of its check, which `runCheck` adds. */
export type CheckOutcome = Omit<CheckResult, 'check'>

export function ok(found: string): CheckOutcome {
  return { level: 'ok', found }
}

export function warning(found: string, fix: string): CheckOutcome {
  return { level: 'warning', found, fix }
}

export function fault(found: string, fix: string): CheckOutcome {
  return { level: 'fault', found, fix }
}

export function skipped(found: string): CheckOutcome {
  return { level: 'skipped', found }
}

/** The problems, or `ok` if there are none. */
export function orOk(problems: readonly CheckOutcome[], found: string): readonly CheckOutcome[] {
  return problems.length > 0 ? problems : [ok(found)]
}

/** Runs a check on a value that was read; the check is skipped if the value could not be read. */
export function runCheck<T>(
  name: CheckName,
  reading: Reading<T>,
  check: (read: T) => readonly CheckOutcome[],
): readonly CheckResult[] {
  const outcomes = 'read' in reading ? check(reading.read) : [skipped(reading.unread)]
  return outcomes.map((outcome) => ({ check: name, ...outcome }))
}
