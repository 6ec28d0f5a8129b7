import type { ClusterClass } from '../cluster-class.ts'
import type { Cluster } from '../cluster.ts'
import { explicitPoolOf, poolRequestFor } from '../eligibility.ts'
import { ingressEnabledAnnotation, ownPrefix } from '../identifiers.ts'
import { isIPAddress } from '../ip-address.ts'
import { formatKey } from '../object-meta.ts'
import type { IPPool } from '../pool.ts'
import { howToAdd, matchingPools } from '../pool-selection.ts'
import { quoted } from '../quote.ts'
import { roleNames, roles, type Role } from '../role.ts'
import { recordedVip } from '../standing.ts'
import { poolsFor } from './cluster-classes.ts'
import { counted, fault, orOk, warning, type Judgment } from './finding.ts'
import { suggestion } from './nearest.ts'
import { clusterKeys, strangeKeys } from './own-keys.ts'

/** Judges what people wrote on Clusters: annotations that cannot be read, and what is probably a slip. */
export function judgeClusters(
  clusters: readonly Cluster[],
  clusterClasses: readonly ClusterClass[],
  pools: readonly IPPool[],
): readonly Judgment[] {
  const problems = [
    ...clusters.flatMap((cluster) => clusterProblems(cluster, poolsFor(cluster, pools))),
    ...clusters.flatMap((cluster) => gateProblems(`Cluster ${formatKey(cluster)}`, cluster)),
    ...clusterClasses.flatMap((each) => gateProblems(`ClusterClass ${formatKey(each)}`, each)),
  ]
  return orOk(problems, `annotations of ${counted(clusters.length, 'Cluster')} can be read`)
}

function clusterProblems(cluster: Cluster, pools: readonly IPPool[]): readonly Judgment[] {
  const name = `Cluster ${formatKey(cluster)}`
  const strange = strangeKeys(cluster, clusterKeys).map((each) =>
    warning(`${name}: ${each}`, `correct or remove it on ${name}`),
  )
  return [
    ...strange,
    ...ingressProblems(name, cluster),
    ...roles.flatMap((role) => [
      ...poolProblems(name, cluster, role, pools),
      ...recordProblems(name, cluster, role),
    ]),
  ]
}

function ingressProblems(name: string, cluster: Cluster): readonly Judgment[] {
  const word = cluster.annotations[ingressEnabledAnnotation]
  if (word === undefined || word === 'true' || word === 'false') return []
  return [
    fault(
      `${name}: ${ingressEnabledAnnotation} is ${quoted(word)}, expected "true" or "false"`,
      `kubectl --namespace ${cluster.namespace} annotate --overwrite cluster ${cluster.name} ${ingressEnabledAnnotation}=true, or =false`,
    ),
  ]
}

function poolProblems(
  name: string,
  cluster: Cluster,
  role: Role,
  pools: readonly IPPool[],
): readonly Judgment[] {
  const wanted = explicitPoolOf(cluster, role)
  const request = poolRequestFor(cluster, role)
  if (wanted === undefined || matchingPools(request, pools).length > 0) return []
  const named = suggestion(
    wanted,
    pools.flatMap((pool) => [pool.name, `${pool.kind}/${pool.name}`]),
  )
  return [
    fault(
      `${name}: ${roleNames[role].poolAnnotation} is ${quoted(wanted)}, and it can use no such pool${named}`,
      howToAdd(request),
    ),
  ]
}

function recordProblems(name: string, cluster: Cluster, role: Role): readonly Judgment[] {
  const recorded = recordedVip(cluster, role)
  if (recorded === undefined || isIPAddress(recorded)) return []
  const { vipAnnotation } = roleNames[role]
  return [
    warning(
      `${name}: ${vipAnnotation} is ${quoted(recorded)}, expected the address that the allocator wrote`,
      `remove ${vipAnnotation} from ${name}, unless its VIP was assigned by the allocator: then write that address`,
    ),
  ]
}

/** A Cluster never becomes available by a gate that nobody writes. */
function gateProblems(
  name: string,
  { availabilityGates }: Pick<Cluster, 'availabilityGates'>,
): readonly Judgment[] {
  const written = roles.map((role) => roleNames[role].conditionType)
  return availabilityGates
    .filter((gate) => gate.startsWith(`${ownPrefix}/`) && !written.includes(gate))
    .map((gate) =>
      fault(
        `${name}: spec.availabilityGates names ${quoted(gate)}, which nobody writes${suggestion(gate, written)}`,
        `correct spec.availabilityGates of ${name}; there are ${written.join(' and ')}`,
      ),
    )
}
