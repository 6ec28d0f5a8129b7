import type { IPAddress } from '../model/ip-address.ts'
import type { IPAddressClaim } from '../model/claim.ts'
import type { Cluster } from '../model/cluster.ts'
import { poolRequestFor } from './eligibility.ts'
import { formatKey } from '../model/object-meta.ts'
import { availableAddresses, formatPool, type IPPool } from '../model/pool.ts'
import { selectIPPool, type PoolSelection, type PoolVerdict } from './pool-selection.ts'
import type { Reason } from '../reason.ts'
import { poolToRestoreFrom } from './restoration.ts'
import type { VipRole } from '../role.ts'
import { describeVip, isExternallyOwned, vipOwnershipOf } from './vip-ownership.ts'

/** What becomes of a claim of the Cluster that has no address yet. */
export type UnboundClaimDecision =
  | {
      readonly decision: 'wait'
      readonly reason: Extract<Reason, 'WaitingForAddress' | 'PoolExhausted' | 'PoolNotReady'>
      readonly message: string
      /** The verdict on every pool, where another one was looked for. */
      readonly considered?: readonly PoolVerdict[]
    }
  /** Somebody else gave the Cluster its VIP: the claim is not needed, and must not hold an address back. */
  | { readonly decision: 'give-back'; readonly message: string }
  /** Its pool is exhausted and another one has room: the claim goes, and another one is made there. */
  | { readonly decision: 'move'; readonly message: string }

/**
 * Decides about an unbound claim. It is given up only where no endpoint of ours can rest on it: after
 * `clusterctl move` the claim of a served Cluster is unbound too, until the provider has found its address again.
 *
 * @param ipAddress the one that names the claim, if there is one: the provider is about to bind it
 */
export function decideUnboundClaim(
  cluster: Cluster,
  vip: VipRole,
  claim: IPAddressClaim,
  pools: readonly IPPool[],
  ipAddress: IPAddress | undefined,
): UnboundClaimDecision {
  if (ipAddress !== undefined) {
    const message = `IPAddressClaim ${formatKey(claim)} waits for the IPAM provider to bind it to IPAddress ${ipAddress.name} with ${ipAddress.address}`
    return { decision: 'wait', reason: 'WaitingForAddress', message }
  }
  const ownership = vipOwnershipOf(cluster, vip)
  if (isExternallyOwned(ownership)) {
    const message = `Cluster ${formatKey(cluster)} got ${describeVip(cluster, vip)} from elsewhere while its claim waited; the claim is given back`
    return { decision: 'give-back', message }
  }
  const wait = whyUnbound(claim, pools)
  if (wait.reason !== 'PoolExhausted' || mayHoldOurs(cluster, vip, claim, pools)) return wait
  const selection = selectIPPool(poolRequestFor(cluster, vip.role), pools)
  if (selection.outcome === 'none') return waitForRoom(claim, wait, selection)
  return { decision: 'move', message: `${wait.message}; ${formatPool(selection.pool)} has room` }
}

/** Machines may rest on an address of ours that the provider finds again in the claim's pool. */
function mayHoldOurs(
  cluster: Cluster,
  vip: VipRole,
  claim: IPAddressClaim,
  pools: readonly IPPool[],
): boolean {
  const ownership = vipOwnershipOf(cluster, vip)
  if (ownership.state !== 'drifted') return ownership.state !== 'unset'
  const itsPool = pools.filter((pool) => formatPool(pool) === formatPool(claim.poolRef))
  return poolToRestoreFrom(cluster, vip, ownership.address, itsPool) !== undefined
}

/** All pools for such a VIP are exhausted, and what is said of the claim's own goes for them all. */
function waitForRoom(
  claim: IPAddressClaim,
  wait: Extract<UnboundClaimDecision, { decision: 'wait' }>,
  { reason, message, considered }: Extract<PoolSelection, { outcome: 'none' }>,
): UnboundClaimDecision {
  if (reason !== 'PoolExhausted') return { ...wait, considered }
  return { ...wait, message: `IPAddressClaim ${formatKey(claim)} waits: ${message}`, considered }
}

/** From the claim's pool: the provider sets no condition on a claim, so that there all causes look alike. */
function whyUnbound(
  claim: IPAddressClaim,
  pools: readonly IPPool[],
): Extract<UnboundClaimDecision, { decision: 'wait' }> {
  const wait = (reason: 'WaitingForAddress' | 'PoolExhausted' | 'PoolNotReady', why: string) =>
    ({ decision: 'wait', reason, message: `IPAddressClaim ${formatKey(claim)} waits${why}` }) as const
  const name = formatPool(claim.poolRef)
  const pool = pools.find((each) => formatPool(each) === name)
  if (pool === undefined)
    return wait('PoolNotReady', `: ${name} does not exist; create it, or delete the claim`)
  if (pool.isPaused) return wait('PoolNotReady', `: ${name} is paused; unpause it`)
  const available = availableAddresses(pool)
  if (available !== undefined && available <= 0) {
    return wait('PoolExhausted', `: ${name}: 0 of ${pool.capacity?.total ?? 0} addresses free; add addresses`)
  }
  return wait(
    'WaitingForAddress',
    ` for the IPAM provider to bind an address of ${name}; where this lasts, see whether the provider runs`,
  )
}
