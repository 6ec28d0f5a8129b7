import { whyNeverGivenBy } from './pool-addresses.ts'
import { preferredFirst, whyClosed, type PoolRequest } from './pool-selection.ts'
import { isExternallyOwned, vipOwnershipOf } from './vip-ownership.ts'
import { networkOfVip } from './ip-families.ts'
import type { VipRole } from './vip-role.ts'
import { isAddressIn, isIPAddress } from '../model/address-text.ts'
import type { Cluster } from '../model/cluster.ts'
import { formatPool, networkOf, type IPPool } from '../model/pool.ts'
import { reserveEndpointAnnotation } from '../names.ts'
import { few, quoted } from '../quote.ts'
import { roleSpecs, type Role } from '../role.ts'

/** Whether the Cluster asks to have its endpoint reserved, which it has already. */
export function asksToReserve(cluster: Cluster, role: Role): boolean {
  return (
    roleSpecs[role].isEndpoint &&
    cluster.annotations[reserveEndpointAnnotation] === 'true' &&
    cluster.controlPlaneEndpoint.host !== ''
  )
}

/** What is wrong with the annotation that asks for it; undefined if nothing is. */
export function whyReservingUnreadable({ annotations }: Pick<Cluster, 'annotations'>): string | undefined {
  const word = annotations[reserveEndpointAnnotation]
  return word === undefined || word === 'true' || word === 'false'
    ? undefined
    : `${reserveEndpointAnnotation} is ${quoted(word)}, expected "true" or "false"`
}

/** Whether the VIP is an address that somebody set as endpoint, and none of ours was there before. */
export function isTypedEndpoint(cluster: Cluster, vip: VipRole): boolean {
  return (
    vip.isEndpoint &&
    isExternallyOwned(vipOwnershipOf(cluster, vip)) &&
    isIPAddress(cluster.controlPlaneEndpoint.host)
  )
}

/** The first pool that could give the endpoint of a Cluster to somebody else; undefined: none can. */
export function poolWithEndpoint(
  cluster: Cluster,
  vip: VipRole,
  request: PoolRequest,
  pools: readonly IPPool[],
): IPPool | undefined {
  if (!isTypedEndpoint(cluster, vip)) return undefined
  return preferredFirst(request, pools).find(
    (pool) => whyNotReserved(cluster, vip, request, pool) === undefined,
  )
}

/** The pool in which a Cluster that asks for it has its endpoint reserved. The pool's class and role do not matter. */
export function poolToReserveFrom(
  cluster: Cluster,
  vip: VipRole,
  request: PoolRequest,
  pools: readonly IPPool[],
): IPPool | undefined {
  return asksToReserve(cluster, vip.role) ? poolWithEndpoint(cluster, vip, request, pools) : undefined
}

/** Why the endpoint of a Cluster that asks for it is reserved in no pool. */
export function whyUnreserved(
  cluster: Cluster,
  vip: VipRole,
  request: PoolRequest,
  pools: readonly IPPool[],
): string {
  const { host } = cluster.controlPlaneEndpoint
  if (!isIPAddress(host)) return 'a DNS name is not reserved in any pool'
  const having = pools.filter((pool) => isAddressIn(pool.addresses, host))
  if (having.length === 0) return 'no pool has this address, so it need not be reserved'
  const why = having.map(
    (pool) => `${formatPool(pool)} ${whyNotReserved(cluster, vip, request, pool) ?? 'has it'}`,
  )
  return `it is not reserved: ${few(why, 3)}`
}

function whyNotReserved(
  cluster: Cluster,
  vip: VipRole,
  request: PoolRequest,
  pool: IPPool,
): string | undefined {
  if (networkOf(pool) !== networkOfVip(cluster, vip.role)) return 'is on another network'
  if (pool.poolKind.fixedAddress !== 'pre-made') {
    return 'has an IPAM provider that adopts no address'
  }
  if (pool.isDeleting) return 'is being deleted'
  return whyNeverGivenBy(pool, cluster.controlPlaneEndpoint.host) ?? whyClosed(request, pool)
}
