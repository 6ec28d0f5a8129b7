import type { Registry } from 'prom-client'
import type { StepObserver } from '../../activities/reporting.ts'
import type { RequestOutcome } from '../../kubernetes/transport/connection.ts'
import type { AttemptOutcome } from '../../watcher/run-check.ts'
import { counter, gaugeOf, histogram, startAtZero } from './registry.ts'

/** The facts about a request to the API server that its series shows. */
export type CountedRequest = Pick<RequestOutcome, 'verb' | 'resource' | 'code' | 'seconds'>

const workflowRequestOutcomes: readonly AttemptOutcome[] = [
  'started',
  'already-started',
  'signaled-with-start',
  'signaled',
  'checked',
  'replaced',
  'failed',
]

const reportKinds = ['condition', 'event', 'signal'] as const
const reportResults = ['written', 'unchanged', 'failed'] as const

const apiBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** The series of the requests that every process makes, to the API server and to Temporal. */
export function requestSeries(registry: Registry): {
  countApiRequest(request: CountedRequest): void
  temporalReachable(reachable: boolean): void
} {
  const requests = histogram(
    registry,
    {
      name: 'api_request_duration_seconds',
      help: 'Requests to the Kubernetes API server by verb, resource and HTTP status (0: no answer).',
      labels: ['verb', 'resource', 'code'],
    },
    apiBuckets,
  )
  let isReachable = false
  gaugeOf(
    registry,
    { name: 'temporal_reachable', help: 'Whether Temporal answered when last asked, 1 or 0.', labels: [] },
    () => [{ labels: {}, value: isReachable ? 1 : 0 }],
  )
  return {
    countApiRequest: ({ verb, resource, code, seconds }) =>
      requests.observe({ verb, resource, code }, seconds),
    temporalReachable(reachable) {
      isReachable = reachable
    },
  }
}

/** The series of the watcher's requests to Temporal. */
export function workflowRequestSeries(registry: Registry): {
  countWorkflowRequest(outcome: AttemptOutcome): void
} {
  const requests = counter(registry, {
    name: 'workflow_requests_total',
    help: `Requests of the watcher to Temporal by outcome: ${workflowRequestOutcomes.join(', ')}.`,
    labels: ['outcome'],
  })
  startAtZero(
    requests,
    workflowRequestOutcomes.map((outcome) => ({ outcome })),
  )
  return { countWorkflowRequest: (outcome) => requests.inc({ outcome }) }
}

/** The series of the conditions, events and signals by which the Worker reports. */
export function reportSeries(registry: Registry): Pick<StepObserver, 'countReport'> {
  const reports = counter(registry, {
    name: 'reports_total',
    help: 'Conditions, events and signals by result: written, unchanged, failed.',
    labels: ['kind', 'result'],
  })
  startAtZero(
    reports,
    reportKinds.flatMap((kind) => reportResults.map((result) => ({ kind, result }))),
  )
  return { countReport: (kind, result) => reports.inc({ kind, result }) }
}
