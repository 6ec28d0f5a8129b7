import { watchFilterLabel } from '../../domain/names.ts'
import { isKubernetesError, isOutage, type KubernetesError } from '../../kubernetes/errors.ts'
import { startInformer } from '../../kubernetes/informer/informer.ts'
import { quietDuring } from '../../observability/outage.ts'
import { createRequestQueue, type RequestQueue } from '../../watcher/request-queue.ts'
import type { VipWorkflowClient } from '../../watcher/workflow-client.ts'
import { startWatcher, type StartInformer, type Watcher } from '../../watcher/watcher.ts'
import { inventoryOf } from './inventory/inventory.ts'
import type { ProgramParts } from './program-parts.ts'
import { publishRunNews } from './run-news.ts'

/** The running watcher, with the queue of its requests to Temporal. */
export interface RunningWatcher extends Watcher {
  readonly queue: RequestQueue
}

/** Starts the informers and the queue; they end with `signal`. */
export function runWatcher(parts: ProgramParts, workflows: VipWorkflowClient): RunningWatcher {
  const { config, api, log, metrics, outages, tracing, signal } = parts
  const queue = createRequestQueue({
    client: workflows,
    log,
    outage: outages.temporal,
    signal,
    ...(tracing !== undefined && { around: tracing.aroundRequest }),
    onOutcome: (outcome) => metrics.countWorkflowRequest(outcome),
    onNews: (news) =>
      void publishRunNews(
        { api, observer: metrics, snapshot: () => watcher.snapshot(), settings: config, log },
        news,
      ),
  })
  const watcher = startWatcher({
    startInformer: informerStarter(parts),
    queue,
    settings: config,
    now: Date.now,
    idlePools: parts.cachedApi?.idlePools,
    onClusterChange: (cluster) => parts.clusterChanges?.publish(cluster),
  })
  const inventory = inventoryOf(() => watcher.snapshot(), config, Date.now)
  metrics.observeWatcher({ watches: () => watcher.health(), inventory, strays: queue.strays })
  return { ...watcher, queue }
}

function informerStarter(parts: ProgramParts): StartInformer {
  const { config, kubernetes, cachedApi, outages, log, signal } = parts
  const start: typeof startInformer = (informer) =>
    cachedApi === undefined ? startInformer(informer) : cachedApi.startInformer(informer)
  const { namespaces, watchFilter } = config
  const options = {
    connection: kubernetes,
    namespaces,
    log: quietDuring(outages.apiServer, log),
    isReported: (failure: KubernetesError) => isOutage(failure) || isKubernetesError(failure, 'forbidden'),
    signal,
  }
  return (resource, handler) => {
    const labelSelector =
      watchFilter !== undefined && labeledKinds.some((kind) => kind === resource)
        ? `${watchFilterLabel}=${watchFilter}`
        : undefined
    return start({ ...options, resource, handler, labelSelector })
  }
}

/** The kinds that have the watch-filter label: the provider does not copy it to an IPAddress. */
const labeledKinds: readonly string[] = ['clusters', 'ipaddressclaims']
