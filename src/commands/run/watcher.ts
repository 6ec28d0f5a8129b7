import type { Config } from '../../config.ts'
import { watchFilterLabel } from '../../domain/names.ts'
import type { KubernetesConnection } from '../../kubernetes/transport/connection.ts'
import { isServerUnreachable } from '../../kubernetes/errors.ts'
import type { CachedClusterApi } from '../../kubernetes/cache/cached-cluster-api.ts'
import { startInformer } from '../../kubernetes/informer/informer.ts'
import type { Log } from '../../observability/log.ts'
import type { Metrics } from '../../observability/metrics.ts'
import { quietDuring } from '../../observability/outage.ts'
import type { Tracing } from '../../observability/tracing.ts'
import { createRequestQueue, type RequestQueue } from '../../watcher/request-queue.ts'
import type { VipWorkflowClient } from '../../watcher/workflow-client.ts'
import { startWatcher, type Watcher, type StartInformer } from '../../watcher/watcher.ts'
import { inventoryOf } from './inventory/cached-inventory.ts'
import type { Outages } from './outages.ts'
import { publishRunNews, type RunReporting } from './run-news.ts'

/** The running watcher, with the queue of its requests to Temporal. */
export interface RunningWatcher extends Watcher {
  readonly queue: RequestQueue
}

export interface WatcherSetup {
  readonly config: Config
  readonly kubernetes: KubernetesConnection
  /** The cache that the steps of this process share; undefined if they run elsewhere. */
  readonly cachedApi: Pick<CachedClusterApi, 'startInformer'> | undefined
  readonly api: RunReporting['api']
  readonly workflows: VipWorkflowClient
  readonly log: Log
  readonly metrics: Metrics
  readonly outages: Outages
  readonly tracing: Tracing | undefined
  readonly signal: AbortSignal
}

/** Starts the informers and the queue; they end with `signal`. */
export function runWatcher(setup: WatcherSetup): RunningWatcher {
  const { config, api, workflows, log, metrics, outages, tracing, signal } = setup
  const queue = createRequestQueue({
    client: workflows,
    log,
    outage: outages.temporal,
    signal,
    ...(tracing !== undefined && { around: tracing.aroundRequest }),
    onOutcome: (outcome) => metrics.countWorkflowRequest(outcome),
    onNews: (news) =>
      void publishRunNews(
        { api, observer: metrics, snapshot: () => watcher.snapshot(), variables: config.variables, log },
        news,
      ),
  })
  const watcher = startWatcher({
    startInformer: informerStarter(setup),
    queue,
    variables: config.variables,
    now: Date.now,
  })
  const inventory = inventoryOf(() => watcher.snapshot(), config.variables, Date.now)
  metrics.observeWatcher({ watches: () => watcher.health(), inventory, strays: queue.strays })
  return { ...watcher, queue }
}

function informerStarter(setup: WatcherSetup): StartInformer {
  const { config, kubernetes, cachedApi, outages, log, signal } = setup
  const start = cachedApi?.startInformer ?? startInformer
  const { namespaces, watchFilter } = config
  const options = {
    connection: kubernetes,
    namespaces,
    log: quietDuring(outages.apiServer, log),
    isOutage: isServerUnreachable,
    signal,
  }
  return (resource, handler) => {
    const labelSelector =
      watchFilter !== undefined && labeledKinds.includes(resource)
        ? `${watchFilterLabel}=${watchFilter}`
        : undefined
    return start({ ...options, resource, handler, labelSelector })
  }
}

/** The kinds that have the watch-filter label: the provider does not copy it to an IPAddress. */
const labeledKinds: readonly string[] = ['clusters', 'ipaddressclaims']
