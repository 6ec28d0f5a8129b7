import { apiUnavailable } from '../../activities/failures.ts'
import type { RequestOutcome } from '../../kubernetes/transport/connection.ts'
import { isOutage, type KubernetesError } from '../../kubernetes/errors.ts'
import type { Log } from '../../observability/log.ts'
import { createOutage, type Outage } from '../../observability/outage.ts'
import type { TemporalLine } from './temporal-log.ts'

/** The servers that the program depends on, each of which may be unreachable. */
export interface Outages {
  readonly apiServer: Outage
  readonly temporal: Outage
  /** The collector of traces. */
  readonly traces: Outage
  /** Counts a request to the API server as answered or failed. */
  readonly observeRequest: (outcome: Pick<RequestOutcome, 'code' | 'failure'>) => void
  /** Whether to suppress a line of Temporal's SDK, because it is about an outage that has its own line. */
  readonly suppresses: (line: TemporalLine) => boolean
}

/** Assumes at first that every server is reachable. Each outage is logged once when it begins and once when it ends. */
export function createOutages(log: Log): Outages {
  const apiServer = createOutage({ who: 'the API server', log })
  const temporal = createOutage({ who: 'Temporal', log })
  const traces = createOutage({ who: 'the collector of traces', log })
  return {
    apiServer,
    temporal,
    traces,
    observeRequest({ code, failure }) {
      if (failure !== undefined && isOutage(failure)) apiServer.failed(describeOutage(failure))
      // Neither a failure nor a status: the caller canceled the request.
      else if (failure !== undefined || code > 0) apiServer.answered()
    },
    suppresses({ message, fields, isOfCore }) {
      // The core logs every request that it keeps retrying, long before any of them fails.
      if (isOfCore && /^gRPC call \w+ retried \d+ times/.test(message))
        temporal.failed(String(fields.error ?? message))
      return isOfCore
        ? temporal.current !== undefined
        : fields.reason === apiUnavailable && apiServer.current !== undefined
    },
  }
}

function describeOutage({ message, status }: Pick<KubernetesError, 'message' | 'status'>): string {
  return status === 401 ? `${message}; the API server refuses the credentials` : message
}
