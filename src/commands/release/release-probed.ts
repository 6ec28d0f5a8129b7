import { commaSeparated } from '../../domain/model/decode.ts'
import { canonicalAddress } from '../../domain/model/address-text.ts'
import { inUseAnswerOf, isReservation, type IPAddress } from '../../domain/model/ip-address.ts'
import { isPoolOf, type IPPool } from '../../domain/model/pool.ts'
import type { NamespacedName } from '../../domain/model/object-meta.ts'
import { poolsIn, type Snapshot } from '../../domain/allocation/snapshot.ts'
import { probeExceptAnnotation } from '../../domain/names.ts'
import { discoverApiVersions } from '../../kubernetes/api-versions.ts'
import type { ClusterApi } from '../../kubernetes/cluster-api.ts'
import { createObjectClient } from '../../kubernetes/objects.ts'
import { findPoolResource } from '../../kubernetes/pool-resources.ts'
import type { KubernetesConnection } from '../../kubernetes/transport/connection.ts'

/** An address that is kept out of use since something answered at it. */
export interface ProbedAddress {
  readonly why: 'in-use'
  readonly address: string
  /** What answered, and when. */
  readonly answer: string
  readonly reservation: NamespacedName
  readonly pool: IPAddress['poolRef']
}

/** Finds the reservations of an address that a probe has made. */
export function reservationsOf(snapshot: Snapshot, address: string): readonly IPAddress[] {
  const wanted = canonicalAddress(address)
  return [...snapshot.ipAddresses.values()].filter(
    (each) =>
      isReservation(each) && inUseAnswerOf(each) !== undefined && canonicalAddress(each.address) === wanted,
  )
}

export function describeProbed({ namespace, name, address, poolRef, ...more }: IPAddress): ProbedAddress {
  return {
    why: 'in-use',
    address,
    answer: inUseAnswerOf(more) ?? '',
    reservation: { namespace, name },
    pool: poolRef,
  }
}

/** Has the pool assign the address without a probe, which would find the same answer again, and deletes the reservation. */
export async function releaseProbed(
  {
    connection,
    api,
  }: { readonly connection: KubernetesConnection; readonly api: Pick<ClusterApi, 'deleteIPAddress'> },
  reservation: IPAddress,
  snapshot: Snapshot,
): Promise<void> {
  const pool = poolsIn(snapshot).find((each) => isPoolOf(each, reservation))
  if (pool !== undefined) await exceptFromProbes(connection, pool, reservation.address)
  await api.deleteIPAddress(reservation)
}

/** Conditional on the pool as read: somebody may edit the same annotation. */
async function exceptFromProbes(
  connection: KubernetesConnection,
  pool: IPPool,
  address: string,
): Promise<void> {
  const listed = commaSeparated(pool.annotations[probeExceptAnnotation])
  if (listed.some((each) => canonicalAddress(each) === canonicalAddress(address))) return
  const resource = await findPoolResource(connection, pool.poolKind)
  const pools = createObjectClient({ connection, versions: discoverApiVersions(connection) }, resource)
  const { resourceVersion } = pool
  const annotations = { [probeExceptAnnotation]: [...listed, address].join(',') }
  await pools.patch(pool, { metadata: { resourceVersion, annotations } })
}
