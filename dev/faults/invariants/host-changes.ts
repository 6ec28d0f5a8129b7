import { clusterFacts, isVipWrittenByUs } from './facts.ts'
import { controlPlane } from './names.ts'
import { byUid, type Observations, type Sighting } from './observations.ts'
import type { Violation } from './violation.ts'

/**
 * I2: we never put another host in the place of one. Where the host was empty in between, the one before it still
 * counts if it was ours: machines have it in their certificates, whoever emptied it. A host that others wrote and
 * emptied again is their change of mind. The spelling counts, as it does in certificates.
 */
export function hostChanges({ sightings }: Observations): readonly Violation[] {
  return [...byUid(sightings, 'Cluster').values()].flatMap(changesOfOne)
}

function changesOfOne(versions: readonly Sighting[]): readonly Violation[] {
  const violations: Violation[] = []
  let last: { readonly host: string; readonly byUs: boolean } | undefined
  let wasEmptied = false
  for (const { object, resourceVersion, isGone } of versions) {
    const cluster = clusterFacts(object)
    if (isGone || cluster.host === '') {
      wasEmptied = true
      continue
    }
    if (cluster.host !== last?.host) {
      const byUs = isVipWrittenByUs(cluster, controlPlane)
      if (last !== undefined && byUs && (last.byUs || !wasEmptied)) {
        const through = wasEmptied ? ', through an empty one,' : ''
        violations.push({
          invariant: 'I2',
          message: `we changed the host of Cluster ${cluster.key} (uid ${cluster.uid}) from ${last.host}, written by ${last.byUs ? 'us' : 'others'},${through} to ${cluster.host} at resourceVersion ${resourceVersion}`,
        })
      }
      last = { host: cluster.host, byUs }
    }
    wasEmptied = false
  }
  return violations
}
