import { arrayOf, objectOf, stringOf } from '../../../src/domain/model/decode.ts'
import { vipOf, type ClusterFacts } from './facts.ts'
import { bothRoles, type RoleWords } from './names.ts'
import type { Violation } from './violation.ts'
import type { SnapshotFacts } from './snapshot-facts.ts'

/** I8: if a Cluster's condition reports a VIP of ours, the Cluster has this VIP. */
export function untrueConditions(facts: SnapshotFacts): readonly Violation[] {
  return facts.clusters
    .filter((cluster) => !cluster.isDeleting && !cluster.isPaused)
    .flatMap((cluster) => bothRoles.flatMap((words) => untruthOf(cluster, words)))
}

function untruthOf(cluster: ClusterFacts, words: RoleWords): readonly Violation[] {
  const condition = arrayOf(objectOf(cluster.object['status'])['conditions'])
    .map(objectOf)
    .find((each) => each['type'] === words.conditionType)
  if (condition?.['reason'] !== 'Allocated') return []
  const [vip, reported] = [vipOf(cluster, words), stringOf(condition['message'])]
  // IPv6 has brackets where a port follows.
  if (vip !== '' && reported.replace(/^\[(.*?)\]/, '$1').startsWith(vip)) return []
  const message = `Cluster ${cluster.key} (uid ${cluster.uid}) says of its ${words.role} VIP ${JSON.stringify(reported)}, and has ${JSON.stringify(vip)}`
  return [{ invariant: 'I8', message }]
}
