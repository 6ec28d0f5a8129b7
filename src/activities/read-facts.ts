import type { Fact, Observed } from '../domain/allocation/action.ts'
import {
  addressKeyFor,
  claimAmong,
  claimKeyFor,
  claimNamesFor,
  claimsByLabelFor,
  ownershipOf,
  retainedFor,
  type IPAddressClaim,
} from '../domain/model/claim.ts'
import type { ClusterClass } from '../domain/model/cluster-class.ts'
import type { Cluster } from '../domain/model/cluster.ts'
import type { PoolKind } from '../domain/model/pool-kind.ts'
import { poolKindsOf } from '../domain/model/pool-kinds.ts'
import type { IPPool, IPPoolReference } from '../domain/model/pool.ts'
import { retainsAddresses } from '../domain/model/retain.ts'
import { roleOf, secondPartOf, type Role, type VipPart } from '../domain/role.ts'
import { describeUnserved, foreignPoolOf } from '../domain/allocation/vip-role.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import { isUnreadable } from '../kubernetes/errors.ts'

/** Reads a fact that a decision asks for. */
export async function observeFact(
  api: ClusterApi,
  observed: Observed,
  part: VipPart,
  fact: Fact,
): Promise<Partial<Observed>> {
  const { key, cluster, claim, ipAddress } = observed
  switch (fact) {
    case 'pools':
      return readPools(api, key.namespace, () => cluster, part, poolKindsOf(observed))
    case 'ipAddress': {
      const name = claim?.addressName
      if (name === undefined) return { ipAddress: undefined }
      return { ipAddress: await api.getIPAddress({ namespace: key.namespace, name }) }
    }
    case 'namedAddress': {
      const named = cluster === undefined ? claimKeyFor(key, part) : addressKeyFor(cluster, part, claim)
      return { namedAddress: await api.getIPAddress(named) }
    }
    case 'clusterClass':
      return { clusterClass: await readClusterClass(api, cluster) }
    case 'addressUse':
      return { addressUse: await api.listAddressUse() }
    case 'sameAddressUse':
      return ipAddress === undefined ? {} : { sameAddressUse: await api.listAddressUseOf(ipAddress) }
    case 'second':
      return {
        second: {
          claim: cluster && (await findClaimOf(api, cluster, secondPartOf(roleOf(part)), observed.pools)),
        },
      }
    case 'waiting':
      return { waiting: await api.readWaitingQueue() }
    default:
      return fact satisfies never
  }
}

/**
 * The pools that a Cluster can use. Without the in-cluster provider, it can still name a pool of another one; so it can
 * without a right to read pools. Of that pool, only its kind is discovered.
 */
export async function readPools(
  api: Pick<ClusterApi, 'listIPPools' | 'scopeOfKind'>,
  namespace: string,
  clusterOf: () => Cluster | undefined | Promise<Cluster | undefined>,
  part: VipPart,
  poolKinds: readonly PoolKind[],
): Promise<Required<Pick<Observed, 'pools'>> & Pick<Observed, 'unreadable' | 'isForeignPoolGlobal'>> {
  const foreignOf = async (): Promise<IPPoolReference | undefined> => {
    const cluster = await clusterOf()
    return cluster && foreignPoolOf(cluster, part, poolKinds)
  }
  const [pools, named] = await Promise.all([
    api.listIPPools(namespace).catch(async (error: unknown) => {
      if (!isUnreadable(error)) throw error
      if (error.kind === 'forbidden' && (await foreignOf()) === undefined) throw error
      return error
    }),
    foreignOf().then(async (foreign) => {
      const scope = foreign && (await api.scopeOfKind(foreign))
      if (scope === 'cluster') return { isForeignPoolGlobal: true }
      if (foreign === undefined || scope !== 'not-served') return {}
      const { found, fix } = describeUnserved(foreign, roleOf(part))
      return { foreignPool: `${found}; ${fix}` }
    }),
  ])
  const { foreignPool, ...scope } = named
  return isUnreadable(pools)
    ? { pools: [], unreadable: { pools: pools.message, foreignPool }, ...scope }
    : { pools, unreadable: { foreignPool }, ...scope }
}

/** The ClusterClass of a Cluster; undefined if there is none. */
export async function readClusterClass(
  api: Pick<ClusterApi, 'getClusterClass'>,
  cluster: Cluster | undefined,
): Promise<ClusterClass | undefined> {
  const ref = cluster?.topology?.clusterClass
  return ref && api.getClusterClass(ref)
}

/**
 * The claim of a Cluster, as `claimAmong` picks it.
 *
 * @param usual the claim that has the usual name, of any owner
 * @param found name of the claim that an earlier step found by its labels
 */
export async function readClaim(
  api: Pick<ClusterApi, 'getIPAddressClaim'>,
  cluster: Cluster,
  part: VipPart,
  usual: IPAddressClaim | undefined,
  found?: string,
): Promise<IPAddressClaim | undefined> {
  if (usual !== undefined && ownershipOf(usual, cluster).owner === 'this-cluster') return usual
  const { namespace } = cluster
  const [, ...longer] = claimNamesFor(cluster, part)
  const names = found === undefined ? longer : [...longer, found]
  const others = await Promise.all(names.map((name) => api.getIPAddressClaim({ namespace, name })))
  return claimAmong(cluster, [usual, ...others])
}

/**
 * The same, and if there is none by name, one that was kept for a Cluster of this name under the longer name of another uid.
 *
 * @param pools that the Cluster can use: without one that retains addresses, there is no such claim; absent: not read
 */
export async function findClaim(
  api: Pick<ClusterApi, 'getIPAddressClaim' | 'listClaimsOf'>,
  cluster: Cluster,
  part: VipPart,
  { usual, pools }: { readonly usual: IPAddressClaim | undefined; readonly pools?: readonly IPPool[] },
): Promise<IPAddressClaim | undefined> {
  const named = await readClaim(api, cluster, part, usual)
  if (named !== undefined || pools?.some(retainsAddresses) === false) return named
  return claimAmong(cluster, [undefined, ...claimsByLabelFor(cluster, part, await api.listClaimsOf(cluster))])
}

/** The same, with the claim that has the usual name. */
async function findClaimOf(
  api: Pick<ClusterApi, 'getIPAddressClaim' | 'listClaimsOf'>,
  cluster: Cluster,
  part: VipPart,
  pools?: readonly IPPool[],
): Promise<IPAddressClaim | undefined> {
  const usual = await api.getIPAddressClaim(claimKeyFor(cluster, part))
  return findClaim(api, cluster, part, { usual, ...(pools !== undefined && { pools }) })
}

/** The claim of the first address of a pair, whose pool is no question any more, for a step about the second one. */
export async function observeFirst(
  api: Pick<ClusterApi, 'getIPAddressClaim' | 'listClaimsOf'>,
  cluster: Cluster,
  role: Role,
): Promise<Pick<Observed, 'claim' | 'choice'>> {
  const claim = await findClaimOf(api, cluster, role)
  return { claim, ...(claim !== undefined && { choice: { poolRef: claim.poolRef, considered: [] } }) }
}

/** The facts that decide whether a claim that nobody owns, or that was kept, is adopted. A later step observes those of the Cluster's own claim. */
export function adoptionFacts(
  cluster: Cluster | undefined,
  claim: IPAddressClaim | undefined,
): readonly Fact[] {
  if (cluster === undefined || claim === undefined) return []
  const { owner } = ownershipOf(claim, cluster)
  if (owner === 'previous-cluster' && retainedFor(claim) !== undefined) return ['ipAddress', 'namedAddress']
  return owner === 'nobody' ? ['ipAddress'] : []
}
