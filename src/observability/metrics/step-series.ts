import type { Histogram, Registry } from 'prom-client'
import type { StepReading } from '../../activities/reporting.ts'
import { counter, histogram, startAtZero } from './registry.ts'

/** Seconds: the predecessor's buckets, and longer ones for allocations that had to wait. */
const stepBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const allocationBuckets = [...stepBuckets, 30, 60, 120, 300, 600, 1_800, 3_600]
/** A creationTimestamp has whole seconds. */
const creationBuckets = [1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600, 21_600, 86_400]

/** The series that attempts of steps make. */
export function stepSeries(
  registry: Registry,
  roles: readonly string[],
): { observeStep(reading: StepReading): void } {
  const perClass = ['role', 'cluster_class'] as const
  const attempts = counter(registry, {
    name: 'reconcile_total',
    help: 'Attempts of steps by result: success, waiting, error.',
    labels: ['cluster_class', 'result'],
  })
  const attemptSeconds = histogram(
    registry,
    { name: 'reconcile_duration_seconds', help: 'What attempts of steps took.', labels: ['cluster_class'] },
    stepBuckets,
  )
  const failures = counter(registry, {
    name: 'allocation_errors_total',
    help: 'Attempts of steps that ended with a failure, waits among them, by reason.',
    labels: [...perClass, 'reason'],
  })
  const allocated = allocationSeries(registry, perClass)
  const duplicates = counter(registry, {
    name: 'duplicates_total',
    help: 'Addresses stepped back from because somebody else has them.',
    labels: ['role'],
  })
  startAtZero(
    duplicates,
    roles.map((role) => ({ role })),
  )
  return {
    observeStep(reading) {
      const { role, clusterClass: cluster_class, result, reason, seconds } = reading
      attempts.inc({ cluster_class, result })
      attemptSeconds.observe({ cluster_class }, seconds)
      if (result !== 'success') failures.inc({ role, cluster_class, reason })
      if (reading.duplicate === true) duplicates.inc({ role })
      if (reading.allocated !== undefined) allocated({ role, cluster_class }, reading.allocated)
    },
  }
}

type Allocated = NonNullable<StepReading['allocated']>

function allocationSeries<L extends string>(
  registry: Registry,
  labels: readonly L[],
): (values: Record<L, string>, allocated: Allocated) => void {
  const count = counter(registry, {
    name: 'allocations_total',
    help: 'VIPs written to Clusters.',
    labels,
  })
  const sinceStart = histogram(
    registry,
    {
      name: 'allocation_duration_seconds',
      help: 'From the start of the run to the VIP on the Cluster.',
      labels,
    },
    allocationBuckets,
  )
  const sinceCreation = histogram(
    registry,
    {
      name: 'time_to_endpoint_seconds',
      help: 'From the creation of the Cluster to its VIP.',
      labels,
    },
    creationBuckets,
  )
  return (values, { sinceStartSeconds, sinceCreationSeconds }) => {
    count.inc(values)
    observeAge(sinceStart, values, sinceStartSeconds)
    observeAge(sinceCreation, values, sinceCreationSeconds)
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
