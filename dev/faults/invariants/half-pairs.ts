import { isIPv6 } from 'node:net'
import { isSameAddress } from './address.ts'
import { addressesOf, clusterFacts, isHostOurs, vipOf, type ClusterFacts } from './facts.ts'
import { bothRoles, controlPlane, ipFamiliesAnnotation, type RoleWords } from './names.ts'
import { inOrder, type Observations } from './observations.ts'
import type { Violation } from './violation.ts'

/**
 * I10: a pair is whole or absent. In every version of a Cluster that asks for two families by its own annotation, a VIP of ours
 * has one address of each, that of the first family first, and the annotation records both.
 */
export function halfPairs({ versions }: Observations): readonly Violation[] {
  const found = new Map<string, Violation>()
  for (const { kind, isGone, object, resourceVersion } of inOrder(versions)) {
    if (kind !== 'Cluster' || isGone) continue
    const cluster = clusterFacts(object)
    for (const words of bothRoles) {
      const fault = faultOf(cluster, words)
      const id = `${cluster.uid} ${words.role}`
      if (fault === undefined || found.has(id)) continue
      const message = `Cluster ${cluster.key} (uid ${cluster.uid}) asks for a pair, and its ${words.role} VIP ${fault} at resourceVersion ${resourceVersion}`
      found.set(id, { invariant: 'I10', message })
    }
  }
  return [...found.values()]
}

function faultOf(cluster: ClusterFacts, words: RoleWords): string | undefined {
  const families = (cluster.annotations[ipFamiliesAnnotation] ?? '').split(',')
  const isOurs = words.role === controlPlane.role ? isHostOurs(cluster) : vipOf(cluster, words) !== ''
  if (families.length !== 2 || !isOurs) return undefined
  const addresses = addressesOf(cluster, words)
  const has = addresses.map((address) => (isIPv6(address) ? 'IPv6' : 'IPv4'))
  if (has.join() !== families.join()) return `is ${addresses.join(' and ')}`
  const [recorded = ''] = (cluster.annotations[words.vipAnnotation] ?? '').split(',')
  return isSameAddress(recorded, vipOf(cluster, words)) ? undefined : `is recorded as ${recorded}`
}
