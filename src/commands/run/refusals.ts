import type { KubernetesError } from '../../kubernetes/errors.ts'
import { lossWithout } from '../../kubernetes/permissions.ts'
import type { RequestOutcome } from '../../kubernetes/transport/connection.ts'
import type { Log } from '../../observability/log.ts'

/** The lists and watches that the API server does not permit. A refusal of any other request is reported on its Cluster. */
export interface Refusals {
  readonly observeRequest: (
    outcome: Pick<RequestOutcome, 'verb' | 'resource' | 'action' | 'code' | 'failure'>,
  ) => void
}

/**
 * Logs one line for each kind and namespace when it is refused, however often it is tried, and one when it is permitted. A
 * list follows each watch that is refused: only if that one is permitted, the watch is what is missing.
 */
export function createRefusals(log: Pick<Log, 'info' | 'warn'>): Refusals {
  /** What is refused, by kind and namespace in the words of the request (`clusters in staging`); an error: a watch, or all. */
  const refused = new Map<string, 'list' | 'watch' | KubernetesError>()

  const report = (verb: 'list' | 'watch', place: string, resource: string, error: string): void => {
    const loss = lossWithout(verb, resource)
    const so = loss === undefined ? '' : `, so that ${loss}`
    log.warn(`Not permitted: ${verb} ${place}${so}; tried again every half minute`, { resource, error })
    refused.set(place, verb)
  }

  return {
    observeRequest({ verb, resource, action, code, failure }) {
      if (verb !== 'list' && verb !== 'watch') return
      const place = action.slice(verb.length + 1)
      const before = refused.get(place)
      if (failure?.kind === 'forbidden') {
        if (verb === 'list' && before !== 'list') report('list', place, resource, failure.message)
        else if (before === undefined) refused.set(place, failure)
      } else if (failure === undefined && code > 0) {
        if (typeof before === 'object') {
          refused.delete(place)
          if (verb === 'list') report('watch', place, resource, before.message)
        } else if (before === verb) {
          refused.delete(place)
          log.info(`Permitted now: ${action}`, { resource })
        }
      }
    },
  }
}
