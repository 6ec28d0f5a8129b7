import { inParallel } from '../../src/domain/in-parallel.ts'
import { arrayOf, objectOf, stringOf, type JsonObject } from '../../src/domain/model/decode.ts'
import { ApiError, type KubernetesApi } from '../stack/kubernetes-api.ts'
import { startRawWatch, type ObservedVersion } from '../stack/raw-watch.ts'
import type { Bench } from './bench.ts'
import { eventually } from './eventually.ts'
import { pathIn, type Plural } from '../stack/resource-path.ts'

/**
 * One of the two subjects of a comparison, in its own namespace: Clusters that get endpoints, or claims that get
 * addresses. The same client creates the objects of both, and the same kind of watch observes them.
 */
export interface Subject {
  readonly namespace: string
  /**
   * Creates one object, and waits until it is done and settled.
   *
   * @returns milliseconds until it was done, since the request that creates it and since the watch first delivered it
   */
  readonly createOne: () => Promise<{ readonly sinceRequest: number; readonly sinceSeen: number }>
  /**
   * Creates `count` objects at once, and waits until all are done.
   *
   * @returns milliseconds from the first request until each was done, ascending
   */
  readonly burst: (count: number) => Promise<readonly number[]>
  /** Creates `count` objects at once. Resolves with their names after the last request. */
  readonly create: (count: number) => Promise<readonly string[]>
  /** Resolves when `count` current objects match. */
  readonly untilMatching: (count: number, is: (object: JsonObject) => boolean) => Promise<void>
  /** Deletes all objects, and waits until nothing is left of them. */
  readonly clear: () => Promise<void>
  readonly close: () => Promise<void>
}

export interface SubjectOptions {
  readonly bench: Pick<Bench, 'connection' | 'api' | 'signal' | 'alsoClose'>
  readonly namespace: string
  readonly plural: Plural
  readonly build: (namespace: string, name: string) => JsonObject
  readonly isDone: (object: JsonObject) => boolean
  /** Resolves when all work on a done object has ended. */
  readonly settled?: (name: string) => Promise<void>
}

/** Number of concurrent requests. */
const atOnce = 50

export async function openSubject(options: SubjectOptions): Promise<Subject> {
  const { bench, namespace, plural, isDone } = options
  const { api, signal } = bench
  /** When the watch first delivered an object, and when it first delivered it done, by name. */
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
        const time = times.get(name) ?? { seen: now }
        times.set(name, time)
        if (time.done === undefined && isDone(object)) time.done = now
      }
      for (const listener of listeners) listener({ object, isGone })
    },
  })
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= watch.close())
  bench.alsoClose(close)
  await watch.listed

  /** Resolves when the condition holds, now or after a version. */
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
  const untilDone = (names: readonly string[]): Promise<void> => {
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
    createOne: async () => {
      const names = newNames(1)
      const [name = ''] = names
      const begun = performance.now()
      await create(names)
      await untilDone(names)
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
      await untilDone(names)
      return names.map((name) => doneAt(name) - begun).toSorted((a, b) => a - b)
    },
    create: async (count) => {
      const names = newNames(count)
      await create(names)
      return names
    },
    untilMatching: (count, is) => {
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

export function nameOf(object: JsonObject): string {
  return stringOf(objectOf(object['metadata'])['name'])
}

/** Deletes Clusters, claims and addresses. Clusters first: the allocator would recreate the claim of an existing Cluster. */
export async function clearNamespace(
  api: KubernetesApi,
  namespace: string,
  signal: AbortSignal,
): Promise<void> {
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

/** Few, because each deletion waits for a webhook, with a time limit of ten seconds. */
const deletedAtOnce = 8

/**
 * Deletes objects one by one. A single request would delete them sequentially, call the webhooks for each, and fail
 * after a minute.
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
