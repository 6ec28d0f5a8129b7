import { obstacleOf } from './claim-obstacle.ts'
import type { IPAddressClaim } from '../model/claim.ts'
import type { Cluster } from '../model/cluster.ts'
import { decideAllocation, poolRequestFor } from './eligibility.ts'
import { formatKey } from '../model/object-meta.ts'
import { formatPool, type IPPool } from '../model/pool.ts'
import { selectIPPool } from './pool-selection.ts'
import type { Reason } from '../reason.ts'
import { poolToRestoreFrom } from './restoration.ts'
import type { VipRole } from '../role.ts'
import { describeVip, vipOwnershipOf } from './vip-ownership.ts'
import { decideUnboundClaim } from './unbound-claim.ts'
import type { SnapshotQueries } from './snapshot.ts'

/** A reason of the closed list, in words too. */
export interface Why {
  readonly reason: Reason
  readonly message: string
}

/** What a run would find that looked at the Cluster now: why the VIP is not in place, or not held by a claim. */
export function whyUnsettled(cluster: Cluster, vip: VipRole, view: SnapshotQueries): Why {
  const { pools } = view.contextOf(cluster)
  const { claim } = view.bindingOf(cluster, vip)
  const decision = decideAllocation(cluster, vip, claim, pools)
  switch (decision.decision) {
    case 'complete-port':
      return waitsBecause(`${describeVip(cluster, vip)} of Cluster ${formatKey(cluster)} has no port yet`)
    case 'restore': {
      const isGone = vipOwnershipOf(cluster, vip).state === 'drifted'
      if (isGone && poolToRestoreFrom(cluster, vip, decision.address, pools) === undefined) {
        return whyWithoutClaim(cluster, vip, pools)
      }
      const message = `the claim of Cluster ${formatKey(cluster)} is gone; ${decision.address} has to be reserved again`
      return { reason: 'AddressLost', message }
    }
    case 'allocate':
      return claim === undefined
        ? whyWithoutClaim(cluster, vip, pools)
        : whyWithClaim(cluster, vip, claim, view)
    case 'refuse':
    case 'skip':
    case 'wait':
    case 'end':
      return decision
    default:
      return decision satisfies never
  }
}

function whyWithoutClaim(cluster: Cluster, vip: VipRole, pools: readonly IPPool[]): Why {
  const selection = selectIPPool(poolRequestFor(cluster, vip.role), pools)
  return selection.outcome === 'none'
    ? selection
    : waitsBecause(`${formatPool(selection.pool)} has room; no run has taken an address yet`)
}

function whyWithClaim(cluster: Cluster, vip: VipRole, claim: IPAddressClaim, view: SnapshotQueries): Why {
  const obstacle = obstacleOf(claim, cluster)
  if (obstacle !== undefined) return obstacle
  if (claim.addressName === undefined) {
    const decision = decideUnboundClaim(cluster, vip, claim, view.contextOf(cluster).pools, undefined)
    return decision.decision === 'wait' ? decision : waitsBecause(decision.message)
  }
  const loss = view.lossOf(cluster, vip)
  if (loss !== undefined)
    return { reason: 'AddressLost', message: `IPAddressClaim ${formatKey(claim)}: ${loss}` }
  const { ipAddress } = view.bindingOf(cluster, vip)
  return waitsBecause(
    `IPAddressClaim ${formatKey(claim)} holds ${ipAddress?.address ?? claim.addressName}; it is not assigned in full yet`,
  )
}

function waitsBecause(message: string): Why {
  return { reason: 'WaitingForAddress', message }
}
