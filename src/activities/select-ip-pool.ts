import { holdersOf } from '../domain/allocation/address-holder.ts'
import { addressOfPool } from '../domain/model/ip-address.ts'
import { presentVip } from '../domain/allocation/assignment.ts'
import type { Cluster } from '../domain/model/cluster.ts'
import { alsoWantedRoles, decideAllocation, poolRequestFor } from '../domain/allocation/eligibility.ts'
import { poolRefTo, type IPPool } from '../domain/model/pool.ts'
import { mostRelevant, selectIPPool as choosePool } from '../domain/allocation/pool-selection.ts'
import { alsoSaying } from '../domain/quote.ts'
import { decideRestoration } from '../domain/allocation/restoration.ts'
import { defaultRole, vipRole, type Role, type VipRole } from '../domain/role.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import type { SelectIPPoolResult, StepInput } from '../workflows/contract.ts'
import { actionRequired, verdictBytes, waiting } from './failures.ts'
import { clusterGone } from './read-cluster.ts'
import { releaseReservations, type ReservationApi } from './reservations.ts'
import type { AllocationSettings } from './settings.ts'
import { assertUsable, claimKeyFor } from './usable-claim.ts'

type Api = Pick<ClusterApi, 'getCluster' | 'getIPAddressClaim' | 'deleteIPAddressClaim' | 'listIPPools'> &
  ReservationApi

/**
 * Decides whether the Cluster needs a VIP, and from which pool. The pool of a claim that exists stays the choice. Writes
 * nothing, but that it deletes the claim of a former Cluster and reservations that are no longer needed.
 *
 * @throws ApplicationFailure to wait: `ClusterPaused`, `NoMatchingPool`, `PoolNotReady`, `PoolExhausted`,
 *   `WaitingForAddress` (claim of a former Cluster), `ClaimConflict`, `AddressLost`, `AllocationFailed` (an annotation
 *   that cannot be read)
 */
export async function selectIPPool(
  api: Api,
  settings: AllocationSettings,
  { cluster: key, role }: StepInput,
): Promise<SelectIPPoolResult> {
  const [cluster, claim, pools] = await Promise.all([
    api.getCluster(key),
    api.getIPAddressClaim(claimKeyFor(key, role)),
    api.listIPPools(key.namespace),
  ])
  if (cluster === undefined) return clusterGone(key, '')
  const vip = vipRole(role, settings.variables)
  const decision = decideAllocation(cluster, vip, claim, pools)
  const { uid } = cluster
  const { searchable } = settings
  const also = {
    ...alsoWanted(cluster, role, pools, settings),
    ...(searchable.length > 0 && { searchable }),
  }
  switch (decision.decision) {
    case 'wait':
      throw waiting(decision.reason, decision.message)
    case 'refuse':
      throw actionRequired(decision.reason, decision.message)
    case 'end':
      return { next: 'end', uid, reason: decision.reason, message: decision.message }
    case 'skip':
      await releaseReservations(api, settings, cluster)
      return { ...skipped(cluster, vip, decision), ...also }
    case 'complete-port':
      return { next: 'complete-port', uid, ...also }
    case 'restore':
      return {
        ...(await poolForLostClaim(api, settings, { cluster, vip, pools }, decision.address)),
        ...also,
      }
    case 'allocate':
      await releaseReservations(api, settings, cluster)
      if (claim === undefined) return { ...poolForNewClaim({ cluster, vip, pools }), ...also }
      await assertUsable(api, claim, cluster)
      return { next: 'claim', uid, poolRef: claim.poolRef, considered: [], ...also }
    default:
      return decision satisfies never
  }
}

/** The allocation of the first role begins those of the others, which then go their own way. */
function alsoWanted(
  cluster: Cluster,
  role: Role,
  pools: readonly IPPool[],
  { variables }: AllocationSettings,
): { readonly alsoWanted?: readonly Role[] } {
  if (role !== defaultRole) return {}
  const wanted = alsoWantedRoles(cluster, pools, variables)
  return wanted.length === 0 ? {} : { alsoWanted: wanted }
}

function skipped(
  cluster: Cluster,
  vip: VipRole,
  { reason, message }: { readonly reason: 'EndpointAlreadySet' | 'NoMatchingPool'; readonly message: string },
): SelectIPPoolResult {
  const present = reason === 'EndpointAlreadySet' ? presentVip(cluster, vip) : {}
  return { next: 'end', uid: cluster.uid, reason, message, ...present }
}

interface Wanted {
  readonly cluster: Cluster
  readonly vip: VipRole
  readonly pools: readonly IPPool[]
}

/** @param insteadOf why it is not the address that the Cluster's annotation names */
function poolForNewClaim({ cluster, vip, pools }: Wanted, insteadOf?: string): SelectIPPoolResult {
  const selection = choosePool(poolRequestFor(cluster, vip.role), pools)
  if (selection.outcome === 'none') {
    throw waiting(selection.reason, alsoSaying(selection.message, insteadOf), selection.considered)
  }
  return {
    next: 'claim',
    uid: cluster.uid,
    poolRef: poolRefTo(selection.pool),
    considered: mostRelevant(verdictBytes.inStatus, selection.considered),
    ...(insteadOf !== undefined && { insteadOf }),
  }
}

/** Our annotation names a VIP and its claim is gone: the same address again, or nothing, or another one where it is not there. */
async function poolForLostClaim(
  api: Api,
  { variables }: AllocationSettings,
  wanted: Wanted,
  address: string,
): Promise<SelectIPPoolResult> {
  const { cluster, vip, pools } = wanted
  const seeker = { cluster, vip, claimName: claimKeyFor(cluster, vip.role).name }
  const holders = holdersOf(address, seeker, await api.listAddressUse(), variables)
  const decision = decideRestoration(cluster, vip, address, holders, pools)
  switch (decision.decision) {
    case 'lost':
      throw actionRequired('AddressLost', decision.message)
    case 'allocate-anew':
      return poolForNewClaim(wanted, decision.because)
    case 'restore':
      return {
        next: 'claim',
        uid: cluster.uid,
        poolRef: poolRefTo(decision.pool),
        considered: [],
        restore: addressOfPool(decision.pool, decision.address),
      }
    default:
      return decision satisfies never
  }
}
