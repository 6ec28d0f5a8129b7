import { uidOf } from '../../stack/raw-watch.ts'
import { canonicalAddress } from './address.ts'
import { clusterFacts, isVipWrittenByUs, vipOf, writersOfVip, type ClusterFacts } from './facts.ts'
import { bothRoles, ourManager, type RoleWords } from './names.ts'
import { defaultGraceMs, inOrder, type Observations, type Sighting } from './observations.ts'
import type { Violation } from './violation.ts'

/** A Cluster's use of an address, from the version in which it first showed it for this role. */
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
 * I1: at no moment do two uses share an address. A use is a Cluster's host or its ingress VIP; Clusters that are
 * being deleted count, and so do two roles of one Cluster. IPv6 counts in any spelling.
 *
 * Excused are two uses that others wrote, and one that others wrote after ours (by resourceVersion) or so shortly
 * before (the grace) that we cannot have known. When a use was written is told by the API server's clock, so that
 * the recorder's blind moments do not matter.
 */
export function sharedAddresses({ sightings, graceMs = defaultGraceMs }: Observations): readonly Violation[] {
  const uses = new Map<string, readonly Use[]>()
  const found = new Map<string, Violation>()
  for (const sighting of inOrder(sightings)) {
    if (sighting.kind !== 'Cluster') continue
    const uid = uidOf(sighting.object)
    const mine = sighting.isGone ? [] : usesIn(sighting, uses.get(uid) ?? [])
    uses.set(uid, mine)
    const all = [...uses.values()].flat()
    for (const use of mine) {
      for (const other of all) {
        if (other.id === use.id || other.address !== use.address || isExcusable(use, other, graceMs)) continue
        const pair = [use.id, other.id, use.address].toSorted().join()
        if (!found.has(pair)) found.set(pair, violationOf(other, use, sighting))
      }
    }
  }
  return [...found.values()]
}

function usesIn(sighting: Sighting, before: readonly Use[]): readonly Use[] {
  const cluster = clusterFacts(sighting.object)
  return bothRoles.flatMap((words) => {
    const address = canonicalAddress(vipOf(cluster, words))
    if (address === '') return []
    const id = `${cluster.uid} ${words.role}`
    const known = before.find((use) => use.id === id && use.address === address)
    if (known !== undefined) return [{ ...known, cluster }]
    const byUs = isVipWrittenByUs(cluster, words)
    const since = sighting.resourceVersion
    return [
      { id, cluster, words, address, byUs, since, writtenAt: writtenAt(sighting, cluster, words, byUs) },
    ]
  })
}

function writtenAt(sighting: Sighting, cluster: ClusterFacts, words: RoleWords, byUs: boolean): number {
  const times = writersOfVip(cluster, words)
    .filter(({ manager }) => (manager === ourManager) === byUs)
    .map(({ time }) => Date.parse(time))
    .filter((time) => !Number.isNaN(time))
  return times.length === 0 ? sighting.at : Math.max(...times)
}

function isExcusable(one: Use, other: Use, graceMs: number): boolean {
  if (one.byUs && other.byUs) return false
  const ours = one.byUs ? one : other
  const theirs = ours === one ? other : one
  if (!ours.byUs) return true
  return theirs.since > ours.since || ours.writtenAt - theirs.writtenAt < graceMs
}

function violationOf(first: Use, second: Use, { resourceVersion }: Sighting): Violation {
  return {
    invariant: 'I1',
    message: `${first.address} is ${describe(first)} and ${describe(second)} at resourceVersion ${resourceVersion}`,
  }
}

function describe({ cluster, words, byUs, since }: Use): string {
  const what = words.role === 'control-plane' ? 'host' : 'ingress VIP'
  return `${what} of Cluster ${cluster.key} (uid ${cluster.uid}, written by ${byUs ? 'us' : 'others'} at ${since})`
}
