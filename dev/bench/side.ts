import { inParallel } from '../../src/domain/in-parallel.ts'
import { arrayOf, objectOf, stringOf, type JsonObject } from '../../src/domain/model/decode.ts'
import { ApiError, type KubernetesApi } from '../stack/kubernetes-api.ts'
import { startRawWatch, type ObservedVersion } from '../stack/raw-watch.ts'
import type { Bench } from './bench.ts'
import { eventually } from './eventually.ts'
import { pathIn, type Plural } from './objects.ts'

/**
 * One of the two that are compared, in a namespace of its own: Clusters that get endpoints, or claims that get addresses.
 * Both are created by the same client and seen by the same kind of watch.
 */
export interface Side {
  readonly namespace: string
  /**
   * Creates one and waits until the watch shows it done, and nobody works on it any more.
   *
   * @returns milliseconds from the request that creates it until it was done, and from when the watch first showed it
   */
  readonly one: () => Promise<{ readonly sinceRequest: number; readonly sinceSeen: number }>
  /**
   * Creates so many at once and waits until all are done.
   *
   * @returns milliseconds from the first request that creates one until each was done, ascending
   */
  readonly burst: (count: number) => Promise<readonly number[]>
  /** Creates so many at once, and resolves with their names when all are there. */
  readonly create: (count: number) => Promise<readonly string[]>
  /** Resolves when so many of them, as they are now, are so. */
  readonly untilSo: (count: number, is: (object: JsonObject) => boolean) => Promise<void>
  /** Deletes all, and resolves when nothing is left of them. */
  readonly clear: () => Promise<void>
  readonly close: () => Promise<void>
}

export interface SideOptions {
  readonly bench: Pick<Bench, 'connection' | 'api' | 'signal' | 'alsoClose'>
  readonly namespace: string
  readonly plural: Plural
  readonly build: (namespace: string, name: string) => JsonObject
  readonly isDone: (object: JsonObject) => boolean
  /** Resolves when nobody works any more on one that is done. */
  readonly settled?: (name: string) => Promise<void>
}

/** Requests of the benchmark at once, on either side. */
const atOnce = 50

/** Begins to watch. */
export async function openSide(options: SideOptions): Promise<Side> {
  const { bench, namespace, plural, isDone } = options
  const { api, signal } = bench
  /** By name: when the watch first showed it, and when it first showed it done. */
  const times = new Map<string, { readonly seen: number; done?: number }>()
  const listeners = new Set<(version: Pick<ObservedVersion, 'object' | 'isGone'>) => void>()
  let serial = 0

  const watch = startRawWatch({
    stack: bench.connection,
    path: pathIn(namespace, plural),
    onVersion({ object, isGone }) {
      const now = performance.now()
      const name = nameOf(object)
      if (!isGone) {
        const known = times.get(name) ?? { seen: now }
        times.set(name, known)
        if (known.done === undefined && isDone(object)) known.done = now
      }
      for (const listener of listeners) listener({ object, isGone })
    },
  })
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= watch.close())
  bench.alsoClose(close)
  await watch.listed

  /** Resolves as soon as all that has been seen, and then one version after the other, makes it so. */
  const listenUntil = (
    isSo: () => boolean,
    onVersion: (version: Pick<ObservedVersion, 'object' | 'isGone'>) => void,
  ): Promise<void> => {
    const over = new AbortController()
    return new Promise<void>((resolve, reject) => {
      const listener: typeof onVersion = (version) => {
        onVersion(version)
        if (isSo()) resolve()
      }
      listeners.add(listener)
      over.signal.addEventListener('abort', () => listeners.delete(listener))
      signal.addEventListener('abort', () => reject(new Error('stopped', { cause: signal.reason })), {
        signal: over.signal,
      })
      signal.throwIfAborted()
      if (isSo()) resolve()
    }).finally(() => over.abort())
  }

  const newNames = (count: number): readonly string[] => {
    serial += 1
    return Array.from({ length: count }, (_, index) => `b${serial}-${String(index + 1).padStart(5, '0')}`)
  }
  const create = async (names: readonly string[]): Promise<void> => {
    await inParallel(atOnce, names, (name) =>
      api.send({ method: 'POST', path: pathIn(namespace, plural), body: options.build(namespace, name) }),
    )
  }
  const runInterruptible = (names: readonly string[]): Promise<void> => {
    const left = new Set(names)
    for (const name of names) if (times.get(name)?.done !== undefined) left.delete(name)
    return listenUntil(
      () => left.size === 0,
      ({ object }) => {
        const name = nameOf(object)
        if (times.get(name)?.done !== undefined) left.delete(name)
      },
    )
  }
  const doneAt = (name: string): number => times.get(name)?.done ?? Number.NaN

  return {
    namespace,
    one: async () => {
      const names = newNames(1)
      const [name = ''] = names
      const begun = performance.now()
      await create(names)
      await runInterruptible(names)
      await options.settled?.(name)
      return {
        sinceRequest: doneAt(name) - begun,
        sinceSeen: doneAt(name) - (times.get(name)?.seen ?? Number.NaN),
      }
    },
    burst: async (count) => {
      const names = newNames(count)
      const begun = performance.now()
      await create(names)
      await runInterruptible(names)
      return names.map((name) => doneAt(name) - begun).toSorted((a, b) => a - b)
    },
    create: async (count) => {
      const names = newNames(count)
      await create(names)
      return names
    },
    untilSo: (count, is) => {
      const so = new Set([...watch.current().values()].filter(is).map(nameOf))
      return listenUntil(
        () => so.size >= count,
        ({ object, isGone }) => {
          if (!isGone && is(object)) so.add(nameOf(object))
          else so.delete(nameOf(object))
        },
      )
    },
    clear: async () => {
      await clearNamespace(api, namespace, signal)
      times.clear()
    },
    close,
  }
}

/** The name of an object. */
export function nameOf(object: JsonObject): string {
  return stringOf(objectOf(object['metadata'])['name'])
}

/** Clusters first: a claim that is lost under a Cluster would be made anew. */
async function clearNamespace(api: KubernetesApi, namespace: string, signal: AbortSignal): Promise<void> {
  await deleteAll(api, pathIn(namespace, 'clusters'))
  await deleteAll(api, pathIn(namespace, 'ipaddressclaims'))
  for (const plural of ['clusters', 'ipaddressclaims', 'ipaddresses'] as const) {
    await eventually(`${plural} of ${namespace} to be gone`, signal, async () => {
      const list = await api.send<JsonObject>({
        method: 'GET',
        path: `${pathIn(namespace, plural)}?limit=1`,
      })
      return arrayOf(list['items']).length === 0
    })
  }
}

/** Few: each waits for a webhook, which the API server gives ten seconds. */
const deletedAtOnce = 8

/**
 * Not as one request: the API server would delete one after the other, ask the webhooks about each, and give up after a
 * minute.
 */
async function deleteAll(api: KubernetesApi, path: string): Promise<void> {
  const list = await api.send<JsonObject>({ method: 'GET', path })
  const names = arrayOf(list['items']).map((item) => nameOf(objectOf(item)))
  await inParallel(deletedAtOnce, names, async (name) => {
    const body = { propagationPolicy: 'Background' }
    try {
      await api.send({ method: 'DELETE', path: `${path}/${name}`, body })
    } catch (error) {
      // The garbage collector was faster.
      if (!(error instanceof ApiError && error.status === 404)) throw error
    }
  })
}
