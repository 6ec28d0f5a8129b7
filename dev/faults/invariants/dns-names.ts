import { isIPv6 } from 'node:net'
import { canonicalAddress } from './address.ts'
import { addressesOf, vipOf, type ClusterFacts, type DnsEndpointFacts } from './facts.ts'
import { bothRoles, reserveEndpointAnnotation, roleKey, type RoleWords } from './names.ts'
import type { Observations } from './observations.ts'
import type { SnapshotFacts } from './snapshot-facts.ts'
import type { Violation } from './violation.ts'

/**
 * I15: the DNS name of a VIP leads to it. Each VIP that we have assigned has a DNSEndpoint, which its Cluster owns, with a record for
 * each address and nothing else; and none of ours outlives its Cluster. Excepted are Clusters that are paused or being deleted,
 * and endpoints that were set by hand, be they reserved or not.
 */
export function wrongDnsNames(facts: SnapshotFacts, observations: Observations): readonly Violation[] {
  const { dnsNameOf } = observations
  if (dnsNameOf === undefined) return []
  const { clusters, dnsEndpoints } = facts
  const leftOver = dnsEndpoints
    .filter(({ labels }) => roleKey in labels)
    .filter(({ clusterOwners }) => !clusters.some(({ uid }) => clusterOwners.includes(uid)))
    .map(({ key }) => `DNSEndpoint ${key} is left over; its Cluster does not exist`)
  const wrong = clusters
    .filter((cluster) => !cluster.isDeleting && !cluster.isPaused && !isReserved(cluster))
    .flatMap((cluster) =>
      bothRoles
        .filter((words) => isAssigned(cluster, words))
        .flatMap((words) => faultOf(cluster, words, dnsEndpoints, dnsNameOf(cluster, words)) ?? []),
    )
  return [...leftOver, ...wrong].map((message) => ({ invariant: 'I15', message }))
}

function isReserved({ annotations }: ClusterFacts): boolean {
  return annotations[reserveEndpointAnnotation] === 'true'
}

/** Whether our annotation records the VIP that the Cluster has. */
function isAssigned(cluster: ClusterFacts, words: RoleWords): boolean {
  const [recorded = ''] = (cluster.annotations[words.vipAnnotation] ?? '').split(',')
  return recorded.trim() !== '' && recorded.trim() === vipOf(cluster, words)
}

function faultOf(
  cluster: ClusterFacts,
  words: RoleWords,
  dnsEndpoints: readonly DnsEndpointFacts[],
  dnsName: string,
): string | undefined {
  const key = `${cluster.namespace}/${words.claimPrefix}${cluster.name}`
  const wanted = addressesOf(cluster, words).map((address) => {
    const target = canonicalAddress(address)
    return `${dnsName} ${isIPv6(target) ? 'AAAA' : 'A'} ${target}`
  })
  const whose = `Cluster ${cluster.key} (uid ${cluster.uid}) should have the DNS name ${wanted.join(' and ')}`
  const found = dnsEndpoints.find((each) => each.key === key)
  if (found === undefined) return `${whose}, and DNSEndpoint ${key} does not exist`
  if (!found.clusterOwners.includes(cluster.uid)) {
    return `${whose}, and DNSEndpoint ${key} is owned by ${found.clusterOwners.join(', ') || 'no Cluster'}`
  }
  const has = found.records.join(' and ')
  return has === wanted.join(' and ')
    ? undefined
    : `${whose}, and DNSEndpoint ${key} says ${has || 'nothing'}`
}
