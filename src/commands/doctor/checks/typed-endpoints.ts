import type { EligibilitySettings } from '../../../domain/allocation/action.ts'
import { desireFor, isWritable, poolRequestFor } from '../../../domain/allocation/eligibility.ts'
import { whyNeverGivenBy } from '../../../domain/allocation/pool-addresses.ts'
import {
  isTypedEndpoint,
  poolWithEndpoint,
  whyReservingUnreadable,
} from '../../../domain/allocation/reserved-endpoint.ts'
import { poolsIn, SnapshotQueries, type Snapshot } from '../../../domain/allocation/snapshot.ts'
import { networkOfVip } from '../../../domain/allocation/ip-families.ts'
import { canonicalAddress } from '../../../domain/model/address-text.ts'
import type { Cluster } from '../../../domain/model/cluster.ts'
import { formatKey } from '../../../domain/model/object-meta.ts'
import { isPoolOf, networkOf, placeOf, type IPPool } from '../../../domain/model/pool.ts'
import { reserveEndpointAnnotation } from '../../../domain/names.ts'
import { counted, few } from '../../../domain/quote.ts'
import { defaultRole } from '../../../domain/role.ts'
import { fault, warning, type CheckOutcome } from './check-result.ts'
import { nameOf } from './pools.ts'

/** A Cluster with an endpoint that somebody set by hand and a pool may give to somebody else. */
export interface TypedEndpoint {
  readonly cluster: Cluster
  readonly pool: IPPool
  /** The Cluster can have it reserved in that pool. */
  readonly isReservable: boolean
}

/**
 * Finds them. A Cluster whose annotation says `false`, or cannot be read, has decided; one that asks to have its endpoint reserved
 * is found if no pool can do that for it.
 */
export function typedEndpointsIn(
  snapshot: Snapshot,
  settings: EligibilitySettings,
): readonly TypedEndpoint[] {
  const queries = new SnapshotQueries(() => snapshot, settings)
  const addresses = Map.groupBy(snapshot.ipAddresses.values(), (each) => canonicalAddress(each.address))
  const isHeld = (pool: IPPool, address: string): boolean =>
    (addresses.get(canonicalAddress(address)) ?? []).some((each) => isPoolOf(pool, each))
  return [...snapshot.clusters.values()].flatMap((cluster): readonly TypedEndpoint[] => {
    const vip = queries.vipOf(cluster, defaultRole)
    if (!isWritable(cluster) || !isTypedEndpoint(cluster, vip)) return []
    const word = cluster.annotations[reserveEndpointAnnotation]
    if (word !== undefined && word !== 'true') return []
    const { host } = cluster.controlPlaneEndpoint
    const having = poolsIn(snapshot).filter(
      (pool) =>
        whyNeverGivenBy(pool, host) === undefined &&
        networkOf(pool) === networkOfVip(cluster, defaultRole) &&
        !isHeld(pool, host),
    )
    const context = queries.contextOf(cluster)
    const desire = desireFor(cluster, defaultRole, context)
    const isRefused = desire.desired === 'no' && desire.isRefused
    const own = isRefused
      ? undefined
      : poolWithEndpoint(cluster, vip, poolRequestFor(cluster, defaultRole, context), context.pools)
    if (word === 'true' && own !== undefined) return []
    return having.map((pool) => ({
      cluster,
      pool,
      isReservable: own !== undefined && placeOf(own) === placeOf(pool),
    }))
  })
}

/** Lists endpoints by hand that pools may give away, and annotations about them that cannot be read. */
export function typedEndpointProblems(
  snapshot: Snapshot,
  settings: EligibilitySettings,
): readonly CheckOutcome[] {
  const [reservable, others] = [true, false].map((isReservable) =>
    typedEndpointsIn(snapshot, settings).filter((each) => each.isReservable === isReservable),
  )
  return [
    ...listed(
      reservable ?? [],
      `annotate each with ${reserveEndpointAnnotation}=true, or run doctor --fix, which does that for all of them; =false says that it is to stay so`,
    ),
    ...listed(others ?? [], 'add the address to spec.excludedAddresses of the pool'),
    ...[...snapshot.clusters.values()].flatMap(wordProblems),
  ]
}

function listed(found: readonly TypedEndpoint[], fix: string): readonly CheckOutcome[] {
  if (found.length === 0) return []
  const names = found.map(
    ({ cluster, pool }) => `${formatKey(cluster)} ${cluster.controlPlaneEndpoint.host} (${nameOf(pool)})`,
  )
  const clusters = counted(new Set(found.map(({ cluster }) => cluster.uid)).size, 'Cluster')
  return [
    warning(
      `endpoints by hand of ${clusters} are in ranges of pools, which may give them to somebody else: ${few(names)}`,
      fix,
    ),
  ]
}

function wordProblems(cluster: Cluster): readonly CheckOutcome[] {
  const unreadable = whyReservingUnreadable(cluster)
  if (unreadable === undefined) return []
  const { namespace, name } = cluster
  return [
    fault(
      `Cluster ${formatKey(cluster)}: ${unreadable}`,
      `kubectl --namespace ${namespace} annotate --overwrite cluster ${name} ${reserveEndpointAnnotation}=true, or =false`,
    ),
  ]
}
