import { Client } from '@temporalio/client'
import type { Config } from '../config.ts'
import { watchFilterLabel } from '../domain/identifiers.ts'
import type { KubernetesConnection } from '../kubernetes/connection.ts'
import { watchResource } from '../kubernetes/watch-resource.ts'
import type { Log } from '../observability/log.ts'
import type { Metrics } from '../observability/metrics.ts'
import { createDispatcher, type Dispatcher } from '../watcher/dispatcher.ts'
import { createStarter } from '../watcher/starter.ts'
import { monitorTemporal } from '../watcher/temporal-monitor.ts'
import { startWatcher, type Watcher, type WatchSources } from '../watcher/watcher.ts'
import { inventoryOf } from './inventory.ts'
import type { TemporalConnection } from './temporal-connection.ts'

/** The watcher at work, with the way its reactions take to Temporal. */
export interface RunningWatcher extends Watcher {
  readonly dispatcher: Dispatcher
}

export interface WatcherSetup {
  readonly config: Config
  readonly kubernetes: KubernetesConnection
  readonly temporal: TemporalConnection
  /** A Worker polls in this process, on the same connection. */
  readonly besideWorker: boolean
  readonly log: Log
  readonly metrics: Metrics
  readonly signal: AbortSignal
}

/** Starts the list+watch loops and the dispatcher; they end with `signal`. */
export function runWatcher(setup: WatcherSetup): RunningWatcher {
  const { config, temporal, log, metrics, signal } = setup
  const client = new Client({ connection: temporal.connection, namespace: temporal.namespace })
  const starter = createStarter(client, { taskQueue: config.taskQueue, eagerStart: setup.besideWorker })
  const dispatcher = createDispatcher({
    starter,
    log,
    signal,
    onOutcome: (outcome) => metrics.countWorkflowRequest(outcome),
  })
  const watcher = startWatcher({
    sources: watchSources(setup),
    dispatcher,
    variables: config.variables,
    now: Date.now,
  })
  const inventory = inventoryOf(() => watcher.known(), config.variables, Date.now)
  metrics.observeWatcher({ watches: () => watcher.health(), inventory })
  const monitor = monitorTemporal({
    starter,
    log,
    signal,
    onAsked: (reachable) => metrics.temporalReachable(reachable),
    onRunsMayBeLost: () => watcher.startOutstanding(),
  })
  return { ...watcher, dispatcher, done: Promise.all([watcher.done, monitor]).then(() => undefined) }
}

function watchSources({ config, kubernetes, log, signal }: WatcherSetup): WatchSources {
  const { namespaces, watchFilter } = config
  const shared = { connection: kubernetes, namespaces, log, signal }
  const filtered = {
    ...shared,
    ...(watchFilter !== undefined && { labelSelector: `${watchFilterLabel}=${watchFilter}` }),
  }
  return {
    clusters: (handler) => watchResource({ ...filtered, resource: 'clusters', handler }),
    // A class can be in another namespace than its Clusters.
    clusterClasses: (handler) => watchResource({ ...shared, resource: 'clusterclasses', handler }),
    ipAddressClaims: (handler) => watchResource({ ...filtered, resource: 'ipaddressclaims', handler }),
    // The provider copies no watch-filter label to an IPAddress.
    ipAddresses: (handler) => watchResource({ ...shared, resource: 'ipaddresses', handler }),
    ipPools: (kind, handler) =>
      kind === 'InClusterIPPool'
        ? watchResource({ ...shared, resource: 'inclusterippools', handler })
        : watchResource({ ...shared, resource: 'globalinclusterippools', namespaces: [], handler }),
  }
}
