import {
  buildReservation,
  isReservation,
  reservationKeyFor,
  type IPAddress,
} from '../domain/model/ip-address.ts'
import type { IPAddressClaim } from '../domain/model/claim.ts'
import type { Cluster } from '../domain/model/cluster.ts'
import {
  duplicateAddressesOf,
  duplicateAddressesPatch,
  freeDuplicatesOf,
  isKnownDuplicate,
} from '../domain/allocation/duplicate-addresses.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import { decideWrite } from '../domain/allocation/eligibility.ts'
import { isKubernetesError } from '../kubernetes/errors.ts'
import type { AllocationSettings } from './settings.ts'

export type ReservationApi = Pick<
  ClusterApi,
  'listAddressUse' | 'patchCluster' | 'getIPAddress' | 'createIPAddress' | 'deleteIPAddress'
>

/**
 * Steps back from an address that somebody else has: records it on the Cluster, keeps it reserved in its pool so that
 * the provider gives it to nobody next, and deletes the claim. In this order: the record stops any attempt of ours
 * that is still under way, and the reservation is there before the claim lets go.
 */
export async function stepBack(
  api: ReservationApi & Pick<ClusterApi, 'deleteIPAddressClaim'>,
  cluster: Cluster,
  claim: IPAddressClaim,
  ipAddress: IPAddress,
): Promise<void> {
  const { address } = ipAddress
  if (!isKnownDuplicate(cluster, address)) {
    await api.patchCluster(
      cluster,
      duplicateAddressesPatch(cluster, [...duplicateAddressesOf(cluster), address]),
    )
  }
  try {
    await api.createIPAddress(buildReservation(cluster, ipAddress))
  } catch (error) {
    // An attempt before this one got as far.
    if (!isKubernetesError(error, 'alreadyExists')) throw error
  }
  await api.deleteIPAddressClaim(claim)
}

/** Lets go of the Cluster's reservations for addresses that nobody else has any more, if it may be written to. */
export async function releaseReservations(
  api: ReservationApi,
  { variables }: AllocationSettings,
  cluster: Cluster,
): Promise<void> {
  const known = duplicateAddressesOf(cluster)
  if (known.length === 0 || decideWrite(cluster).decision !== 'write') return
  const free = freeDuplicatesOf(cluster, await api.listAddressUse(), variables)
  if (free.length === 0) return
  for (const address of free) {
    const reserved = await api.getIPAddress(reservationKeyFor(cluster, address))
    if (reserved !== undefined && isReservation(reserved)) await api.deleteIPAddress(reserved)
  }
  const left = known.filter((address) => !free.includes(address))
  await api.patchCluster(cluster, duplicateAddressesPatch(cluster, left))
}
