import { setTimeout as delay } from 'node:timers/promises'
import { formatKey, type NamespacedName } from '../domain/object-meta.ts'
import type { Log } from '../observability/log.ts'
import type { Outage } from '../observability/outage.ts'
import type { Reaction } from './reaction.ts'
import type { ReleaseReaction } from './release-reaction.ts'
import type { AllocationStarter } from './starter.ts'

/** What the watcher asks Temporal for, of either of a Cluster's runs. */
export type AnyReaction = Reaction | ReleaseReaction

/** Carries reactions to Temporal: one at a time for a run, a bounded number at once, again until they arrive. */
export interface Dispatcher {
  /**
   * Takes a reaction. One that has not left yet is merged with it. Never throws.
   *
   * @param isNeeded asked when it is about to leave, which may be much later
   */
  dispatch(cluster: NamespacedName, reaction: AnyReaction, isNeeded: () => boolean): void
  /** Reactions that have not arrived yet. */
  readonly pending: number
  /** The last failure to reach Temporal in words; undefined while all is well. */
  readonly lastError: string | undefined
}

export interface DispatcherOptions {
  readonly starter: Pick<AllocationStarter, 'start' | 'wake' | 'nudge' | 'release' | 'recheck'>
  readonly log: Pick<Log, 'debug'>
  /** Told of every answer of Temporal, and of every request that failed; writes the lines about it. */
  readonly outage: Pick<Outage, 'failed' | 'answered'>
  readonly signal: AbortSignal
  /** Carries out what brings one reaction to Temporal, however often that is tried: for traces. */
  readonly around?: (dispatch: DispatchedReaction, deliver: () => Promise<void>) => Promise<void>
  /** Told of every reaction that arrived, or failed and will be tried again. */
  readonly onOutcome?: (outcome: DispatchOutcome) => void
  readonly tuning?: Partial<DispatchTuning>
}

/** What is told of a reaction that leaves. */
export interface DispatchedReaction {
  /** `namespace/name` */
  readonly cluster: string
  readonly act: AnyReaction['act']
  readonly because: string
}

export type DispatchOutcome = 'started' | 'joined' | 'woken' | 'nudged' | 'failed'

export interface DispatchTuning {
  /** Requests at once. */
  readonly concurrency: number
  /** Milliseconds between two requests for one run: Temporal refuses a second run of one id within a second. */
  readonly coolDownMs: number
  /** Milliseconds after which a start that has met a run is asked for once more, where it is still needed. */
  readonly startAgainMs: number
  /** Milliseconds before a failed request is tried again: first, and at most. */
  readonly backoffMs: readonly [first: number, most: number]
}

const defaultTuning: DispatchTuning = {
  concurrency: 30,
  coolDownMs: 1_100,
  // Temporal gives a workflow task 10 s; a run whose last one a Worker took along when it died ends after them.
  startAgainMs: 15_000,
  backoffMs: [500, 30_000],
}

interface Dispatch {
  readonly cluster: NamespacedName
  readonly reaction: AnyReaction
  readonly isNeeded: () => boolean
  /** Asks for a start once more: what it meets now has looked since. */
  readonly isSecond: boolean
}

/** Starts to carry reactions; ends with `options.signal`. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { starter, log, outage, signal, around = (_, deliver) => deliver() } = options
  const { concurrency, coolDownMs, startAgainMs, backoffMs } = { ...defaultTuning, ...options.tuning }
  const waiting = new Map<string, Dispatch>()
  /** Runs whose last request is under way or too recent. */
  const held = new Set<string>()
  let inFlight = 0
  let lastError: string | undefined

  const fill = (): void => {
    for (const [key, dispatch] of waiting) {
      if (inFlight >= concurrency || signal.aborted) return
      if (held.has(key)) continue
      waiting.delete(key)
      if (dispatch.isNeeded()) void carry(key, dispatch)
    }
  }

  const carry = async (key: string, dispatch: Dispatch): Promise<void> => {
    held.add(key)
    inFlight += 1
    await around(tellable(dispatch), () => deliver(dispatch))
    inFlight -= 1
    fill()
    await quietDelay(coolDownMs, signal)
    held.delete(key)
    fill()
  }

  /** Never rejects: every failure is tried again, until the signal is aborted or the need is gone. */
  const deliver = async (dispatch: Dispatch): Promise<void> => {
    const { cluster, reaction, isNeeded } = dispatch
    for (let failures = 0; !signal.aborted && isNeeded(); failures += 1) {
      try {
        const outcome = await send(starter, cluster, reaction)
        options.onOutcome?.(outcome)
        outage.answered()
        if (outcome === 'joined' && reaction.act === 'start') void startAgain(dispatch)
        break
      } catch (error) {
        lastError = error instanceof Error ? error.message : String(error)
        options.onOutcome?.('failed')
        const retryInMs = jittered(Math.min(backoffMs[0] * 2 ** failures, backoffMs[1]))
        outage.failed(lastError)
        const fields = { ...tellable(dispatch), error: lastError, retryInMs }
        log.debug('Temporal did not take a request; trying again', fields)
        await quietDelay(retryInMs, signal)
      }
    }
    lastError = undefined
  }

  /**
   * A run that was there may have looked before the need arose, at a former Cluster of the name for one, and have nothing
   * left but to end. A wake would be certain, and cost every run that waits a look.
   */
  const startAgain = async (dispatch: Dispatch): Promise<void> => {
    if (dispatch.isSecond) return
    await quietDelay(startAgainMs, signal)
    take({ ...dispatch, isSecond: true })
  }

  const take = (dispatch: Dispatch): void => {
    const key = keyOf(dispatch.cluster, dispatch.reaction)
    const earlier = waiting.get(key)
    waiting.set(key, {
      ...dispatch,
      reaction: merged(earlier?.reaction, dispatch.reaction),
      isSecond: dispatch.isSecond && earlier?.isSecond !== false,
    })
    // Not now: whoever dispatches is in the middle of taking in the change that isNeeded looks at.
    queueMicrotask(fill)
  }

  return {
    dispatch: (cluster, reaction, isNeeded) => take({ cluster, reaction, isNeeded, isSecond: false }),
    get pending() {
      return waiting.size + inFlight
    },
    get lastError() {
      return lastError
    },
  }
}

/** What logs and traces get of it: no whole objects. */
function tellable({ cluster, reaction: { act, because } }: Dispatch): DispatchedReaction {
  return { cluster: formatKey(cluster), act, because }
}

/** A Cluster has one run for its VIPs, and a former one of its name another, for their release. */
function keyOf(cluster: NamespacedName, reaction: AnyReaction): string {
  return 'uid' in reaction ? `${formatKey(cluster)}/${reaction.uid}` : formatKey(cluster)
}

async function send(
  starter: DispatcherOptions['starter'],
  cluster: NamespacedName,
  reaction: AnyReaction,
): Promise<DispatchOutcome> {
  switch (reaction.act) {
    case 'start':
      return starter.start(cluster)
    case 'wake':
      await starter.wake(cluster, reaction.because)
      return 'woken'
    case 'nudge':
      await starter.nudge(cluster, reaction.because)
      return 'nudged'
    case 'release': {
      const { uid, held, again } = reaction
      return starter.release({ ...cluster, uid, held }, again)
    }
    case 'recheck':
      await starter.recheck({ ...cluster, uid: reaction.uid }, reaction.because)
      return 'nudged'
    default:
      return reaction satisfies never
  }
}

/** A nudge and a start make a wake: the run that is nudged may end before it sees why a start was asked for. */
function merged(earlier: AnyReaction | undefined, later: AnyReaction): AnyReaction {
  if (earlier === undefined || earlier.act === later.act || later.act === 'wake') return later
  // Whatever the order, the run that is started looks.
  if (later.act === 'release' || later.act === 'recheck') return later.act === 'release' ? later : earlier
  return earlier.act === 'wake' ? earlier : { act: 'wake', because: `${earlier.because}; ${later.because}` }
}

function jittered(ms: number): number {
  return Math.round(ms * (0.5 + Math.random() / 2))
}

async function quietDelay(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined)
}
