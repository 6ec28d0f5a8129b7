import { setTimeout as delay } from 'node:timers/promises'
import { backOffMs } from '../../domain/back-off.ts'
import type { ObjectMeta } from '../../domain/model/object-meta.ts'
import type { Log } from '../../observability/log.ts'
import { isUnreadable, type KubernetesError } from '../errors.ts'
import type { DecodedResource } from '../resources.ts'
import { toKubernetesError } from '../transport/to-kubernetes-error.ts'
import type { Informer, InformerHealth, InformerTuning, ResourceEventHandler } from './informer-types.ts'

interface LateInformerOptions<T extends ObjectMeta> {
  /** Of the kind, for health and log. */
  readonly name: string
  readonly find: () => Promise<DecodedResource<T>>
  readonly start: (resource: DecodedResource<T>) => Informer<T>
  readonly handler: Pick<ResourceEventHandler<T>, 'onUnreadable'>
  readonly loss: string
  readonly tuning: InformerTuning
  readonly log: Log
  readonly isReported?: ((failure: KubernetesError) => boolean) | undefined
  readonly signal: AbortSignal
}

/**
 * Starts an informer of a kind whose API has to be discovered first. Until it is, the kind is one that cannot be read; discovery
 * is repeated, so that it may be installed later.
 */
export function startLateInformer<T extends ObjectMeta>(options: LateInformerOptions<T>): Informer<T> {
  const { handler, log, loss, name } = options
  const none: ReadonlyMap<string, T> = new Map()
  let running: Informer<T> | undefined
  let refusals: ReadonlyMap<string, string> = new Map()
  let lastError: string | undefined
  let failures = 0
  const onFailure = (failure: KubernetesError): void => {
    failures += 1
    report(options, failure, failure.message !== lastError)
    lastError = failure.message
    if (!isUnreadable(failure)) return
    const isNew = refusals.size === 0
    refusals = new Map([['', failure.message]])
    if (!isNew) return
    try {
      handler.onUnreadable?.()
    } catch (error) {
      log.error('A watch handler failed on a list', { resource: name, error: String(error) })
    }
  }
  const run = async (): Promise<void> => {
    const resource = await findUntilFound(options, onFailure, () => failures)
    if (resource === undefined) return
    running = options.start(resource)
    await running.done
  }
  const done = run()
  return {
    get objects() {
      return running?.objects ?? none
    },
    get refusals() {
      return running?.refusals ?? refusals
    },
    health: () =>
      running?.health() ?? {
        ...unborn,
        resource: name,
        failures,
        lastError,
        refusals: [...refusals.values()],
        loss,
      },
    healthIn: (namespace) => running?.healthIn(namespace),
    alsoWatch: (objects) => running?.alsoWatch(objects),
    done,
  }
}

const unborn: Omit<InformerHealth, 'resource' | 'failures' | 'lastError' | 'refusals' | 'loss'> = {
  synced: false,
  lastListAt: undefined,
  lastContactAt: undefined,
  lists: 0,
  reconnects: 0,
  expired: 0,
  drift: 0,
  undelivered: [],
  lastSyncResourceVersion: undefined,
  listResourceVersion: undefined,
}

/** Resolves with undefined when the signal is aborted. */
async function findUntilFound<T extends ObjectMeta>(
  { name, find, signal, tuning }: LateInformerOptions<T>,
  onFailure: (failure: KubernetesError) => void,
  failures: () => number,
): Promise<DecodedResource<T> | undefined> {
  while (!signal.aborted) {
    try {
      const resource = await find()
      return signal.aborted ? undefined : resource
    } catch (error) {
      if (signal.aborted) return undefined
      const failure = toKubernetesError(error, `find ${name}`)
      onFailure(failure)
      const pauseMs = backOffMs(tuning.backOff, failures() - 1, tuning.random(), failure.retryAfterSeconds)
      await delay(pauseMs, undefined, { signal }).catch(() => undefined)
    }
  }
  return undefined
}

function report<T extends ObjectMeta>(
  { log, name, isReported }: LateInformerOptions<T>,
  failure: KubernetesError,
  isNew: boolean,
): void {
  const level = isNew && isReported?.(failure) !== true ? 'warn' : 'debug'
  log[level](failure.message, { resource: name })
}
