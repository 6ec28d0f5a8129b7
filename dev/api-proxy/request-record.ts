import { isMatch, type RequestFacts, type RequestMatch } from './request-facts.ts'

/** A request that has come, and what its client was told. */
export interface RecordedRequest extends RequestFacts {
  /** HTTP status the client was answered with; 0: nothing so far, or ever. */
  readonly code: number
  /** When it came: milliseconds since the epoch. */
  readonly at: number
}

/** Which recorded requests. */
export type RecordFilter = RequestMatch & { readonly code?: number }

/** All requests that have come, in order. */
export interface RequestRecord {
  readonly requests: readonly RecordedRequest[]
  readonly count: (filter?: RecordFilter) => number
  /** Resolves when at least `times` (one) such requests have come, from the beginning on. */
  readonly until: (filter: RecordFilter, times?: number) => Promise<void>
  /** Writes a request down; the function it returns writes down its answer. */
  readonly add: (facts: RequestFacts) => (code: number) => void
}

/** Makes an empty record. */
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
