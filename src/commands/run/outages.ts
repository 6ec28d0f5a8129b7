import { apiUnavailable } from '../../activities/failures.ts'
import type { RequestOutcome } from '../../kubernetes/transport/connection.ts'
import { isServerUnreachable } from '../../kubernetes/errors.ts'
import type { Log } from '../../observability/log.ts'
import { createOutage, type Outage } from '../../observability/outage.ts'
import type { TemporalLine } from './temporal-log.ts'

/** Those whom the program talks to, and who may be away. */
export interface Outages {
  readonly apiServer: Outage
  readonly temporal: Outage
  /** Whoever takes traces. */
  readonly traces: Outage
  /** Takes how a request to the API server ended. */
  readonly told: (outcome: Pick<RequestOutcome, 'code' | 'failure'>) => void
  /** Takes a line of Temporal's SDK; answers whether it is one of many about an outage that has its line. */
  readonly takes: (line: TemporalLine) => boolean
}

/** Starts with everybody there. Each outage makes one line when it begins and one when it is over. */
export function createOutages(log: Log): Outages {
  const apiServer = createOutage({ who: 'the API server', log })
  const temporal = createOutage({ who: 'Temporal', log })
  const traces = createOutage({ who: 'the collector of traces', log })
  return {
    apiServer,
    temporal,
    traces,
    told({ code, failure }) {
      if (failure !== undefined && isServerUnreachable(failure)) apiServer.failed(failure.message)
      // Without both, whoever asked has given the request up.
      else if (failure !== undefined || code > 0) apiServer.answered()
    },
    takes({ message, fields, isOfCore }) {
      // The core tells of every request that it keeps repeating, long before any of them has failed.
      if (isOfCore && /^gRPC call \w+ retried \d+ times/.test(message))
        temporal.failed(String(fields.error ?? message))
      return isOfCore
        ? temporal.current !== undefined
        : fields.reason === apiUnavailable && apiServer.current !== undefined
    },
  }
}
