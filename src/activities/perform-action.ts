import { withoutAddress, type Action, type ActionOf, type Observed } from '../domain/allocation/action.ts'
import {
  duplicateAddressesPatch,
  duplicatesWith,
  duplicatesWithout,
  isRecordedDuplicate,
} from '../domain/allocation/duplicate-addresses.ts'
import type { IPAddressClaim } from '../domain/model/claim.ts'
import type { Cluster } from '../domain/model/cluster.ts'
import type { JsonObject } from '../domain/model/decode.ts'
import {
  buildReservation,
  buildRestoredAddress,
  isReservation,
  reservationKeyFor,
} from '../domain/model/ip-address.ts'
import { adoptionMetadata, buildClaim, retainMetadata } from '../domain/model/retained-claim.ts'
import { isOrphanOf } from '../domain/release/release.ts'
import type { VipPart } from '../domain/role.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import { isKubernetesError } from '../kubernetes/errors.ts'

/** Performs an action, and returns what is observed of its part of the VIP then. It can be repeated, and fails if its inputs have changed. */
export async function performAction(
  api: ClusterApi,
  observed: Observed,
  part: VipPart,
  action: Action,
): Promise<Observed> {
  const { cluster } = observed
  if (cluster === undefined) return observed
  switch (action.action) {
    case 'restoreAddress': {
      const object = buildRestoredAddress(cluster, action.claimName, action.address)
      return { ...observed, namedAddress: await api.createIPAddress(object) }
    }
    case 'discardAddress':
      await api.deleteIPAddress(action.ipAddress)
      return withoutAddress(observed, action.ipAddress)
    case 'createClaim': {
      const claim = await api.createIPAddressClaim(buildClaim(cluster, part, action))
      return { ...observed, claim }
    }
    case 'adoptClaim': {
      const metadata = adoptionMetadata(cluster, part, action)
      return { ...observed, claim: await patchClaim(api, action.claim, metadata) }
    }
    case 'convertClaim': {
      const metadata = retainMetadata(cluster, part, action.retain)
      return { ...observed, claim: await patchClaim(api, action.claim, metadata) }
    }
    case 'labelClaim': {
      const { claim, labels } = action
      return { ...observed, claim: await patchClaim(api, claim, { labels }) }
    }
    case 'discardClaim': {
      // Claim and Cluster were read side by side, so the claim may belong to a newer Cluster.
      const present = await api.getClusterLive(observed.key)
      if (isOrphanOf(action.previousUid, action.claim, present)) await api.deleteIPAddressClaim(action.claim)
      return observed
    }
    case 'deleteClaim':
      await api.deleteIPAddressClaim(action.claim)
      return observed
    case 'stepBack':
      await stepBack(api, cluster, action)
      return observed
    case 'releaseReservations':
      return { ...observed, cluster: await releaseReservations(api, cluster, action.addresses) }
    case 'patchCluster':
      return { ...observed, cluster: await api.patchCluster(cluster, action.patch) }
    case 'selectPool':
    case 'observe':
    case 'wait':
    case 'refuse':
    case 'done':
      return observed
    default:
      return action satisfies never
  }
}

/** Conditional on the claim as read. */
function patchClaim(api: ClusterApi, claim: IPAddressClaim, metadata: JsonObject): Promise<IPAddressClaim> {
  const { resourceVersion } = claim
  return api.patchIPAddressClaim(claim, { metadata: { resourceVersion, ...metadata } })
}

/** The record stops any other attempt under way; the reservation exists before the claim releases the address. */
async function stepBack(
  api: ClusterApi,
  cluster: Cluster,
  { claim, ipAddress }: ActionOf<'stepBack'>,
): Promise<void> {
  const { address } = ipAddress
  if (!isRecordedDuplicate(cluster, address)) {
    await api.patchCluster(cluster, duplicateAddressesPatch(cluster, duplicatesWith(cluster, address)))
  }
  try {
    await api.createIPAddress(buildReservation(cluster, ipAddress))
  } catch (error) {
    // By an earlier attempt.
    if (!isKubernetesError(error, 'alreadyExists')) throw error
  }
  await api.deleteIPAddressClaim(claim)
}

async function releaseReservations(
  api: ClusterApi,
  cluster: Cluster,
  addresses: readonly string[],
): Promise<Cluster> {
  for (const address of addresses) {
    const reserved = await api.getIPAddress(reservationKeyFor(cluster, address))
    if (reserved !== undefined && isReservation(reserved)) await api.deleteIPAddress(reserved)
  }
  return api.patchCluster(cluster, duplicateAddressesPatch(cluster, duplicatesWithout(cluster, addresses)))
}
