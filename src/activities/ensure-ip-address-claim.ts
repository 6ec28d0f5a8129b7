import {
  buildRestoredAddress,
  decideRestoredAddress,
  type PooledAddress,
} from '../domain/model/ip-address.ts'
import {
  buildIPAddressClaim,
  claimMetadataFor,
  ownershipOf,
  type IPAddressClaim,
} from '../domain/model/claim.ts'
import type { Cluster } from '../domain/model/cluster.ts'
import type { Role } from '../domain/role.ts'
import type { EnsureIPAddressClaimInput, EnsureIPAddressClaimResult } from '../workflows/contract.ts'
import { waiting } from './failures.ts'
import { readCluster } from './read-cluster.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import { assertUsable, claimKeyFor } from './usable-claim.ts'

type Api = Pick<
  ClusterApi,
  | 'getCluster'
  | 'getClusterLive'
  | 'getIPAddressClaim'
  | 'createIPAddressClaim'
  | 'deleteIPAddressClaim'
  | 'patchIPAddressClaim'
  | 'getIPAddress'
  | 'createIPAddress'
>

/**
 * Makes sure that the Cluster has its claim: creates it, takes the one that is there, or adopts one without owner.
 * The poolRef of a claim that exists wins over the one asked for. Where an address has to be had again, its IPAddress
 * is made before the claim, and the provider adopts it.
 *
 * @throws ApplicationFailure to wait: `ClusterPaused`, `WaitingForAddress` (claim or address on its way out), `ClaimConflict`
 */
export async function ensureIPAddressClaim(
  api: Api,
  input: EnsureIPAddressClaimInput,
): Promise<EnsureIPAddressClaimResult> {
  const [{ cluster, end }, existing] = await Promise.all([
    // Creating a claim cannot be conditional on the Cluster, which may have been paused since the cached read.
    readCluster({ getCluster: (key) => api.getClusterLive(key) }, input),
    api.getIPAddressClaim(claimKeyFor(input.cluster, input.role)),
  ])
  if (end !== undefined) return end
  if (existing === undefined && input.restore !== undefined) {
    await restoreAddress(api, cluster, input.role, input.restore)
  }
  const claim =
    existing === undefined
      ? await api.createIPAddressClaim(buildIPAddressClaim(cluster, input.role, input.poolRef))
      : await takeOver(api, cluster, input.role, existing)
  return { next: 'await', claim: claim.name, poolRef: claim.poolRef }
}

async function restoreAddress(api: Api, cluster: Cluster, role: Role, wanted: PooledAddress): Promise<void> {
  const present = await api.getIPAddress(claimKeyFor(cluster, role))
  const decision = decideRestoredAddress(present, wanted)
  if (decision.decision === 'wait') throw waiting(decision.reason, decision.message)
  if (decision.decision === 'create') await api.createIPAddress(buildRestoredAddress(cluster, role, wanted))
}

async function takeOver(
  api: Api,
  cluster: Cluster,
  role: Role,
  claim: IPAddressClaim,
): Promise<IPAddressClaim> {
  await assertUsable(api, claim, cluster)
  if (ownershipOf(claim, cluster).owner === 'this-cluster') return claim
  const { labels, ownerReference } = claimMetadataFor(cluster, role)
  return api.patchIPAddressClaim(claim, {
    metadata: { resourceVersion: claim.resourceVersion, labels, ownerReferences: [ownerReference] },
  })
}
