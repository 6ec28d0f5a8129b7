import { isMatch, type RequestFacts, type RequestMatch } from './request-facts.ts'

/** A request, and the status sent to its client. */
export interface RecordedRequest extends RequestFacts {
  /** HTTP status of the response; 0 if there is none. */
  readonly code: number
  /** Arrival in milliseconds since the epoch. */
  readonly at: number
}

export type RecordFilter = RequestMatch & { readonly code?: number }

/** All requests so far, in order. */
export interface RequestRecord {
  readonly requests: readonly RecordedRequest[]
  readonly count: (filter?: RecordFilter) => number
  /** Resolves when at least `times` (one) matching requests have arrived since the start. */
  readonly until: (filter: RecordFilter, times?: number) => Promise<void>
  /** Records a request; the function it returns records the status of the response. */
  readonly add: (facts: RequestFacts) => (code: number) => void
}

export function createRequestRecord(): RequestRecord {
  const requests: (RecordedRequest & { code: number })[] = []
  const waiting = new Set<() => void>()
  const changed = (): void => {
    for (const check of waiting) check()
  }
  const count = ({ code, ...match }: RecordFilter = {}): number =>
    requests.filter((request) => isMatch(request, match) && (code ?? request.code) === request.code).length
  return {
    requests,
    count,
    until: (filter, times = 1) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (count(filter) < times) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
    add: (facts) => {
      const request = { ...facts, code: 0, at: Date.now() }
      requests.push(request)
      changed()
      return (code) => {
        request.code = code
        changed()
      }
    },
  }
}
