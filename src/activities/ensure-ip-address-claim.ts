import { buildIPAddressClaim, claimMetadataFor, type IPAddressClaim } from '../domain/claim.ts'
import type { Cluster } from '../domain/cluster.ts'
import type { Role } from '../domain/role.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import type { EnsureIPAddressClaimInput, EnsureIPAddressClaimResult } from '../workflows/contract.ts'
import { readCluster } from './read-cluster.ts'
import { claimKeyFor, usableClaim } from './usable-claim.ts'

type Api = Pick<
  ClusterApi,
  'getCluster' | 'getIPAddressClaim' | 'createIPAddressClaim' | 'patchIPAddressClaim'
>

/**
 * Makes sure that the Cluster has its claim: creates it, takes the one that is there, or adopts one without owner.
 * The poolRef of a claim that exists wins over the one asked for.
 *
 * @throws ApplicationFailure to wait: `ClusterPaused`, `WaitingForAddress` (claim on its way out), `ClaimConflict`
 */
export async function ensureIPAddressClaim(
  api: Api,
  input: EnsureIPAddressClaimInput,
): Promise<EnsureIPAddressClaimResult> {
  const [{ cluster, end }, existing] = await Promise.all([
    readCluster(api, input),
    api.getIPAddressClaim(claimKeyFor(input.cluster, input.role)),
  ])
  if (end !== undefined) return end
  const claim =
    existing === undefined
      ? await api.createIPAddressClaim(buildIPAddressClaim(cluster, input.role, input.poolRef))
      : await takeOver(api, cluster, input.role, existing)
  return { next: 'await', claim: claim.name, poolRef: claim.poolRef }
}

async function takeOver(
  api: Api,
  cluster: Cluster,
  role: Role,
  claim: IPAddressClaim,
): Promise<IPAddressClaim> {
  if (usableClaim(claim, cluster) === 'this-cluster') return claim
  const { labels, ownerReference } = claimMetadataFor(cluster, role)
  return api.patchIPAddressClaim(claim, {
    metadata: { resourceVersion: claim.resourceVersion, labels, ownerReferences: [ownerReference] },
  })
}
