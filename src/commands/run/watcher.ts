import type { Config } from '../../config.ts'
import { watchFilterLabel } from '../../domain/names.ts'
import type { KubernetesConnection } from '../../kubernetes/transport/connection.ts'
import { meansAway } from '../../kubernetes/errors.ts'
import type { CachedClusterApi } from '../../kubernetes/cache/cached-cluster-api.ts'
import { startInformer } from '../../kubernetes/informer/informer.ts'
import type { Log } from '../../observability/log.ts'
import type { Metrics } from '../../observability/metrics.ts'
import { quietDuring } from '../../observability/outage.ts'
import type { Tracing } from '../../observability/tracing.ts'
import { createWorkQueue, type WorkQueue } from '../../watcher/work-queue.ts'
import type { AllocationStarter } from '../../watcher/workflow-client.ts'
import { startWatcher, type Watcher, type WatchSources } from '../../watcher/watcher.ts'
import { inventoryOf } from './inventory/cached-inventory.ts'
import type { Outages } from './outages.ts'
import { publishRunNews, type RunReporting } from './run-news.ts'

/** The watcher at work, with the way its reactions take to Temporal. */
export interface RunningWatcher extends Watcher {
  readonly dispatcher: WorkQueue
}

export interface WatcherSetup {
  readonly config: Config
  readonly kubernetes: KubernetesConnection
  /** Of the steps of this process; absent where they run elsewhere. */
  readonly knowledge: Pick<CachedClusterApi, 'watch'> | undefined
  readonly api: RunReporting['api']
  readonly starter: AllocationStarter
  readonly log: Log
  readonly metrics: Metrics
  readonly outages: Outages
  readonly tracing: Tracing | undefined
  readonly signal: AbortSignal
}

/** Starts the list+watch loops and the dispatcher; they end with `signal`. */
export function runWatcher(setup: WatcherSetup): RunningWatcher {
  const { config, api, starter, log, metrics, outages, tracing, signal } = setup
  const dispatcher = createWorkQueue({
    starter,
    log,
    outage: outages.temporal,
    signal,
    ...(tracing !== undefined && { around: tracing.aroundDispatch }),
    onOutcome: (outcome) => metrics.countWorkflowRequest(outcome),
    onRunNews: (news) =>
      void publishRunNews(
        { api, observer: metrics, snapshot: () => watcher.known(), variables: config.variables, log },
        news,
      ),
  })
  const watcher = startWatcher({
    sources: watchSources(setup),
    dispatcher,
    variables: config.variables,
    now: Date.now,
  })
  const inventory = inventoryOf(() => watcher.known(), config.variables, Date.now)
  metrics.observeWatcher({ watches: () => watcher.health(), inventory, strays: dispatcher.strays })
  return { ...watcher, dispatcher }
}

function watchSources({ config, kubernetes, knowledge, outages, log, signal }: WatcherSetup): WatchSources {
  const watch = knowledge?.watch ?? startInformer
  const { namespaces, watchFilter } = config
  const shared = {
    connection: kubernetes,
    namespaces,
    log: quietDuring(outages.apiServer, log),
    isOutage: meansAway,
    signal,
  }
  const filtered = {
    ...shared,
    ...(watchFilter !== undefined && { labelSelector: `${watchFilterLabel}=${watchFilter}` }),
  }
  return {
    clusters: (handler) => watch({ ...filtered, resource: 'clusters', handler }),
    // A class can be in another namespace than its Clusters.
    clusterClasses: (handler) => watch({ ...shared, resource: 'clusterclasses', handler }),
    ipAddressClaims: (handler) => watch({ ...filtered, resource: 'ipaddressclaims', handler }),
    // The provider copies no watch-filter label to an IPAddress.
    ipAddresses: (handler) => watch({ ...shared, resource: 'ipaddresses', handler }),
    ipPools: (kind, handler) =>
      kind === 'InClusterIPPool'
        ? watch({ ...shared, resource: 'inclusterippools', handler })
        : watch({ ...shared, resource: 'globalinclusterippools', namespaces: [], handler }),
  }
}
