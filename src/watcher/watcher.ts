import type { EligibilitySettings } from '../domain/allocation/action.ts'
import type { IdlePools } from '../domain/allocation/idle-pools.ts'
import { SnapshotQueries, type Snapshot } from '../domain/allocation/snapshot.ts'
import { hasDnsNames } from '../domain/dns-name.ts'
import { classesNamedBy, namespacesNamedBy, type Cluster } from '../domain/model/cluster.ts'
import type { DnsEndpoint } from '../domain/model/dns-endpoint.ts'
import type { NamespacedName, ObjectMeta } from '../domain/model/object-meta.ts'
import { poolKindsOf } from '../domain/model/pool-kinds.ts'
import type { Watched, WatchedKind } from '../kubernetes/informer/informer.ts'
import type { Informer, InformerHealth, ResourceEventHandler } from '../kubernetes/informer/informer-types.ts'
import { createClusterRequests } from './cluster-requests.ts'
import {
  onClaim,
  onCluster,
  onClusterClass,
  onDnsEndpoint,
  onIPAddress,
  onNamespace,
  onPool,
} from './event-handlers.ts'
import { watchingNamed } from './named-objects.ts'
import { createNamespaceInformer, startingFor } from './namespace-informer.ts'
import type { RequestQueue } from './request-queue.ts'
import { createResync } from './resync.ts'
import { startWaitReview } from './wait-review.ts'
import { createWaitingTurns, unheld, type Later } from './waiting-turns.ts'

export type StartInformer = <R extends WatchedKind>(
  resource: R,
  handler: ResourceEventHandler<Watched<R>>,
) => Informer<Watched<R>>

export interface WatcherOptions {
  readonly startInformer: StartInformer
  readonly queue: Pick<RequestQueue, 'add' | 'checkLater'>
  readonly settings: EligibilitySettings
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Default: a timer that keeps no process alive. */
  readonly later?: Later
  /** As of `createWaitingTurns`. */
  readonly idlePools?: IdlePools | undefined
  /** Called with every Cluster that is new, has changed or is gone, just before the snapshot has the change. */
  readonly onClusterChange?: ((cluster: Cluster) => void) | undefined
}

export interface Watcher {
  health(): readonly InformerHealth[]
  /** The management cluster as the informers have it. */
  snapshot(): Snapshot
  readonly queries: SnapshotQueries
  /** Starts the run of a Cluster, if it needs one and none is under way. */
  requestRun(cluster: Cluster): void
  /** Enqueues everything that needs a run: runs may have been lost. */
  enqueueAll(): void
  /** Checks the runs of those Clusters that need one: they are on other task queues. */
  checkElsewhere(clusters: readonly NamespacedName[]): void
  /** Resolves when all informers have ended. */
  readonly done: Promise<void>
}

/** Requests a run for every Cluster that needs one. It only triggers: the activities read and decide for themselves. */
export function startWatcher({
  startInformer,
  queue,
  settings,
  now,
  later = unheld,
  idlePools,
  onClusterChange,
}: WatcherOptions): Watcher {
  const snapshot = (): Snapshot => ({
    clusters: clusters.objects,
    clusterClasses: clusterClasses.objects,
    claims: claims.objects,
    ipAddresses: ipAddresses.objects,
    pools: pools.map(({ objects }) => objects),
    namespaces: namespaces.objects(),
    dnsEndpoints: dnsEndpoints.listed(),
    isComplete: resync.isComplete(),
    unlisted: unlistedIn([clusters, claims, ipAddresses]),
  })
  const queries = new SnapshotQueries(snapshot, settings)
  const requests = createClusterRequests(queries, queue)
  const turns = createWaitingTurns(queries, requests, now, { later, idlePools })
  const resync = createResync(queries, requests, turns, now)
  startWaitReview(queries, requests, turns, later)
  const context = { queries, requests, resync, turns, now }
  const namespaces = createNamespaceInformer(() => startInformer('namespaces', onNamespace(context)))
  const clusters = startInformer(
    'clusters',
    watchingNamed(
      watchingNamed(noticing(onCluster(context), onClusterChange), classesNamedBy, (named) =>
        clusterClasses.alsoWatch(named),
      ),
      namespacesNamedBy,
      namespaces.alsoWatch,
    ),
  )
  const clusterClasses = startInformer('clusterclasses', onClusterClass(context))
  const claims = startInformer('ipaddressclaims', onClaim(context))
  const ipAddresses = startInformer('ipaddresses', onIPAddress(context))
  const pools = poolKindsOf(settings).map((poolKind) =>
    startInformer(poolKind, startingFor(namespaces, onPool(poolKind, context))),
  )
  const dnsEndpoints = watchDnsEndpoints(settings, () =>
    startInformer('dnsendpoints', onDnsEndpoint(context)),
  )
  const informers = [clusters, clusterClasses, claims, ipAddresses, ...pools, ...dnsEndpoints.informers]
  return {
    health: () => [...informers.map((informer) => informer.health()), ...namespaces.health()],
    snapshot,
    queries,
    requestRun: (cluster) =>
      requests.enqueue(cluster, { action: 'start', reason: 'its topology is about to be rendered' }),
    enqueueAll: () => resync.enqueueAll(),
    checkElsewhere: (elsewhere) => requests.checkElsewhere(elsewhere),
    done: Promise.all(informers.map(({ done }) => done)).then(() => namespaces.done()),
  }
}

function noticing(
  handler: ResourceEventHandler<Cluster>,
  onChange: WatcherOptions['onClusterChange'],
): ResourceEventHandler<Cluster> {
  if (onChange === undefined) return handler
  return {
    ...handler,
    onUpsert(cluster, previous) {
      handler.onUpsert(cluster, previous)
      onChange(cluster)
    },
    onDelete(cluster) {
      handler.onDelete(cluster)
      onChange(cluster)
    },
  }
}

/** Starts the informer of DNSEndpoints, where VIPs have DNS names. `listed`: the objects, if all of them can be read. */
function watchDnsEndpoints(
  { dnsNames }: EligibilitySettings,
  start: () => Informer<DnsEndpoint>,
): {
  readonly informers: readonly Informer<DnsEndpoint>[]
  readonly listed: () => ReadonlyMap<string, DnsEndpoint> | undefined
} {
  if (!hasDnsNames(dnsNames)) return { informers: [], listed: () => undefined }
  const informer = start()
  const isListed = (): boolean => informer.health().synced && informer.refusals.size === 0
  return { informers: [informer], listed: () => (isListed() ? informer.objects : undefined) }
}

const none: ReadonlySet<string> = new Set()

/** Snapshots are taken all the time, and refusals are rare. */
function unlistedIn(informers: readonly Pick<Informer<ObjectMeta>, 'refusals'>[]): ReadonlySet<string> {
  if (informers.every(({ refusals }) => refusals.size === 0)) return none
  return new Set(informers.flatMap(({ refusals }) => [...refusals.keys()]))
}
