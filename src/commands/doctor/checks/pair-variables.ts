import type { EligibilitySettings } from '../../../domain/allocation/action.ts'
import { plainClusterOf } from '../../../domain/allocation/class-gates.ts'
import { whyOneAddress } from '../../../domain/allocation/pair-variables.ts'
import { SnapshotQueries, type Snapshot } from '../../../domain/allocation/snapshot.ts'
import { enabledWord, vipRoleIn } from '../../../domain/allocation/vip-role.ts'
import type { ClusterClass } from '../../../domain/model/cluster-class.ts'
import type { Cluster } from '../../../domain/model/cluster.ts'
import { formatKey } from '../../../domain/model/object-meta.ts'
import { few } from '../../../domain/quote.ts'
import { roles, roleSpecs, type Role } from '../../../domain/role.ts'
import { warning, type CheckOutcome } from './check-result.ts'

/** Warns of ClusterClasses whose templates do not get the second address of the pairs that they, or Clusters of them, ask for. */
export function checkPairVariables(
  snapshot: Snapshot,
  settings: EligibilitySettings,
): readonly CheckOutcome[] {
  const queries = new SnapshotQueries(() => snapshot, settings)
  return [...snapshot.clusterClasses.values()].flatMap((clusterClass) =>
    roles.flatMap((role) => outcomesFor(clusterClass, role, queries)),
  )
}

function outcomesFor(
  clusterClass: ClusterClass,
  role: Role,
  queries: SnapshotQueries,
): readonly CheckOutcome[] {
  const name = `ClusterClass ${formatKey(clusterClass)}`
  const whyFor = (cluster: Cluster): string | undefined => {
    if (enabledWord(cluster, role, clusterClass) === 'false') return undefined
    const vip = vipRoleIn(cluster, role, queries.settings.variables, clusterClass)
    return whyOneAddress(clusterClass, vip)
  }
  const ofClass = whyFor(plainClusterOf(clusterClass))
  if (ofClass !== undefined) return [oneAddress(name, 'all its Clusters', role, ofClass)]
  const asking = queries.clustersOf(clusterClass).flatMap((cluster) => {
    const because = whyFor(cluster)
    return because === undefined ? [] : [{ key: formatKey(cluster), because }]
  })
  const [first] = asking
  if (first === undefined) return []
  const keys = few(asking.map(({ key }) => key))
  return [oneAddress(name, `Cluster ${keys}`, role, first.because)]
}

/** @param whose VIP is a pair */
function oneAddress(name: string, whose: string, role: Role, because: string): CheckOutcome {
  const { vipAnnotation } = roleSpecs[role]
  return warning(
    `${name}: the ${role} VIP is a pair for ${whose}, and their templates get one address of it: ${because}, and no patch reads the annotation ${vipAnnotation}`,
    `give ${name} a variable that takes both addresses, or a patch that reads that annotation (docs/dual-stack.md)`,
  )
}
