import { askedAddressOf } from '../domain/allocation/asked-address.ts'
import { poolRequestFor } from '../domain/allocation/eligibility.ts'
import { selectIPPool } from '../domain/allocation/pool-selection.ts'
import { poolToReserveFrom } from '../domain/allocation/reserved-endpoint.ts'
import type { VipRole } from '../domain/allocation/vip-role.ts'
import type { Cluster } from '../domain/model/cluster.ts'
import { offerOf, type PoolChange } from './allocation-triggers.ts'

/**
 * Decides which Clusters can have the very address that they ask for, or have their endpoint reserved, in a new or changed
 * pool, however many addresses it has.
 *
 * @param waiting Clusters that need the VIP and have no claim on the pool; only called, at a cost, if the pool's addresses or
 *   terms changed
 */
export function clustersAskingFor(
  { pool, previous, usableBy, classOf }: PoolChange,
  waiting: () => readonly Cluster[],
  vipOf: (cluster: Cluster) => VipRole | undefined,
): readonly Cluster[] {
  if (previous !== undefined && offerOf(pool) === offerOf(previous)) return []
  return waiting().filter((cluster) => {
    const vip = vipOf(cluster)
    if (vip === undefined) return false
    const request = poolRequestFor(cluster, vip.part, { clusterClass: classOf(cluster) })
    const pools = usableBy(cluster.namespace, [pool])
    return askedAddressOf(cluster, vip.part) === undefined
      ? poolToReserveFrom(cluster, vip, request, pools) !== undefined
      : selectIPPool(request, pools).outcome === 'selected'
  })
}
