import { isMatch, type RequestFacts, type RequestMatch } from './request-facts.ts'

/** What can go wrong between a client and its API server. */
export type Fault = RequestFault | WatchFault | EventFault

/** Strikes requests, before they are passed on unless it says otherwise. */
export type RequestFault =
  /** Passed on later. */
  | { readonly kind: 'latency'; readonly ms: number }
  | StatusFault
  /** The connection is reset; the server hears nothing. */
  | { readonly kind: 'cut' }
  /** The server hears and answers, then the connection is reset: a write has happened and its writer does not know. */
  | { readonly kind: 'cut-after' }
  /**
   * Half-open: never answered, never reset. Strikes also what is under way, watches among it. What it has
   * struck stays dead when it ends, as a connection does that a router has forgotten.
   */
  | { readonly kind: 'hang' }

/** Refused, as the API server refuses: with a Status. */
export interface StatusFault {
  readonly kind: 'status'
  readonly code: number
  readonly retryAfterSeconds?: number
  readonly message?: string
}

/** Strikes watches: those that are open, and those that are opened while it lasts. */
export type WatchFault =
  /** Ended by an `ERROR` event with the Status 410 Expired. */
  | { readonly kind: 'expire' }
  /** Ended in order. */
  | { readonly kind: 'end-watches' }
  /** Nothing is heard, no end either, until it is over; then all that was held back. */
  | { readonly kind: 'silence' }

/** Strikes single events of watches. */
export type EventFault =
  /** Never told. Bookmarks are, so that the client goes on as if it knew all. */
  | { readonly kind: 'lose-events' }
  /** Told later, and all that follows not before it: a server with a stale watch cache. */
  | { readonly kind: 'lag'; readonly ms: number }

/** In the order in which they strike a new watch: one that is silent does not hear of its end. */
export const watchFaultKinds = [
  'silence',
  'expire',
  'end-watches',
] as const satisfies readonly WatchFault['kind'][]

/** How often a fault strikes; without options, always. An occasion is a request, a watch or an event, as the fault has it. */
export interface FaultOptions {
  /** Strikes so many times at most. */
  readonly times?: number
  /** Of a strike, on each occasion. */
  readonly probability?: number
  /** In [0, 1), from a seed where a run is to be repeated. */
  readonly random?: () => number
}

/** A fault in force. */
export interface ActiveFault<F extends Fault = Fault> {
  readonly fault: F
  /** Whether it strikes on this occasion, which is to be asked once. */
  readonly strikes: (facts: RequestFacts) => boolean
  /** Aborted when it is over. */
  readonly over: AbortSignal
  readonly end: () => void
}

/** The faults in force. */
export interface FaultSet {
  readonly add: <F extends Fault>(fault: F, match: RequestMatch, options: FaultOptions) => ActiveFault<F>
  /** The first fault of a kind that strikes on this occasion. */
  readonly strike: <K extends Fault['kind']>(kind: K, facts: RequestFacts) => ActiveOf<K> | undefined
  /** Ends all. */
  readonly heal: () => void
}

type ActiveOf<K extends Fault['kind']> = ActiveFault<Extract<Fault, { readonly kind: K }>>

/** Makes a set without any fault. */
export function createFaultSet(): FaultSet {
  const active = new Set<ActiveFault>()
  return {
    add: (fault, match, options) => {
      const added = activate(fault, match, options)
      active.add(added)
      added.over.addEventListener('abort', () => active.delete(added))
      return added
    },
    strike: (kind, facts) =>
      [...active].filter((one) => isOfKind(one, kind)).find((one) => one.strikes(facts)),
    heal: () => {
      for (const one of active) one.end()
    },
  }
}

/** Whether a fault strikes watches as a whole. */
export function isWatchFault(active: ActiveFault): active is ActiveFault<WatchFault> {
  return watchFaultKinds.some((kind) => kind === active.fault.kind)
}

function activate<F extends Fault>(fault: F, match: RequestMatch, options: FaultOptions): ActiveFault<F> {
  const { probability = 1, random = Math.random } = options
  const over = new AbortController()
  let left = options.times ?? Infinity
  return {
    fault,
    strikes: (facts) => {
      if (over.signal.aborted || left === 0 || !isMatch(facts, match)) return false
      if (probability < 1 && random() >= probability) return false
      left--
      return true
    },
    over: over.signal,
    end: () => over.abort(),
  }
}

function isOfKind<K extends Fault['kind']>(active: ActiveFault, kind: K): active is ActiveOf<K> {
  return active.fault.kind === kind
}
