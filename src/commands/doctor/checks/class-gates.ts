import type { EligibilitySettings } from '../../../domain/allocation/action.ts'
import { gatesOf, plainClusterOf, type ClassGate } from '../../../domain/allocation/class-gates.ts'
import { desireFor, poolRequestFor } from '../../../domain/allocation/eligibility.ts'
import { matchingPools } from '../../../domain/allocation/pool-selection.ts'
import { SnapshotQueries, type Snapshot } from '../../../domain/allocation/snapshot.ts'
import { vipOwnershipOf } from '../../../domain/allocation/vip-ownership.ts'
import type { ClusterClass } from '../../../domain/model/cluster-class.ts'
import type { Cluster } from '../../../domain/model/cluster.ts'
import type { ExtensionConfig } from '../../../domain/model/extension-config.ts'
import { formatKey } from '../../../domain/model/object-meta.ts'
import { few } from '../../../domain/quote.ts'
import { defaultRole, roleSpecs } from '../../../domain/role.ts'
import { ok, warning, type CheckOutcome, type Reading } from './check-result.ts'

/**
 * Checks that every ClusterClass whose Clusters get a control-plane VIP makes them wait for it: else Cluster API creates
 * the infrastructure cluster without it.
 *
 * @param extensionConfigs those that cannot be read count as somebody else's
 */
export function checkClassGates(
  snapshot: Snapshot,
  settings: EligibilitySettings,
  extensionConfigs: Reading<readonly ExtensionConfig[]>,
): readonly CheckOutcome[] {
  const queries = new SnapshotQueries(() => snapshot, settings)
  const handlers =
    'read' in extensionConfigs ? extensionConfigs.read.flatMap((config) => config.handlers) : []
  const classes = [...snapshot.clusterClasses.values()]
  const concerned = classes.filter((each) => hasVips(each, queries))
  const others = classes.filter((each) => !concerned.includes(each))
  return [
    ...concerned.map((clusterClass) => {
      const { gates, notGates } = gatesOf(clusterClass, settings.variables, handlers)
      const [first] = gates
      return first === undefined ? noGate(clusterClass, notGates) : ok(describe(clusterClass, first))
    }),
    ...(others.length === 0
      ? []
      : [
          ok(
            `ClusterClass ${few(others.map(formatKey))} needs no gate: no pool serves it, or it wants no VIP`,
          ),
        ]),
  ]
}

/** Whether Clusters of the class get a control-plane VIP: those that there are, or the next one. */
function hasVips(clusterClass: ClusterClass, queries: SnapshotQueries): boolean {
  const wantsVip = (cluster: Cluster): boolean => {
    const facts = { ...queries.contextOf(cluster), clusterClass }
    return (
      desireFor(cluster, defaultRole, facts).desired === 'yes' &&
      vipOwnershipOf(cluster, queries.vipOf(cluster, defaultRole)).state !== 'external'
    )
  }
  const next = plainClusterOf(clusterClass)
  const isServed =
    matchingPools(poolRequestFor(next, defaultRole, { clusterClass }), queries.contextOf(next).pools).length >
    0
  return (isServed && wantsVip(next)) || queries.clustersOf(clusterClass).some(wantsVip)
}

function describe(clusterClass: ClusterClass, gate: ClassGate): string {
  const name = `ClusterClass ${formatKey(clusterClass)}`
  switch (gate.gate) {
    case 'generate-patches':
      return `${name} waits for the VIP: its external patch ${gate.handler} writes it`
    case 'fail':
      return `${name} waits for the VIP: patch ${gate.patch} fails without ${gate.until}`
    case 'variable':
      return `${name} waits for the VIP: patch ${gate.patch} reads the variable ${gate.variable}`
    case 'before-cluster-create':
      return `${name} waits for the VIP: ${gate.handler} holds up its new Clusters`
    case 'required-variable':
      return `${name} requires the variable ${gate.variable}: if a Cluster gives it empty, its templates have an empty host until the VIP is there`
    case 'foreign-extension':
      return `${name} may wait for the VIP: its external patch ${gate.handler} decides`
    default:
      return gate satisfies never
  }
}

function noGate(clusterClass: ClusterClass, notGates: readonly string[]): CheckOutcome {
  const name = `ClusterClass ${formatKey(clusterClass)}`
  const why = notGates.length === 0 ? 'no patch reads the VIP' : notGates.join('; ')
  const { enabledAnnotation } = roleSpecs[defaultRole]
  return warning(
    `${name} has no gate, so the infrastructure cluster can come without the VIP: ${why}`,
    `add a gate to ${name} (docs/gates.md), or annotate it with ${enabledAnnotation}: "false" if its provider has an address of its own`,
  )
}
