import type { Registry } from 'prom-client'
import { counter, gaugeOf, histogram, startAtZero } from './registry.ts'

/** One request to the API server. */
export interface ApiRequest {
  readonly verb: string
  readonly resource: string
  /** HTTP status; 0 where no answer came. */
  readonly code: number
  readonly seconds: number
}

/** What became of one of the watcher's requests to Temporal. */
export type WorkflowRequestOutcome = (typeof workflowRequestOutcomes)[number]

const workflowRequestOutcomes = [
  'started',
  'already-started',
  'signaled-with-start',
  'signaled',
  'checked',
  'replaced',
  'failed',
] as const

/** What the Worker tells about an allocation, and what became of it. */
export type ReportKind = (typeof reportKinds)[number]
export type ReportResult = (typeof reportResults)[number]

const reportKinds = ['condition', 'event', 'signal'] as const
const reportResults = ['written', 'unchanged', 'failed'] as const

const apiBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** The series of the requests that every process makes, to the API server and to Temporal. */
export function requestSeries(registry: Registry): {
  countApiRequest(request: ApiRequest): void
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
  countWorkflowRequest(outcome: WorkflowRequestOutcome): void
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

/** The series of what the Worker writes and sends beside an allocation. */
export function reportSeries(registry: Registry): {
  countReport(kind: ReportKind, result: ReportResult): void
} {
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
