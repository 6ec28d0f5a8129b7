import { addressFamilies, familyOfAddress, type AddressFamily } from '../model/address-text.ts'
import type { ClusterClass } from '../model/cluster-class.ts'
import type { Cluster } from '../model/cluster.ts'
import { commaSeparated, nonEmptyStringOf } from '../model/decode.ts'
import { formatKey } from '../model/object-meta.ts'
import { ipFamiliesAnnotation, ipFamiliesPolicyAnnotation } from '../names.ts'
import { quoted } from '../quote.ts'
import { partSpecs, type Role, type VipPart } from '../role.ts'

/** The two addresses of a pair, the endpoint's or preferred one first. */
export type AddressPair = readonly [first: string, second: string]

/** The annotations about address families, on a Cluster or its ClusterClass. */
export const familiesAnnotations: readonly string[] = [ipFamiliesAnnotation, ipFamiliesPolicyAnnotation]

/** Of a pair whose second address cannot be had: `hold` keeps the first one meanwhile, `give-back` does not. */
const policies = ['hold', 'give-back'] as const

type AnnotatedCluster = Pick<Cluster, 'annotations' | 'namespace' | 'name'>

/** The Cluster's annotations go before those of its class. */
function wordOf(
  cluster: AnnotatedCluster,
  clusterClass: ClusterClass | undefined,
  annotation: string,
): string | undefined {
  return cluster.annotations[annotation] ?? clusterClass?.annotations[annotation]
}

/**
 * The address families that a Cluster or its class asks for, the preferred one first; undefined: any, or the annotation is
 * invalid.
 */
export function askedFamilies(
  cluster: AnnotatedCluster,
  clusterClass: ClusterClass | undefined,
): readonly AddressFamily[] | undefined {
  const word = wordOf(cluster, clusterClass, ipFamiliesAnnotation)
  return word === undefined ? undefined : familiesNamed(word)
}

function familiesNamed(word: string): readonly AddressFamily[] | undefined {
  const entries = word.split(',').map((entry) => entry.trim())
  const families = addressFamilies.filter((family) => entries.includes(family))
  const isValid = families.length > 0 && families.length === entries.length
  return isValid ? families.toSorted((a, b) => entries.indexOf(a) - entries.indexOf(b)) : undefined
}

/** Whether a Cluster is to hold neither address of a pair while it cannot have both. */
export function givesBackAlone(cluster: AnnotatedCluster, clusterClass: ClusterClass | undefined): boolean {
  return wordOf(cluster, clusterClass, ipFamiliesPolicyAnnotation)?.trim() === 'give-back'
}

/** What is wrong with the annotations about address families; undefined if nothing is. @param name of the Cluster */
export function whyFamiliesUnreadable(
  cluster: AnnotatedCluster,
  clusterClass: ClusterClass | undefined,
  name = `Cluster ${formatKey(cluster)}`,
): string | undefined {
  const sourceOf = (annotation: string): string =>
    annotation in cluster.annotations || clusterClass === undefined
      ? name
      : `ClusterClass ${formatKey(clusterClass)}`
  const fault = (annotation: string, word: string, expected: string): string =>
    `annotation ${annotation} of ${sourceOf(annotation)} is ${quoted(word)}, expected ${expected}`
  const word = wordOf(cluster, clusterClass, ipFamiliesAnnotation)
  if (word !== undefined && familiesNamed(word) === undefined) {
    return fault(ipFamiliesAnnotation, word, '"IPv4", "IPv6", "IPv4,IPv6" or "IPv6,IPv4"')
  }
  const policy = wordOf(cluster, clusterClass, ipFamiliesPolicyAnnotation)
  if (policy !== undefined && !policies.some((each) => each === policy.trim())) {
    return fault(ipFamiliesPolicyAnnotation, policy, policies.map((each) => `"${each}"`).join(' or '))
  }
  return undefined
}

/** Reads the text of a pair, `first,second`; undefined: it is no pair of one address of each family. */
export function pairIn(record: string): AddressPair | undefined {
  if (!record.includes(',')) return undefined
  const [first = '', second = '', ...more] = commaSeparated(record)
  const families = [familyOfAddress(first), familyOfAddress(second)]
  const isPair = more.length === 0 && !families.includes(undefined) && families[0] !== families[1]
  return isPair ? [first, second] : undefined
}

/** The pair that we assigned, as our annotation records it; undefined if that records one address, or none. */
export function recordedPair(
  { annotations }: Pick<Cluster, 'annotations'>,
  role: Role,
): AddressPair | undefined {
  const record = annotations[partSpecs[role].vipAnnotation]
  return record === undefined ? undefined : pairIn(record)
}

/** The address that we assigned, as our annotation records it. */
export function recordedVip(cluster: Pick<Cluster, 'annotations'>, part: VipPart): string | undefined {
  const { vipAnnotation, role, isSecond } = partSpecs[part]
  const pair = recordedPair(cluster, role)
  if (pair !== undefined) return pair[isSecond ? 1 : 0]
  return isSecond ? undefined : nonEmptyStringOf(cluster.annotations[vipAnnotation])
}

/** The network of an address; `""`: the one that has no name. A pair records both, if either has a name. */
export function networkOfVip(cluster: Pick<Cluster, 'annotations'>, part: VipPart): string {
  const { networkAnnotation, role, isSecond } = partSpecs[part]
  const text = cluster.annotations[networkAnnotation]?.trim() ?? ''
  if (recordedPair(cluster, role) === undefined) return isSecond ? '' : text
  const [first = '', second = ''] = text.split(',').map((entry) => entry.trim())
  return isSecond ? second : first
}

/** How a pair records its networks. */
export function formatNetworks(first: string, second: string): string {
  return first === '' && second === '' ? '' : `${first},${second}`
}

/** The family that an address of a VIP has or is to have; undefined: any. The record of a pair goes before what is asked for. */
export function familyFor(
  cluster: Cluster,
  part: VipPart,
  clusterClass: ClusterClass | undefined,
): AddressFamily | undefined {
  const { role, isSecond } = partSpecs[part]
  const families =
    recordedPair(cluster, role)?.map(familyOfAddress) ?? askedFamilies(cluster, clusterClass) ?? []
  return families[isSecond ? 1 : 0]
}
