/** What the command `doctor` looks at, in the order of its report. */
export const checkNames = [
  'api-server',
  'clock',
  'api-versions',
  'permissions',
  'cluster-api-core',
  'ipam-provider',
  'pools',
  'pool-labels',
  'pool-ranges',
  'cluster-classes',
  'clusters',
  'temporal',
  'temporal-namespace',
  'temporal-workers',
  'workflow-runs',
  'search-attributes',
] as const

export type CheckName = (typeof checkNames)[number]

/**
 * `warning`: everything works, and somebody should look; `fault`: something does not work; `skipped`: it cannot be
 * known from here.
 */
export type Level = 'ok' | 'warning' | 'fault' | 'skipped'

/** What one check has found, for people to read. A check may find several things. */
export interface Finding {
  readonly check: CheckName
  readonly level: Level
  readonly found: string
  /** What a person does about it. */
  readonly fix?: string
}

/** Something that was read, or in words why it could not be. */
export type Reading<T> = { readonly read: T } | { readonly unread: string }

/** A finding without its check, which is put in once for all of them. */
export type Judgment = Omit<Finding, 'check'>

export function ok(found: string): Judgment {
  return { level: 'ok', found }
}

export function warning(found: string, fix: string): Judgment {
  return { level: 'warning', found, fix }
}

export function fault(found: string, fix: string): Judgment {
  return { level: 'fault', found, fix }
}

export function skipped(found: string): Judgment {
  return { level: 'skipped', found }
}

/** What is wrong, or where nothing is, that all is well. */
export function orOk(problems: readonly Judgment[], found: string): readonly Judgment[] {
  return problems.length > 0 ? problems : [ok(found)]
}

/** Judges what was read; what was not read is skipped. */
export function judged<T>(
  check: CheckName,
  reading: Reading<T>,
  judge: (read: T) => readonly Judgment[],
): readonly Finding[] {
  const judgments = 'read' in reading ? judge(reading.read) : [skipped(reading.unread)]
  return judgments.map((judgment) => ({ check, ...judgment }))
}
