import type { Histogram, Registry } from 'prom-client'
import type { StepObserver } from '../../activities/step-outcome.ts'
import type { ClaimRefusal } from '../../domain/model/claim.ts'
import { counter, histogram } from './series.ts'

/** Seconds: the predecessor's buckets, and longer ones for allocations that had to wait. */
const stepBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const allocationBuckets = [...stepBuckets, 30, 60, 120, 300, 600, 1_800, 3_600]
/** A creationTimestamp has whole seconds. */
const creationBuckets = [1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600, 21_600, 86_400]

const reportResults = ['written', 'unchanged', 'failed'] as const
const reports = (['condition', 'event', 'signal'] as const).flatMap((kind) =>
  reportResults.map((result) => ({ kind, result })),
)

/** The words of the IPAM contract by which a provider refuses a claim. */
const refusals: readonly ClaimRefusal['reason'][] = ['PoolExhausted', 'AllocationFailed']

/** Registers the series of steps, and of the reports about them. */
export function registerWorkerSeries(registry: Registry, roles: readonly string[]): StepObserver {
  const attempts = counter(registry, 'reconcile_total')
  const attemptSeconds = histogram(registry, 'reconcile_duration_seconds', stepBuckets)
  const failures = counter(registry, 'allocation_errors_total')
  const allocations = counter(registry, 'allocations_total')
  const sinceStart = histogram(registry, 'allocation_duration_seconds', allocationBuckets)
  const sinceCreation = histogram(registry, 'time_to_endpoint_seconds', creationBuckets)
  const fromZero = roles.map((role) => ({ role }))
  const duplicates = counter(registry, 'duplicates_total', fromZero)
  const refused = counter(
    registry,
    'refused_claims_total',
    fromZero.flatMap(({ role }) => refusals.map((reason) => ({ role, reason }))),
  )
  const reported = counter(registry, 'reports_total', reports)
  return {
    observeStep({
      role,
      clusterClass: cluster_class,
      result,
      reason,
      seconds,
      isDuplicate,
      isRefused,
      allocated,
    }) {
      attempts.inc({ cluster_class, result })
      attemptSeconds.observe({ cluster_class }, seconds)
      if (result !== 'success') failures.inc({ role, cluster_class, reason })
      if (isDuplicate) duplicates.inc({ role })
      if (isRefused) refused.inc({ role, reason })
      if (allocated === undefined) return
      allocations.inc({ role, cluster_class })
      observeAge(sinceStart, { role, cluster_class }, allocated.sinceStartSeconds)
      observeAge(sinceCreation, { role, cluster_class }, allocated.sinceCreationSeconds)
    },
    countReport: (kind, result) => reported.inc({ kind, result }),
  }
}

/** Clocks differ, so an age below zero counts as zero. A NaN is left out: prom-client would throw. */
function observeAge<L extends string>(
  series: Histogram<L>,
  labels: Record<L, string>,
  seconds = Number.NaN,
): void {
  if (Number.isFinite(seconds)) series.observe(labels, Math.max(0, seconds))
}
