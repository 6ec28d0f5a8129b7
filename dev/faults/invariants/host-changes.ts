import { clusterFacts, isVipWrittenByUs } from './facts.ts'
import { controlPlane } from './names.ts'
import { byUid, type Observations, type RecordedVersion } from './observations.ts'
import type { Violation } from './violation.ts'

/**
 * I2: we never replace a host by another one. If the host was empty in between, the one before still counts if it was
 * ours: it is in the machines' certificates, no matter who emptied it. Others may replace a host that they wrote and
 * emptied. Hosts are compared as text, as in certificates.
 */
export function hostChanges({ versions }: Observations): readonly Violation[] {
  return [...byUid(versions, 'Cluster').values()].flatMap(changesOfOne)
}

function changesOfOne(versions: readonly RecordedVersion[]): readonly Violation[] {
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
