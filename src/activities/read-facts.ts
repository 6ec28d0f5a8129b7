import type { Fact, Facts, Observed } from '../domain/allocation/action.ts'
import {
  claimAmong,
  claimKeyFor,
  claimNamesFor,
  ownershipOf,
  type IPAddressClaim,
} from '../domain/model/claim.ts'
import type { ClusterClass } from '../domain/model/cluster-class.ts'
import type { Cluster } from '../domain/model/cluster.ts'
import type { Role } from '../domain/role.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'

/** Reads a fact that a decision asks for. */
export async function observeFact(
  api: ClusterApi,
  observed: Observed,
  role: Role,
  fact: Fact,
): Promise<Facts> {
  const { key, cluster, claim, ipAddress } = observed
  switch (fact) {
    case 'pools':
      return { pools: await api.listIPPools(key.namespace) }
    case 'ipAddress': {
      const name = claim?.addressName
      if (name === undefined) return { ipAddress: undefined }
      return { ipAddress: await api.getIPAddress({ namespace: key.namespace, name }) }
    }
    case 'namedAddress':
      return { namedAddress: await api.getIPAddress(claim ?? claimKeyFor(key, role)) }
    case 'clusterClass':
      return { clusterClass: await readClusterClass(api, cluster) }
    case 'addressUse':
      return { addressUse: await api.listAddressUse() }
    case 'sameAddressUse':
      return ipAddress === undefined ? {} : { sameAddressUse: await api.listAddressUseOf(ipAddress) }
    default:
      return fact satisfies never
  }
}

/** The ClusterClass of a Cluster; undefined if there is none. */
export async function readClusterClass(
  api: Pick<ClusterApi, 'getClusterClass'>,
  cluster: Cluster | undefined,
): Promise<ClusterClass | undefined> {
  const ref = cluster?.topology?.clusterClass
  return ref && api.getClusterClass(ref)
}

/** The claim of a Cluster, as `claimAmong` picks it. @param usual the claim that has the usual name, of any owner */
export async function readClaim(
  api: Pick<ClusterApi, 'getIPAddressClaim'>,
  cluster: Cluster,
  role: Role,
  usual: IPAddressClaim | undefined,
): Promise<IPAddressClaim | undefined> {
  if (usual !== undefined && ownershipOf(usual, cluster).owner === 'this-cluster') return usual
  const { namespace } = cluster
  const [, ...longer] = claimNamesFor(cluster, role)
  const others = await Promise.all(longer.map((name) => api.getIPAddressClaim({ namespace, name })))
  return claimAmong(cluster, [usual, ...others])
}

/** The facts that decide whether a claim that nobody owns is adopted. A later step observes those of the Cluster's own claim. */
export function adoptionFacts(
  cluster: Cluster | undefined,
  claim: IPAddressClaim | undefined,
): readonly Fact[] {
  if (cluster === undefined || claim === undefined) return []
  return ownershipOf(claim, cluster).owner === 'nobody' ? ['ipAddress'] : []
}
