import { isSameAddress } from './address.ts'
import {
  claimNamesOf,
  isHostOurs,
  secondVipOf,
  vipOf,
  type AddressFacts,
  type ClaimFacts,
  type ClusterFacts,
} from './facts.ts'
import { bothRoles, type RoleWords } from './names.ts'
import { isExcused, type Observations } from './observations.ts'
import type { Violation } from './violation.ts'
import type { SnapshotFacts } from './snapshot-facts.ts'

/**
 * I3: behind each VIP that we gave to a Cluster stands its claim: under one of our names, owned by the Cluster's uid, not in
 * deletion, and bound to an IPAddress with this address. Excepted are paused Clusters, which we must not repair, and
 * Clusters in deletion, whose claim goes too.
 */
export function missingClaims(facts: SnapshotFacts, observations: Observations): readonly Violation[] {
  return facts.clusters
    .filter((cluster) => !cluster.isDeleting && !cluster.isPaused && !isExcused(observations, 'I3', cluster))
    .flatMap((cluster) =>
      bothRoles
        .filter((words) => isOurs(cluster, words))
        .flatMap((words) => [
          ...violationOf(facts, cluster, words, vipOf(cluster, words), words.claimPrefix),
          ...(secondVipOf(cluster, words) === ''
            ? []
            : violationOf(facts, cluster, words, secondVipOf(cluster, words), words.secondClaimPrefix)),
        ]),
    )
}

function isOurs(cluster: ClusterFacts, words: RoleWords): boolean {
  return words.role === 'control-plane' ? isHostOurs(cluster) : vipOf(cluster, words) !== ''
}

function violationOf(
  facts: SnapshotFacts,
  cluster: ClusterFacts,
  words: RoleWords,
  vip: string,
  claimPrefix: string,
): readonly Violation[] {
  const names = claimNamesOf(cluster, claimPrefix)
  const claims = facts.claims.filter(
    ({ namespace, name }) => namespace === cluster.namespace && names.includes(name),
  )
  const claim = claims.find(({ clusterOwners }) => clusterOwners.includes(cluster.uid)) ?? claims[0]
  const name = claim?.name ?? names[0]
  const address = facts.addresses.find(
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
