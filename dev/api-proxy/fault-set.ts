import { isMatch, type RequestFacts, type RequestMatch } from './request-facts.ts'

/** A fault between a client and the API server. */
export type Fault = RequestFault | WatchFault | EventFault

/** Affects requests, before they are forwarded unless stated otherwise. */
export type RequestFault =
  /** Forwarded later. */
  | { readonly kind: 'latency'; readonly ms: number }
  | StatusFault
  /** The connection is reset; the server receives nothing. */
  | { readonly kind: 'cut' }
  /** The server responds, then the connection is reset: a write has happened, and its writer does not know. */
  | { readonly kind: 'cut-after' }
  /**
   * Half-open: never answered, never reset. It also affects open requests, including watches. Affected connections
   * stay dead after its end, as if a router had forgotten them.
   */
  | { readonly kind: 'hang' }

/** Rejected as by the API server, with a Status. */
export interface StatusFault {
  readonly kind: 'status'
  readonly code: number
  readonly retryAfterSeconds?: number
  readonly message?: string
}

/** Affects open and new watches. */
export type WatchFault =
  /** Ended by an `ERROR` event with the Status 410 Expired. */
  | { readonly kind: 'expire' }
  /** Ended regularly. */
  | { readonly kind: 'end-watches' }
  /** Delivers nothing, not even the end of the watch; after the fault, everything held back. */
  | { readonly kind: 'silence' }

/** Affects single events of watches. */
export type EventFault =
  /** Dropped. Bookmarks are delivered, so the client continues as if it had received everything. */
  | { readonly kind: 'lose-events' }
  /** Delivered later, and no later event before it, as by a server with a stale watch cache. */
  | { readonly kind: 'lag'; readonly ms: number }

/** In the order in which they affect a new watch: a silent one does not end. */
export const watchFaultKinds = [
  'silence',
  'expire',
  'end-watches',
] as const satisfies readonly WatchFault['kind'][]

/**
 * How often a fault takes effect; always by default. Each request, watch or event is an occasion, depending on the
 * fault.
 */
export interface FaultOptions {
  /** Maximum number of times. */
  readonly times?: number
  /** Probability on each occasion. */
  readonly probability?: number
  /** Returns numbers in [0, 1); from a seed, to make a run repeatable. */
  readonly random?: () => number
}

export interface ActiveFault<F extends Fault = Fault> {
  readonly fault: F
  /** Whether the fault takes effect on this occasion; call it once per occasion. */
  readonly strikes: (facts: RequestFacts) => boolean
  /** Aborted at its end. */
  readonly over: AbortSignal
  readonly end: () => void
}

export interface FaultSet {
  readonly add: <F extends Fault>(fault: F, match: RequestMatch, options: FaultOptions) => ActiveFault<F>
  /** The first fault of a kind that takes effect on this occasion. */
  readonly strike: <K extends Fault['kind']>(kind: K, facts: RequestFacts) => ActiveOf<K> | undefined
  /** Ends all. */
  readonly heal: () => void
}

type ActiveOf<K extends Fault['kind']> = ActiveFault<Extract<Fault, { readonly kind: K }>>

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

/** Whether a fault affects watches as a whole. */
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
