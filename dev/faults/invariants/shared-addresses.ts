import { uidOf } from '../../stack/raw-watch.ts'
import { canonicalAddress } from './address.ts'
import { addressesOf, clusterFacts, isVipWrittenByUs, writersOfVip, type ClusterFacts } from './facts.ts'
import { bothRoles, ourManager, type RoleWords } from './names.ts'
import { defaultGraceMs, inOrder, type Observations, type RecordedVersion } from './observations.ts'
import type { Violation } from './violation.ts'

/** A Cluster's use of an address for a role, since the first version that shows it. */
interface Use {
  readonly id: string
  readonly cluster: ClusterFacts
  readonly words: RoleWords
  readonly address: string
  readonly byUs: boolean
  readonly since: bigint
  readonly writtenAt: number
}

/**
 * I1: two uses never share an address. A use is a Cluster's host or its ingress VIP. Clusters in deletion count, and
 * so do the two roles of one Cluster. IPv6 addresses are equal in any spelling.
 *
 * Excused are two uses written by others, and one written by others after ours (by resourceVersion) or so shortly
 * before (the grace) that we could not know it. The time of a write is that of the API server's clock, so gaps in the
 * recording do not matter.
 */
export function sharedAddresses({ versions, graceMs = defaultGraceMs }: Observations): readonly Violation[] {
  const uses = new Map<string, readonly Use[]>()
  const found = new Map<string, Violation>()
  for (const version of inOrder(versions)) {
    if (version.kind !== 'Cluster') continue
    const uid = uidOf(version.object)
    const mine = version.isGone ? [] : usesIn(version, uses.get(uid) ?? [])
    uses.set(uid, mine)
    const all = [...uses.values()].flat()
    for (const use of mine) {
      for (const other of all) {
        if (other.id === use.id || other.address !== use.address || isExcusable(use, other, graceMs)) continue
        const pair = [use.id, other.id, use.address].toSorted().join()
        if (!found.has(pair)) found.set(pair, violationOf(other, use, version))
      }
    }
  }
  return [...found.values()]
}

function usesIn(version: RecordedVersion, before: readonly Use[]): readonly Use[] {
  const cluster = clusterFacts(version.object)
  const uses = bothRoles.flatMap((words) =>
    addressesOf(cluster, words).map((address, index) => ({
      words,
      address: canonicalAddress(address),
      id: `${cluster.uid} ${words.role}${index === 0 ? '' : ' second'}`,
    })),
  )
  return uses.flatMap(({ words, address, id }) => {
    const known = before.find((use) => use.id === id && use.address === address)
    if (known !== undefined) return [{ ...known, cluster }]
    const byUs = isVipWrittenByUs(cluster, words)
    const since = version.resourceVersion
    return [{ id, cluster, words, address, byUs, since, writtenAt: writtenAt(version, cluster, words, byUs) }]
  })
}

function writtenAt(version: RecordedVersion, cluster: ClusterFacts, words: RoleWords, byUs: boolean): number {
  const times = writersOfVip(cluster, words)
    .filter(({ manager }) => (manager === ourManager) === byUs)
    .map(({ time }) => Date.parse(time))
    .filter((time) => !Number.isNaN(time))
  return times.length === 0 ? version.at : Math.max(...times)
}

function isExcusable(one: Use, other: Use, graceMs: number): boolean {
  if (one.byUs && other.byUs) return false
  const ours = one.byUs ? one : other
  const theirs = ours === one ? other : one
  if (!ours.byUs) return true
  return theirs.since > ours.since || ours.writtenAt - theirs.writtenAt < graceMs
}

function violationOf(first: Use, second: Use, { resourceVersion }: RecordedVersion): Violation {
  return {
    invariant: 'I1',
    message: `${first.address} is ${describe(first)} and ${describe(second)} at resourceVersion ${resourceVersion}`,
  }
}

function describe({ cluster, words, byUs, since }: Use): string {
  const what = words.role === 'control-plane' ? 'host' : 'ingress VIP'
  return `${what} of Cluster ${cluster.key} (uid ${cluster.uid}, written by ${byUs ? 'us' : 'others'} at ${since})`
}
