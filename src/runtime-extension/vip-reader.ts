import { setTimeout as delay } from 'node:timers/promises'
import type { EligibilitySettings } from '../domain/allocation/action.ts'
import type { SnapshotQueries } from '../domain/allocation/snapshot.ts'
import {
  isServed,
  renderedVipOf,
  unknownVip,
  type RenderedVip,
  type ServedClusters,
} from '../domain/extension/rendered-vip.ts'
import { claimAmong, claimNamesFor, type ClusterIdentity } from '../domain/model/claim.ts'
import { isValidEndpoint, type Cluster } from '../domain/model/cluster.ts'
import { formatKey } from '../domain/model/object-meta.ts'
import { defaultApiServerPort } from '../domain/names.ts'
import { defaultRole } from '../domain/role.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import { isUnreadable } from '../kubernetes/errors.ts'
import type { ClusterChanges } from './cluster-changes.ts'

/** Reads what the topologies of Clusters are rendered with. Its methods never reject. */
export interface VipReader {
  /** Answers from the cache, waits a bounded time for an allocation that is under way, and reads live what is not cached. */
  awaitVip(cluster: ClusterIdentity): Promise<RenderedVip>
  /** Answers from the cache at once. Undefined if the Cluster is not served. */
  peek(cluster: Cluster): RenderedVip | undefined
}

/** The watcher, as the hooks use it. */
export interface WatchedClusters {
  readonly queries: SnapshotQueries
  /** Starts the run of a Cluster, unless there is one. */
  requestRun(cluster: Cluster): void
}

export interface VipReaderOptions {
  /** Undefined until it has started. */
  readonly watched: () => WatchedClusters | undefined
  readonly changes: Pick<ClusterChanges, 'next'>
  /** For Clusters that the caches do not have. */
  readonly api: LiveReads
  readonly settings: EligibilitySettings
  readonly served: ServedClusters
  /** Why no allocation makes progress now; undefined if one can. */
  readonly trouble: () => string | undefined
  /** Aborted when nobody can be answered any more. */
  readonly closed: AbortSignal
  /** Aborted when the process ends: its caches follow nothing any more. */
  readonly signal: AbortSignal
  readonly limits?: Partial<ReaderLimits>
}

export type LiveReads = Pick<ClusterApi, 'getClusterLive' | 'getIPAddressClaim' | 'getIPAddressLive'>

export interface ReaderLimits {
  /** Milliseconds that a call waits. Each occupies a worker of core, which calls again at once when the Cluster changes. */
  readonly waitMs: number
  /** Calls that wait at the same time; others are answered at once. */
  readonly waits: number
  /** Clusters that are read live at the same time. Each takes a few requests, and anybody can name one. */
  readonly liveReads: number
}

const defaultLimits: ReaderLimits = { waitMs: 2_000, waits: 200, liveReads: 10 }

/** Milliseconds between two looks at the cache: also a change of a class may decide. */
const pollMs = 250
/** The same at the API server, by a process that starts or ends: another replica allocates meanwhile. */
const livePollMs = 150

export function createVipReader(options: VipReaderOptions): VipReader {
  const { watched, changes, served, trouble, signal, closed } = options
  const { waitMs, waits, liveReads } = { ...defaultLimits, ...options.limits }
  const readLive = liveReader(options, liveReads)
  let waiting = 0

  async function next(cluster: ClusterIdentity, ms: number): Promise<RenderedVip | undefined> {
    if (watched() !== undefined && !signal.aborted) {
      await changes.next(cluster, Math.min(ms, pollMs), signal)
      return cachedVip(watched(), cluster)
    }
    await delay(Math.min(ms, livePollMs), undefined, { signal: closed }).catch(() => undefined)
    return closed.aborted ? undefined : readLive(cluster)
  }

  async function untilAssigned(cluster: ClusterIdentity, first: RenderedVip): Promise<RenderedVip> {
    const until = performance.now() + waitMs
    let vip = first
    for (;;) {
      const left = until - performance.now()
      const isVain = left <= 0 || closed.aborted || trouble() !== undefined
      if (!comesSoon(vip) || isVain) return vip
      vip = (await next(cluster, left)) ?? vip
    }
  }

  return {
    async awaitVip(cluster) {
      const present = cachedVip(watched(), cluster) ?? (await readLive(cluster))
      if (present === undefined) return unknownVip(cluster, 'has not been read yet')
      if (!comesSoon(present) || waiting >= waits) return withTrouble(present, trouble())
      requestRun(watched(), cluster)
      waiting += 1
      try {
        return withTrouble(await untilAssigned(cluster, present), trouble())
      } finally {
        waiting -= 1
      }
    },
    peek(cluster) {
      if (!isServed(cluster, served)) return undefined
      const vip = cachedVip(watched(), cluster) ?? vipInRequest(watched(), cluster)
      return withTrouble(vip, trouble())
    },
  }
}

/** Resolves with undefined if too many Clusters are being read. */
function liveReader(
  options: VipReaderOptions,
  atOnce: number,
): (cluster: ClusterIdentity) => Promise<RenderedVip | undefined> {
  let reading = 0
  return async (cluster) => {
    if (reading >= atOnce) return undefined
    reading += 1
    try {
      return await liveVip(options, cluster)
    } catch {
      return unknownVip(cluster, 'cannot be read now')
    } finally {
      reading -= 1
    }
  }
}

/** Of a Cluster that the cache does not have. */
function vipInRequest(watched: WatchedClusters | undefined, cluster: Cluster): RenderedVip {
  if (watched === undefined) return unknownVip(cluster, 'has no control-plane VIP yet')
  const { queries } = watched
  return renderedVipOf({
    observed: { ...queries.observed(cluster, defaultRole), cluster },
    isComplete: queries.isComplete(cluster.namespace),
  })
}

function comesSoon(vip: RenderedVip): boolean {
  return vip.state === 'pending' && vip.comesSoon
}

/** Joins the run of the Cluster, should its start have been lost. */
function requestRun(watched: WatchedClusters | undefined, { uid, ...key }: ClusterIdentity): void {
  const cluster = watched?.queries.snapshot().clusters.get(formatKey(key))
  if (cluster?.uid === uid) watched?.requestRun(cluster)
}

/** Undefined if the cache does not have this very Cluster: by name, it may be a previous one. */
function cachedVip(
  watched: WatchedClusters | undefined,
  { uid, ...key }: ClusterIdentity,
): RenderedVip | undefined {
  const queries = watched?.queries
  const cluster = queries?.snapshot().clusters.get(formatKey(key))
  if (queries === undefined || cluster === undefined || cluster.uid !== uid) return undefined
  const isComplete = queries.isComplete(cluster.namespace)
  // Before claims are listed, one that contradicts the endpoint may not be known.
  if (isValidEndpoint(cluster.controlPlaneEndpoint) && !isComplete) return undefined
  return renderedVipOf({ observed: { ...queries.observed(cluster, defaultRole), cluster }, isComplete })
}

/** Reads a Cluster with its claim and address. */
async function liveVip(
  { api, settings, served }: VipReaderOptions,
  { uid, ...key }: ClusterIdentity,
): Promise<RenderedVip> {
  const cluster = await api.getClusterLive(key)
  if (cluster === undefined || cluster.uid !== uid) {
    return unknownVip(key, `with uid ${uid} does not exist`)
  }
  if (!isValidEndpoint(cluster.controlPlaneEndpoint)) {
    if (!isServed(cluster, served)) {
      return unknownVip(key, 'is not served by this capi-vip-allocator (--namespace, --watch-filter)')
    }
    return {
      state: 'pending',
      comesSoon: true,
      message: `Cluster ${formatKey(key)} has no control-plane VIP yet`,
    }
  }
  const { namespace } = key
  const claims = await Promise.all(
    claimNamesFor(cluster, defaultRole).map((name) => readable(api.getIPAddressClaim({ namespace, name }))),
  )
  const claim = claimAmong(cluster, claims)
  const name = claim?.addressName
  const ipAddress = name === undefined ? undefined : await readable(api.getIPAddressLive({ namespace, name }))
  const observed = { ...settings, key, cluster, claim, ipAddress, defaultPort: defaultApiServerPort }
  return renderedVipOf({ observed, isComplete: true })
}

/** What may not be read, or is not served, contradicts nothing. */
async function readable<T>(read: Promise<T | undefined>): Promise<T | undefined> {
  return read.catch((error: unknown) => {
    if (isUnreadable(error)) return undefined
    throw error
  })
}

function withTrouble(vip: RenderedVip, trouble: string | undefined): RenderedVip {
  return vip.state === 'pending' && trouble !== undefined
    ? { ...vip, message: `${vip.message}; ${trouble}` }
    : vip
}
