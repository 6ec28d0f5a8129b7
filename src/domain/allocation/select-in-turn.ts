import { observe, type ActionOf, type ObservedCluster } from './action.ts'
import { poolRequestFor } from './eligibility.ts'
import { selectIPPool, type Earlier, type PoolSelection } from './pool-selection.ts'
import { turnOf } from './waiter.ts'
import { earlierTurns } from './waiting-queue.ts'
import { availableAddresses, placeOf, type IPPool } from '../model/pool.ts'
import type { Role } from '../role.ts'
import type { VipRole } from './vip-role.ts'

/** Free addresses of a pool below which the queue is read by a process that does not know how many wait. */
const scarce = 100

/** Selects the pool for a VIP, after the Clusters whose turn is earlier. */
export function selectInTurn(
  observed: ObservedCluster,
  { role, part }: VipRole,
): PoolSelection | ActionOf<'observe'> {
  const { cluster, pools = [] } = observed
  const { tried, now } = observed
  const request = { ...poolRequestFor(cluster, part, observed), tried, now }
  const selection = selectIPPool(request, pools)
  if (selection.outcome === 'none') return selection
  const earlier = earlierFor(observed, role, selection.pool)
  return isObserve(earlier) ? earlier : selectIPPool({ ...request, earlier }, pools)
}

/** What Clusters with an earlier turn get, by `placeOf` a pool. @param pool that the Cluster would get an address of */
export function earlierFor(
  observed: ObservedCluster,
  role: Role,
  pool: IPPool,
): ReadonlyMap<string, Earlier> | ActionOf<'observe'> {
  const { cluster, pools = [], waiting, waitingCount } = observed
  if (waiting !== undefined) return earlierTurns(turnOf(cluster, role), pools, waiting, observed)
  const available = availableAddresses(pool)
  // With an address for everybody who waits, nobody has to.
  if (available === undefined || available > (waitingCount ?? scarce)) return none
  return waitingCount === 0 ? none : observe('waiting')
}

/** Whether a pool has an address after those that Clusters with an earlier turn get. */
export function isLeftBy(earlier: ReadonlyMap<string, Earlier>, pool: IPPool): boolean {
  return (earlier.get(placeOf(pool))?.left ?? 1) > 0
}

const none: ReadonlyMap<string, Earlier> = new Map()

export function isObserve(value: object): value is ActionOf<'observe'> {
  return 'action' in value && value.action === 'observe'
}
