import { isSameAddress } from './address.ts'
import { isHostOurs, vipOf, type AddressFacts, type ClaimFacts, type ClusterFacts } from './facts.ts'
import { bothRoles, type RoleWords } from './names.ts'
import { isExcused, type Observations } from './observations.ts'
import type { Violation } from './violation.ts'
import type { World } from './world.ts'

/**
 * I3: each VIP that we gave to a Cluster is backed by its claim: under our name, owned by its uid, not on its way out,
 * and bound to an IPAddress with this address. Clusters that are paused or being deleted are not looked at: we may
 * not mend the one, and the other's claim is going.
 */
export function missingClaims(world: World, observations: Observations): readonly Violation[] {
  return world.clusters
    .filter((cluster) => !cluster.isDeleting && !cluster.isPaused && !isExcused(observations, 'I3', cluster))
    .flatMap((cluster) =>
      bothRoles
        .filter((words) => isOurs(cluster, words))
        .flatMap((words) => violationOf(world, cluster, words)),
    )
}

function isOurs(cluster: ClusterFacts, words: RoleWords): boolean {
  return words.role === 'control-plane' ? isHostOurs(cluster) : vipOf(cluster, words) !== ''
}

function violationOf(world: World, cluster: ClusterFacts, words: RoleWords): readonly Violation[] {
  const vip = vipOf(cluster, words)
  const name = `${words.claimPrefix}${cluster.name}`
  const claim = world.claims.find((claim) => claim.namespace === cluster.namespace && claim.name === name)
  const address = world.addresses.find(
    (address) => address.namespace === cluster.namespace && address.name === claim?.addressName,
  )
  const fault = faultOf(cluster, vip, claim, address)
  if (fault === undefined) return []
  return [
    {
      invariant: 'I3',
      message: `Cluster ${cluster.key} (uid ${cluster.uid}) has the ${words.role} VIP ${vip} from us, but its claim ${name} ${fault}`,
    },
  ]
}

function faultOf(
  cluster: ClusterFacts,
  vip: string,
  claim: ClaimFacts | undefined,
  address: AddressFacts | undefined,
): string | undefined {
  if (claim === undefined) return 'does not exist'
  if (!claim.clusterOwners.includes(cluster.uid)) {
    return `is owned by ${claim.clusterOwners.join(', ') || 'no Cluster'}`
  }
  if (claim.isDeleting) return 'is being deleted'
  if (claim.addressName === undefined) return 'is not bound'
  if (address === undefined) return `is bound to IPAddress ${claim.addressName}, which does not exist`
  if (!isSameAddress(address.address, vip)) return `is bound to ${address.address}`
  return undefined
}
