import type { Cluster } from '../domain/cluster.ts'
import { decideAllocation, poolRequestFor } from '../domain/eligibility.ts'
import { ipamGroup } from '../domain/identifiers.ts'
import { selectIPPool as choosePool } from '../domain/pool-selection.ts'
import type { Role } from '../domain/role.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import type { SelectIPPoolResult, StepInput } from '../workflows/contract.ts'
import { waiting } from './failures.ts'
import { clusterGone } from './read-cluster.ts'
import { claimKeyFor, usableClaim } from './usable-claim.ts'

type Api = Pick<ClusterApi, 'getCluster' | 'getIPAddressClaim' | 'listIPPools'>

/**
 * Decides whether the Cluster needs a VIP, and from which pool. The pool of a claim that exists stays the choice.
 *
 * @throws ApplicationFailure to wait: `ClusterPaused`, `NoMatchingPool`, `PoolNotReady`, `PoolExhausted`,
 *   `WaitingForAddress` (claim of a former Cluster), `ClaimConflict`
 */
export async function selectIPPool(api: Api, { cluster: key, role }: StepInput): Promise<SelectIPPoolResult> {
  const [cluster, claim] = await Promise.all([
    api.getCluster(key),
    api.getIPAddressClaim(claimKeyFor(key, role)),
  ])
  if (cluster === undefined) return clusterGone(key, '')
  const decision = decideAllocation(cluster, role, claim)
  switch (decision.decision) {
    case 'wait':
      throw waiting(decision.reason, decision.message)
    case 'skip':
    case 'end':
      return {
        next: 'end',
        uid: cluster.uid,
        reason: decision.reason,
        message: decision.message,
        ...(decision.reason === 'EndpointAlreadySet' && { ...cluster.controlPlaneEndpoint }),
      }
    case 'complete-port':
      return { next: 'complete-port', uid: cluster.uid }
    case 'allocate':
      if (claim === undefined) return poolForNewClaim(api, cluster, role)
      usableClaim(claim, cluster)
      return { next: 'claim', uid: cluster.uid, poolRef: claim.poolRef, considered: [] }
    default:
      return decision satisfies never
  }
}

async function poolForNewClaim(api: Api, cluster: Cluster, role: Role): Promise<SelectIPPoolResult> {
  const pools = await api.listIPPools(cluster.namespace)
  const selection = choosePool(poolRequestFor(cluster, role), pools)
  if (selection.outcome === 'none') {
    throw waiting(selection.reason, selection.message, { considered: selection.considered })
  }
  const { kind, name } = selection.pool
  return {
    next: 'claim',
    uid: cluster.uid,
    poolRef: { apiGroup: ipamGroup, kind, name },
    considered: selection.considered,
  }
}
