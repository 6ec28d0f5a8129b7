import { setTimeout as delay } from 'node:timers/promises'
import { formatKey, type NamespacedName } from '../domain/model/object-meta.ts'
import type { Log } from '../observability/log.ts'
import type { Outage } from '../observability/outage.ts'
import { releaseWorkflowIdFor, workflowIdFor } from '../workflows/contract.ts'
import type { Reaction } from './allocation-triggers.ts'
import type { ReleaseReaction } from './release-triggers.ts'
import { createRunLooks, type LookOutcome, type RunNews, type StrayRun, type WantedRun } from './run-looks.ts'
import { createSlots } from './slots.ts'
import { RefusedError, type AllocationStarter } from './workflow-client.ts'

/** What the watcher asks Temporal for, of either of a Cluster's runs. */
export type AnyReaction = Reaction | ReleaseReaction

/**
 * Asked of a Cluster when a start or a wake for it is about to leave, which may be much later. The same function each time:
 * what is merged is needed where one of its parts is.
 */
export type Need = (cluster: NamespacedName) => boolean

/** Carries reactions to Temporal: one at a time for a run, a bounded number at once, again until they arrive. */
export interface WorkQueue {
  /**
   * Takes a reaction. One that has not left yet is merged with it. Never throws.
   *
   * @param need of a start or a wake; the rest is always carried out
   */
  dispatch(cluster: NamespacedName, reaction: AnyReaction, need: Need): void
  /** Looks at the run of a Cluster as after a start that met it: it was seen where it may get no further. */
  follow(cluster: NamespacedName, need: Need): void
  /** Reactions that have not arrived yet. */
  readonly pending: number
  /** The last failure to reach Temporal in words; undefined while all is well. */
  readonly lastError: string | undefined
  /** Runs that are needed here and that only a person can get further. */
  readonly strays: () => readonly StrayRun[]
}

export interface DispatcherOptions {
  readonly starter: Pick<
    AllocationStarter,
    'start' | 'wake' | 'nudge' | 'release' | 'recheck' | 'describe' | 'terminate' | 'taskQueue'
  >
  readonly log: Pick<Log, 'debug' | 'warn'>
  /** Told of every answer of Temporal, and of every request that failed; writes the lines about it. */
  readonly outage: Pick<Outage, 'failed' | 'answered'>
  readonly signal: AbortSignal
  /** Carries out what brings one reaction to Temporal, however often that is tried: for traces. */
  readonly around?: (dispatch: DispatchedReaction, deliver: () => Promise<void>) => Promise<void>
  /** Told of every reaction that arrived, or failed and will be tried again. */
  readonly onOutcome?: (outcome: DispatchOutcome) => void
  /** Told of a run that was replaced, or that only a person can get further. */
  readonly onRunNews?: (news: RunNews) => void
  readonly tuning?: Partial<DispatchTuning>
}

/** What is told of a reaction that leaves. */
export interface DispatchedReaction {
  /** `namespace/name` */
  readonly cluster: string
  readonly act: AnyReaction['act'] | 'look'
  readonly because: string
}

export type DispatchOutcome = 'started' | 'joined' | 'woken' | 'nudged' | 'failed' | LookOutcome

export interface DispatchTuning {
  /** Requests at once. */
  readonly concurrency: number
  /** Milliseconds between two requests for one run: Temporal refuses a second run of one id within a second. */
  readonly coolDownMs: number
  /** Milliseconds after which a run that was asked for is looked at, where it is still needed: first, and at most. */
  readonly lookAfterMs: readonly [first: number, most: number]
  /** Milliseconds before a failed request is tried again: first, and at most. */
  readonly backoffMs: readonly [first: number, most: number]
}

const defaultTuning: DispatchTuning = {
  concurrency: 30,
  coolDownMs: 1_100,
  // Most Clusters are served by then. A run that nobody works on is known as such after two looks.
  lookAfterMs: [15_000, 300_000],
  backoffMs: [500, 30_000],
}

/** Starts by looks at one run. One that ends each time and leaves the Cluster as it was is for the next list to start. */
const mostRestarts = 3

/** A request to Temporal that waits for its turn. */
interface Dispatch {
  readonly cluster: NamespacedName
  readonly reaction: AnyReaction
  readonly needs: ReadonlySet<Need>
}

/** The looks at one run, from the reaction that it was met by until it is at work or nobody needs it. */
interface LookChain {
  readonly cluster: NamespacedName
  readonly wanted: WantedRun
  readonly needs: Set<Need>
  wasWoken: boolean
  /** Looks in a row since there was any hurry. */
  looks: number
  /** Starts by those looks. */
  restarts: number
  /** The run is at work, or left to the next list. */
  isOver: boolean
}

/** Starts to carry reactions; ends with `options.signal`. */
export function createWorkQueue(options: DispatcherOptions): WorkQueue {
  const { starter, log, outage, signal, around = (_, deliver) => deliver() } = options
  const { concurrency, coolDownMs, lookAfterMs, backoffMs } = { ...defaultTuning, ...options.tuning }
  const waiting = new Map<string, Dispatch>()
  /** Runs whose last request is under way or too recent. */
  const held = new Set<string>()
  const slots = createSlots(concurrency, () => fill())
  /** By workflow id. */
  const chains = new Map<string, LookChain>()
  const runLooks = createRunLooks({ starter, log, onNews: options.onRunNews ?? (() => undefined) })
  let underWay = 0
  let lastError: string | undefined

  const fill = (): void => {
    for (const [key, dispatch] of waiting) {
      if (signal.aborted || !slots.areFree()) return
      if (held.has(key)) continue
      waiting.delete(key)
      if (isNeeded(dispatch)) void carry(key, dispatch)
    }
  }

  const carry = async (key: string, dispatch: Dispatch): Promise<void> => {
    held.add(key)
    await delivered(
      tellable(dispatch),
      () => isNeeded(dispatch),
      async () => {
        const outcome = await send(starter, dispatch)
        followUp(dispatch, outcome)
        return outcome
      },
    )
    await quietDelay(coolDownMs, signal)
    held.delete(key)
    fill()
  }

  /** Never rejects: every failure is tried again, until the signal is aborted or the need is gone. */
  const delivered = async (
    told: DispatchedReaction,
    isStillNeeded: () => boolean,
    request: () => Promise<DispatchOutcome>,
  ): Promise<void> => {
    underWay += 1
    await around(told, async () => {
      for (let failures = 0; !signal.aborted && isStillNeeded(); failures += 1) {
        const retryInMs = jittered(Math.min(backoffMs[0] * 2 ** failures, backoffMs[1]))
        if (await slots.during(() => arrives({ ...told, retryInMs }, request))) break
        await quietDelay(retryInMs, signal)
      }
    })
    underWay -= 1
  }

  const arrives = async (
    told: DispatchedReaction & { readonly retryInMs: number },
    request: () => Promise<DispatchOutcome>,
  ): Promise<boolean> => {
    try {
      const outcome = await request()
      options.onOutcome?.(outcome)
      outage.answered()
      lastError = undefined
      return true
    } catch (failure) {
      const error = failure instanceof Error ? failure.message : String(failure)
      options.onOutcome?.('failed')
      if (failure instanceof RefusedError) {
        outage.answered()
        log.warn('Temporal refuses a request; trying again', { ...told, error })
      } else {
        lastError = error
        outage.failed(error)
        log.debug('Temporal did not take a request; trying again', { ...told, error })
      }
      return false
    }
  }

  /**
   * A run that was there may have looked before the need arose, at a former Cluster of the name for one, and have nothing
   * left but to end; it may be on a task queue that nobody polls; and one that was started may fail. A wake would be
   * certain only of some of it, and cost every run that waits a look.
   */
  const followUp = (dispatch: Dispatch, outcome: DispatchOutcome): void => {
    const wanted = wantedBy(dispatch, outcome, starter)
    if (wanted === undefined) return
    const { cluster, needs, reaction } = dispatch
    const wasWoken = reaction.act === 'wake'
    const chain = chains.get(wanted.workflowId)
    if (chain !== undefined) {
      needs.forEach((need) => chain.needs.add(need))
      chain.wasWoken ||= wasWoken
      return
    }
    const begun: LookChain = {
      cluster,
      wanted,
      needs: new Set(needs),
      wasWoken,
      looks: 0,
      restarts: 0,
      isOver: false,
    }
    chains.set(wanted.workflowId, begun)
    void lookOn(begun)
  }

  const lookOn = async (chain: LookChain): Promise<void> => {
    const { cluster, wanted } = chain
    const isWanted = (): boolean => !chain.isOver && (chain.needs.size === 0 || someNeed(chain))
    const told = { cluster: formatKey(cluster), act: 'look', because: 'still needed' } as const
    for (;;) {
      await quietDelay(Math.min(lookAfterMs[0] * 2 ** chain.looks, lookAfterMs[1]), signal)
      // Asked here too: of a Cluster that was served meanwhile, as most are, there is nothing to trace.
      if (signal.aborted || !isWanted()) break
      await delivered(told, isWanted, () => lookOnce(chain))
      if (chain.isOver) break
    }
    chains.delete(wanted.workflowId)
    if (!chain.isOver) runLooks.forget(wanted.workflowId)
  }

  const lookOnce = async (chain: LookChain): Promise<DispatchOutcome> => {
    const { outcome, next, wasWoken } = await runLooks.look(chain.wanted, chain.wasWoken)
    chain.wasWoken = wasWoken
    chain.looks = next === 'soon' ? 0 : chain.looks + 1
    if (outcome === 'started') chain.restarts += 1
    chain.isOver = next === 'none' || chain.restarts === mostRestarts
    return outcome
  }

  const take = (dispatch: Dispatch): void => {
    const key = keyOf(dispatch.cluster, dispatch.reaction)
    const earlier = waiting.get(key)
    waiting.set(key, {
      ...dispatch,
      reaction: merged(earlier?.reaction, dispatch.reaction),
      needs: new Set([...(earlier?.needs ?? []), ...dispatch.needs]),
    })
    // Not now: whoever dispatches is in the middle of taking in the change that the need looks at.
    queueMicrotask(fill)
  }

  return {
    dispatch: (cluster, reaction, need) =>
      take({ cluster, reaction, needs: new Set(mayBeDropped(reaction) ? [need] : []) }),
    follow: (cluster, need) =>
      followUp({ cluster, reaction: seenElsewhere, needs: new Set([need]) }, 'joined'),
    get pending() {
      return waiting.size + underWay
    },
    get lastError() {
      return lastError
    },
    strays: runLooks.strays,
  }
}

const seenElsewhere: Reaction = { act: 'start', because: 'its run is on another task queue' }

/** Only for a Cluster that needs it. */
function mayBeDropped({ act }: AnyReaction): boolean {
  return act === 'start' || act === 'wake'
}

function isNeeded(dispatch: Dispatch): boolean {
  return !mayBeDropped(dispatch.reaction) || someNeed(dispatch)
}

function someNeed({ cluster, needs }: Pick<Dispatch, 'cluster' | 'needs'>): boolean {
  return [...needs].some((need) => need(cluster))
}

/** What logs and traces get of it: no whole objects. */
function tellable({ cluster, reaction: { act, because } }: Dispatch): DispatchedReaction {
  return { cluster: formatKey(cluster), act, because }
}

/** A Cluster has one run for its VIPs, and a former one of its name another, for their release. */
function keyOf(cluster: NamespacedName, reaction: AnyReaction): string {
  return 'uid' in reaction ? `${formatKey(cluster)}/${reaction.uid}` : formatKey(cluster)
}

/** The run that a reaction was for, where somebody has to look at it later. */
function wantedBy(
  { cluster, reaction }: Dispatch,
  outcome: DispatchOutcome,
  starter: DispatcherOptions['starter'],
): WantedRun | undefined {
  if (reaction.act === 'start' || reaction.act === 'wake') {
    const start = (): Promise<'started' | 'joined'> => starter.start(cluster)
    const nudge = (reason: string): Promise<void> => starter.nudge(cluster, reason)
    return { cluster, workflowId: workflowIdFor(cluster), start, startAnew: start, nudge }
  }
  // A release that was started here, or has ended, is over; what is left behind is found by the next list.
  if (reaction.act !== 'release' || outcome !== 'joined') return undefined
  const former = { ...cluster, uid: reaction.uid }
  return {
    cluster,
    workflowId: releaseWorkflowIdFor(former),
    startAnew: () => starter.release({ ...former, held: reaction.held }, true),
    nudge: (reason) => starter.recheck(former, reason),
  }
}

async function send(
  starter: DispatcherOptions['starter'],
  { cluster, reaction }: Pick<Dispatch, 'cluster' | 'reaction'>,
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
