import type { Log } from '../../observability/log.ts'
import type { NamespacedName, ObjectMeta } from '../../domain/model/object-meta.ts'
import { fullNameOf, type PoolKind } from '../../domain/model/pool-kind.ts'
import type { IPPool } from '../../domain/model/pool.ts'
import { discoverApiVersions } from '../api-versions.ts'
import type { KubernetesError } from '../errors.ts'
import { lossWithout } from '../permissions.ts'
import { findPoolResource, isStatic, lossWithoutPools, poolResourceOf } from '../pool-resources.ts'
import { resources, type DecodedResource } from '../resources.ts'
import type { KubernetesConnection } from '../transport/connection.ts'
import {
  defaultTuning,
  type Informer,
  type InformerHealth,
  type InformerTuning,
  type ResourceEventHandler,
} from './informer-types.ts'
import { startLateInformer } from './late-informer.ts'
import { startReflector } from './reflector.ts'
import { createStore, unchangedIn } from './store.ts'

/** The kinds that can be watched besides those of pools, each with the type of its decoded objects. */
export type WatchedObjects = {
  readonly [R in Exclude<keyof typeof resources, 'events'>]: ReturnType<(typeof resources)[R]['decode']>
}

/** A kind that can be watched: its plural, or a kind of pools. */
export type WatchedKind = keyof WatchedObjects | PoolKind

/** The decoded objects of a kind. */
export type Watched<K extends WatchedKind> = K extends keyof WatchedObjects ? WatchedObjects[K] : IPPool

export interface InformerOptions<R extends WatchedKind> {
  readonly connection: KubernetesConnection
  readonly resource: R
  /** Empty or absent: all namespaces. Ignored for a cluster-scoped kind. */
  readonly namespaces?: readonly string[]
  readonly labelSelector?: string | undefined
  readonly handler: ResourceEventHandler<Watched<R>>
  /** Stops the informer. */
  readonly signal: AbortSignal
  readonly log: Log
  /** Whether a failure is logged elsewhere, such as one that is part of an outage. Default: none is. */
  readonly isReported?: (failure: KubernetesError) => boolean
  readonly tuning?: Partial<InformerTuning>
}

/** Namespaces that an informer covers besides its own: each costs a connection, and anybody can name one. */
const mostOtherNamespaces = 50

/**
 * Starts an informer, which runs until the signal is aborted. It survives an API server that is away at the start or
 * later, a missing CustomResourceDefinition, and missing permissions. It lists and watches each of several namespaces
 * separately, since our permissions may be limited to them.
 */
export function startInformer<R extends WatchedKind>(options: InformerOptions<R>): Informer<Watched<R>>
export function startInformer(
  options: Omit<InformerOptions<WatchedKind>, 'handler'> & {
    readonly handler: ResourceEventHandler<ObjectMeta>
  },
): unknown {
  const { resource: kind } = options
  if (typeof kind === 'string') {
    return startInformerOf<ObjectMeta>({
      ...options,
      resource: resources[kind],
      loss: lossWithout('list', kind),
    })
  }
  const loss = lossWithoutPools(kind)
  const start = (resource: DecodedResource<IPPool>): Informer<IPPool> =>
    startInformerOf<IPPool>({ ...options, resource, loss })
  if (isStatic(kind)) return start(poolResourceOf(kind))
  return startLateInformer({
    ...options,
    name: fullNameOf(kind),
    loss,
    tuning: { ...defaultTuning, ...options.tuning },
    find: () => findPoolResource(options.connection, kind),
    start,
  })
}

/** The options of an informer whose API is known. */
type FoundOptions<T extends ObjectMeta> = Omit<InformerOptions<WatchedKind>, 'resource' | 'handler'> & {
  readonly resource: DecodedResource<T>
  readonly handler: ResourceEventHandler<T>
  /** What is lost if the kind cannot be read; undefined if nothing works without it. */
  readonly loss: string | undefined
}

function startInformerOf<T extends ObjectMeta>(options: FoundOptions<T>): Informer<T> {
  const { handler, log, loss } = options
  const { namespaced, plural } = options.resource
  const namespaces = [...new Set(namespaced ? options.namespaces : [])]
  const own = namespaces.length === 0 ? [''] : namespaces
  const objects = new Map<string, T>()
  const refusals = new Map<string, string>()
  const running = new Map<string, RunningReflector>()
  let named: readonly NamespacedName[] = []

  const health = (): InformerHealth =>
    combineHealth(
      [...running].map(([namespace, each]) => ({ health: each.health(), isOwn: own.includes(namespace) })),
    )

  /** The list is not full before every namespace has been listed that can be. */
  const onSettled = (): void => {
    const isUnreadable = refusals.size === running.size
    if (isUnreadable ? loss === undefined : !health().synced) return
    try {
      if (isUnreadable) handler.onUnreadable?.()
      else handler.onListed?.([...objects.values()])
    } catch (error) {
      log.error('A watch handler failed on a list', { resource: plural, error: String(error) })
    }
  }

  const start = reflectorStarter(options, { objects, refusals, loss, named: () => named, onSettled })
  for (const namespace of own) running.set(namespace, start(namespace))
  return {
    objects,
    refusals,
    health,
    healthIn: (namespace) => (running.get('') ?? running.get(namespace))?.health(),
    alsoWatch(others) {
      named = others
      if (running.has('')) return
      const wanted = new Set([...own, ...others.map(({ namespace }) => namespace)])
      for (const [namespace, each] of running) {
        if (wanted.has(namespace)) continue
        running.delete(namespace)
        each.stop()
      }
      for (const namespace of wanted) {
        const isFull = running.size >= own.length + mostOtherNamespaces
        if (!running.has(namespace) && !isFull) running.set(namespace, start(namespace))
      }
    },
    // The others end with the same signal.
    done: Promise.all([...running.values()].map((each) => each.done)).then(() => undefined),
  }
}

interface RunningReflector extends Pick<Informer<ObjectMeta>, 'health' | 'done'> {
  /** Ends it, and removes its objects. */
  readonly stop: () => void
}

/** What the reflectors of one informer share. */
interface SharedState<T extends ObjectMeta> {
  readonly objects: Map<string, T>
  readonly refusals: Map<string, string>
  readonly loss: string | undefined
  readonly named: () => readonly NamespacedName[]
  /** Called after every list, and when a namespace turns out to be unreadable. */
  readonly onSettled: () => void
}

/** Returns a function that starts the reflector of a namespace. */
function reflectorStarter<T extends ObjectMeta>(
  options: FoundOptions<T>,
  { objects, refusals, loss, named, onSettled }: SharedState<T>,
): (namespace: string) => RunningReflector {
  const { connection, handler, log, resource } = options
  const versions = discoverApiVersions(connection)
  const tuning = { ...defaultTuning, ...options.tuning }
  return (namespace) => {
    const stop = new AbortController()
    const store = createStore(objects, namespace, handler, log)
    const reflector = startReflector({
      ...options,
      versions,
      resource,
      namespace,
      named: () => named().filter((each) => namespace === '' || each.namespace === namespace),
      unchanged: (listed) => unchangedIn(objects, listed),
      store,
      loss,
      signal: AbortSignal.any([options.signal, stop.signal]),
      tuning,
      onListed() {
        refusals.delete(namespace)
        onSettled()
      },
      onRefused(message) {
        const isNew = !refusals.has(namespace)
        refusals.set(namespace, message)
        if (isNew) onSettled()
      },
    })
    return {
      ...reflector,
      stop() {
        stop.abort()
        store.replaceAll([])
        refusals.delete(namespace)
      },
    }
  }
}

/**
 * The health of the reflectors of one kind: that of the worst one. One that cannot read its namespace does not count while
 * another can, nor does one that was added and has not listed yet.
 */
function combineHealth(
  reflectors: readonly { readonly health: InformerHealth; readonly isOwn: boolean }[],
): InformerHealth {
  const all = reflectors.map(({ health }) => health)
  const [first] = all
  // The usual case, several times for each event and each cached read.
  if (first !== undefined && all.length === 1) return first
  const counted = reflectors
    .filter(({ health, isOwn }) => health.refusals.length === 0 && (health.synced || isOwn))
    .map(({ health }) => health)
  const sum = (count: 'lists' | 'reconnects' | 'expired' | 'failures' | 'drift'): number =>
    all.reduce((total, { [count]: value }) => total + value, 0)
  return {
    ...(counted.length === 0 ? all : counted).reduce(worseHealth),
    lists: sum('lists'),
    reconnects: sum('reconnects'),
    expired: sum('expired'),
    failures: sum('failures'),
    drift: sum('drift'),
    refusals: all.flatMap(({ refusals }) => refusals),
  }
}

function worseHealth(a: InformerHealth, b: InformerHealth): InformerHealth {
  return {
    ...a,
    synced: a.synced && b.synced,
    lastListAt: ifBoth(a.lastListAt, b.lastListAt, Math.min),
    lastContactAt: ifBoth(a.lastContactAt, b.lastContactAt, Math.min),
    undelivered: [...a.undelivered, ...b.undelivered],
    lastError: a.lastError ?? b.lastError,
    lastSyncResourceVersion: ifBoth(a.lastSyncResourceVersion, b.lastSyncResourceVersion, (one, other) =>
      one < other ? one : other,
    ),
    listResourceVersion: ifBoth(a.listResourceVersion, b.listResourceVersion, (one, other) =>
      one > other ? one : other,
    ),
  }
}

function ifBoth<T>(a: T | undefined, b: T | undefined, combine: (a: T, b: T) => T): T | undefined {
  return a === undefined || b === undefined ? undefined : combine(a, b)
}
