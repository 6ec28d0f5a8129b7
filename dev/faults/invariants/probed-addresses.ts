import { canonicalAddress } from './address.ts'
import { askedAddress } from './asked-addresses.ts'
import { addressesOf, addressFacts, clusterFacts, isVipWrittenByUs, type ClusterFacts } from './facts.ts'
import { bothRoles, inUseAnnotation, reservedByLabel, type RoleWords } from './names.ts'
import {
  byUid,
  defaultGraceMs,
  lastBefore,
  type AnsweringHost,
  type Observations,
  type RecordedVersion,
} from './observations.ts'
import type { Violation } from './violation.ts'

/** An address that we have written to a Cluster for the first time. */
interface Assignment {
  readonly cluster: ClusterFacts
  readonly words: RoleWords
  readonly address: string
  readonly version: RecordedVersion
}

/**
 * I14: an address at which something answers is assigned to nobody. No Cluster gets one
 *
 * - while a reservation says that it is in use, or
 * - if a host answered there all the time, from before the provider had given it until it was assigned.
 *
 * Exempt are a VIP that the Cluster had before, and an address that it asks for: these are not probed.
 */
export function answeringAddresses(observations: Observations): readonly Violation[] {
  const { versions, answered = [], graceMs = defaultGraceMs } = observations
  const addresses = [...byUid(versions, 'IPAddress').values()]
  return assignmentsIn(versions).flatMap((assignment) => {
    const why = reservedBy(assignment, addresses) ?? answeredBy(assignment, addresses, answered, graceMs)
    if (why === undefined) return []
    const { cluster, words, address, version } = assignment
    const message = `we gave Cluster ${cluster.key} (uid ${cluster.uid}) the ${words.role} VIP ${address} at resourceVersion ${version.resourceVersion}, ${why}`
    return [{ invariant: 'I14', message }]
  })
}

function assignmentsIn(versions: readonly RecordedVersion[]): readonly Assignment[] {
  return [...byUid(versions, 'Cluster').values()].flatMap((ofOne) => {
    const hadBefore = new Set<string>()
    return ofOne.flatMap((version) => {
      if (version.isGone) return []
      const cluster = clusterFacts(version.object)
      return bothRoles.flatMap((words) => {
        const recorded = (cluster.annotations[words.vipAnnotation] ?? '').split(',')
        const found = [
          ...new Set([...addressesOf(cluster, words), ...recorded].map(canonicalAddress)),
        ].filter((address) => address !== '' && !hadBefore.has(`${words.role} ${address}`))
        for (const address of found) hadBefore.add(`${words.role} ${address}`)
        const isOurs = isVipWrittenByUs(cluster, words) && askedAddress(cluster, words) === undefined
        // A list may show a VIP long after it was written.
        if (!isOurs || version.by === 'list') return []
        return found.map((address) => ({ cluster, words, address, version }))
      })
    })
  })
}

function reservedBy(
  { address, version }: Assignment,
  addresses: readonly (readonly RecordedVersion[])[],
): string | undefined {
  const found = addresses
    .map((ofOne) => lastBefore(ofOne, version.resourceVersion))
    .filter((each) => each !== undefined)
    .map(({ object }) => addressFacts(object))
    .find((each) => canonicalAddress(each.address) === address && inUseAnnotation in each.annotations)
  return found && `which IPAddress ${found.key} reserves: ${found.annotations[inUseAnnotation]}`
}

function answeredBy(
  { address, version }: Assignment,
  addresses: readonly (readonly RecordedVersion[])[],
  answered: readonly AnsweringHost[],
  graceMs: number,
): string | undefined {
  const given = addresses
    .filter((ofOne) => lastBefore(ofOne, version.resourceVersion) !== undefined)
    .flatMap((ofOne) => ofOne.slice(0, 1))
    .filter(({ by }) => by === 'watch')
    .find((first) => {
      const facts = addressFacts(first.object)
      return canonicalAddress(facts.address) === address && !(reservedByLabel in facts.labels)
    })
  if (given === undefined) return undefined
  const host = answered.find(
    (each) =>
      canonicalAddress(each.address) === address &&
      each.from < given.at - graceMs &&
      (each.to === undefined || each.to > version.at),
  )
  return host && `where a host has answered since ${new Date(host.from).toISOString()}`
}
