import type { Cluster } from '../model/cluster.ts'
import { formatKey } from '../model/object-meta.ts'
import { poolKindsOf } from '../model/pool-kinds.ts'
import { availableAddresses, isReferredTo, placeOf, type IPPool } from '../model/pool.ts'
import type { Role, VipPart } from '../role.ts'
import { askedAddressOf } from './asked-address.ts'
import type { EligibilitySettings, Waiter, WaitingQueue } from './action.ts'
import { poolRequestFor } from './eligibility.ts'
import { poolsWithTerms, type Earlier, type PoolRequest } from './pool-selection.ts'
import { givesBackAlone } from './ip-families.ts'
import { enabledWord, partsOf, vipRoleIn, type VipRole } from './vip-role.ts'
import { vipOwnershipOf } from './vip-ownership.ts'
import { compareTurns, turnOf, type Turn } from './waiter.ts'

/** A Cluster whose turn it is, and the pool that has an address for it. */
export interface Called {
  readonly waiter: Waiter
  readonly pool: IPPool
}

/** The settings on which it depends what a Cluster can use. */
type QueueSettings = Pick<EligibilitySettings, 'variables' | 'poolKinds'>

/** Of pools whose addresses nobody has counted, all get one. */
const uncounted = Number.POSITIVE_INFINITY

/**
 * Which addresses of these pools go to Clusters with an earlier turn. Each of those counts once, in the pool that it would
 * select among those that are left when its turn comes. So no address goes to somebody if one with an earlier turn has
 * none and could have it, and none is kept for a Cluster that cannot use it.
 *
 * @param pools that the Cluster can use
 * @returns by `placeOf` the pool; a pool of which nobody takes anything is not in it
 */
export function earlierTurns(
  turn: Turn,
  pools: readonly IPPool[],
  queue: WaitingQueue,
  settings: QueueSettings,
): ReadonlyMap<string, Earlier> {
  const offer = createOffer(queue, settings)
  const open = new Set(pools.map(placeOf))
  const earlier = new Map<string, Earlier>()
  for (const waiter of queue.waiters) {
    if (open.size === 0 || compareTurns(waiter, turn) >= 0) break
    if (isSame(waiter, turn)) continue
    for (const { pool, left } of offer.takenBy(waiter)) {
      const place = placeOf(pool)
      const before = earlier.get(place)
      earlier.set(place, {
        left,
        clusters: (before?.clusters ?? 0) + 1,
        first: before?.first ?? waiter,
      })
      if (left <= 0) open.delete(place)
    }
  }
  return earlier
}

/** Those whose turn it is now: each has an address in a pool that has been counted. */
export function calledIn(queue: WaitingQueue, settings: QueueSettings): readonly Called[] {
  const offer = createOffer(queue, settings)
  return queue.waiters.flatMap((waiter) =>
    offer
      .takenBy(waiter)
      .filter(({ pool }) => pool.capacity !== undefined)
      .map(({ pool }) => ({ waiter, pool })),
  )
}

/** Who waits for each pool, by `placeOf` it, in the order of their turns. One that could use several pools waits for each. */
export function queuesByPool(
  queue: WaitingQueue,
  settings: QueueSettings,
): ReadonlyMap<string, readonly Waiter[]> {
  const offer = createOffer(queue, settings)
  const queues = new Map<string, Waiter[]>()
  for (const waiter of queue.waiters) {
    for (const pool of offer.usableBy(waiter)) {
      const place = placeOf(pool)
      const found = queues.get(place) ?? []
      found.push(waiter)
      queues.set(place, found)
    }
  }
  return queues
}

/** Whether nobody with an earlier turn could use a pool. */
export function isFirstFor(turn: Turn, pool: IPPool, queue: WaitingQueue, settings: QueueSettings): boolean {
  const offer = createOffer(queue, settings)
  const place = placeOf(pool)
  for (const waiter of queue.waiters) {
    if (compareTurns(waiter, turn) >= 0) return true
    if (!isSame(waiter, turn) && offer.usableBy(waiter).some((each) => placeOf(each) === place)) return false
  }
  return true
}

/** The place of a VIP among those that could use one of its pools. */
export interface QueuePlace {
  /** From 1. */
  readonly place: number
  /** How many wait, this one included. */
  readonly of: number
  /** RFC 3339; absent: it has not begun to wait. */
  readonly since?: string
  readonly priority: number
}

/** @param pools that Clusters of the namespace can use */
export function placeInQueue(
  cluster: Cluster,
  role: Role,
  pools: readonly IPPool[],
  queue: WaitingQueue,
  settings: QueueSettings,
): QueuePlace {
  const turn = turnOf(cluster, role)
  const offer = createOffer(queue, settings)
  const context = { clusterClass: queue.classOf(cluster), poolKinds: poolKindsOf(settings) }
  const parts = partsOf(vipRoleIn(cluster, role, settings.variables, context.clusterClass))
  const wanted = new Set(
    parts.flatMap(({ part }) => poolsWithTerms(poolRequestFor(cluster, part, context), pools).map(placeOf)),
  )
  const rivals = queue.waiters.filter(
    (waiter) => !isSame(waiter, turn) && offer.usableBy(waiter).some((pool) => wanted.has(placeOf(pool))),
  )
  const { since, priority } = turn
  return {
    place: rivals.filter((waiter) => compareTurns(waiter, turn) < 0).length + 1,
    of: rivals.length + 1,
    ...(since !== undefined && { since }),
    priority,
  }
}

/** `place 2 of 5 in the queue, since 2026-01-02T03:04:05Z, with priority 3` */
export function describePlace({ place, of, since, priority }: QueuePlace): string {
  const begun = since === undefined ? '' : `, since ${since}`
  return `place ${place} of ${of} in the queue${begun}${priority === 0 ? '' : `, with priority ${priority}`}`
}

function isSame(a: Turn, b: Turn): boolean {
  return a.role === b.role && a.cluster.uid === b.cluster.uid
}

interface Taken {
  readonly pool: IPPool
  /** Addresses that the pool has then. */
  readonly left: number
}

interface Offer {
  /** The pools that the Cluster could select if they had room. */
  usableBy(waiter: Waiter): readonly IPPool[]
  /** Takes the addresses that there are for the Cluster on paper: two for a pair. */
  takenBy(waiter: Waiter): readonly Taken[]
}

/** What a Cluster waits for: an address of one of these pools, in its order of preference. */
type Demand = readonly IPPool[]

function createOffer(queue: WaitingQueue, settings: QueueSettings): Offer {
  const { classOf, offersOf } = queue
  const left = new Map<string, number>()
  const { termsOf, demandsOf } = createDemands(queue, settings)
  const leftIn = (pool: IPPool): number =>
    left.get(placeOf(pool)) ?? (availableAddresses(pool) ?? uncounted) * (offersOf?.(pool) ?? 1)

  return {
    usableBy: (waiter) => [...new Set(demandsOf(waiter).flat())],
    takenBy(waiter) {
      // Most who wait find every pool empty: nothing else has to be read of them.
      if (!termsOf(waiter).some((pools) => pools.some((pool) => leftIn(pool) > 0))) return []
      const chosen = demandsOf(waiter).map((demand) => demand.find((pool) => leftIn(pool) > 0))
      const pools = chosen.filter((pool) => pool !== undefined)
      const { cluster } = waiter
      // It would not keep one of two.
      if (pools.length < chosen.length && givesBackAlone(cluster, classOf(cluster))) return []
      return pools.map((pool) => {
        const rest = leftIn(pool) - 1
        left.set(placeOf(pool), rest)
        return { pool, left: rest }
      })
    },
  }
}

/** Knows what Clusters wait for. Many ask for the same, so that is selected once. */
function createDemands(
  { poolsOf, claimOf, classOf }: WaitingQueue,
  settings: QueueSettings,
): {
  /** By its terms alone, whatever it has already. */
  readonly termsOf: (waiter: Waiter) => readonly Demand[]
  readonly demandsOf: (waiter: Waiter) => readonly Demand[]
} {
  const poolKinds = poolKindsOf(settings)
  const usable = new Map<string, Demand>()

  const usableFor = (request: PoolRequest): Demand => {
    const { namespace, role, clusterClass, explicitPool = '', family = '' } = request
    const named = clusterClass ? formatKey(clusterClass) : ''
    const alike = `${namespace} ${role} ${named} ${family} ${explicitPool}`
    const known = usable.get(alike)
    if (known !== undefined) return known
    const found = poolsWithTerms(request, poolsOf(namespace))
    usable.set(alike, found)
    return found
  }

  const partsOfWaiter = ({ cluster, role }: Waiter): readonly VipRole[] =>
    partsOf(vipRoleIn(cluster, role, settings.variables, classOf(cluster)))

  /** One that asks for a certain address holds nobody up: any other is of no use to it. */
  const termsOf = (waiter: Waiter): readonly (readonly [VipRole, Demand])[] => {
    const { cluster, role } = waiter
    if (askedAddressOf(cluster, role) !== undefined) return []
    const context = { clusterClass: classOf(cluster), poolKinds }
    return partsOfWaiter(waiter).map((vip) => [vip, usableFor(poolRequestFor(cluster, vip.part, context))])
  }

  const demandFor = (cluster: Cluster, part: VipPart, pools: Demand): readonly Demand[] => {
    const claim = claimOf(cluster, part)
    if (claim === undefined || claim.isDeleting) return [pools]
    // An address of its own is not counted as free any more.
    if (claim.addressName !== undefined) return []
    return [pools.filter((pool) => isReferredTo(pool, claim.poolRef))]
  }

  return {
    termsOf: (waiter) => termsOf(waiter).map(([, pools]) => pools),
    demandsOf(waiter) {
      const { cluster, role } = waiter
      if (enabledWord(cluster, role, classOf(cluster)) === 'false') return []
      const terms = termsOf(waiter)
      if (terms.some(([vip]) => vipOwnershipOf(cluster, vip).state !== 'unset')) return []
      return terms.flatMap(([{ part }, pools]) => demandFor(cluster, part, pools))
    },
  }
}
