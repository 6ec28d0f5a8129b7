import { exitCodes } from '../../console/exit-code.ts'
import type { Reading } from '../../domain/diagnosis/finding.ts'
import type { NamespacedName } from '../../domain/object-meta.ts'
import type { CommandSetup } from '../setup.ts'
import { diagnoseKubernetes, diagnoseTemporal } from './diagnose.ts'
import { readKubernetesFacts } from './kubernetes-facts.ts'
import { readingOf } from './reading.ts'
import { formatReport, type Report } from './report.ts'
import { readTemporalFacts, type TemporalFacts } from './temporal-facts.ts'

export interface DoctorOptions {
  /** Do what is safe. */
  readonly fix: boolean
  /** Whose permissions are checked; undefined: the allocator's, else one's own. */
  readonly serviceAccount: NamespacedName | undefined
}

/**
 * Checks all that the allocator needs, on the management cluster and in Temporal, and says what to do. Writes nothing,
 * but with `fix` the search attributes that are missing.
 *
 * @returns exit code: fine also with warnings; needsPerson with faults; failed where the API server cannot be reached
 */
export async function doctor(
  { fix, serviceAccount }: DoctorOptions,
  { config, console, signal }: CommandSetup,
): Promise<number> {
  const [kubernetes, temporal] = await Promise.all([
    readingOf(readKubernetesFacts({ ...config, serviceAccount })),
    readingOf(readTemporalFacts({ taskQueue: config.taskQueue, register: fix, signal })),
  ])
  // What was broken off says nothing about the servers.
  if (signal.aborted) return exitCodes.interrupted
  const now = Date.now()
  const findings = [...diagnoseKubernetes(kubernetes, now), ...diagnoseTemporal(temporal, now)]
  const healthy = findings.every(({ level }) => level !== 'fault')
  const report: Report = { healthy, findings, fixed: fixedIn(temporal) }
  console.print(report, (style) => formatReport(report, style))
  if ('unread' in kubernetes) return exitCodes.failed
  return healthy ? exitCodes.fine : exitCodes.needsPerson
}

function fixedIn(temporal: Reading<TemporalFacts>): readonly string[] {
  if ('unread' in temporal || 'unread' in temporal.read.registered) return []
  const { registered, namespaceName } = temporal.read
  if (registered.read.length === 0) return []
  return [`search attributes ${registered.read.join(', ')} are registered in namespace ${namespaceName}`]
}
