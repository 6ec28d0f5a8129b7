import { clusterFrom } from '../../domain/model/cluster.ts'
import { objectOf, type JsonObject } from '../../domain/model/decode.ts'
import { nextSteps } from '../../domain/reason.ts'
import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'
import { planRole } from './role-plan.ts'
import type { Config } from '../../config.ts'
import { exitCodes } from '../../console/exit-code.ts'
import { loadKubeConfig } from '../../kubernetes/transport/kube-config.ts'
import { contextIn } from '../../kubernetes/transport/kube-config-fields.ts'
import { diffOf } from './cluster-diff.ts'
import { appliedOver, readClusterManifests, type ClusterManifest } from './cluster-manifests.ts'
import { withManagementCluster, type ManagementCluster } from '../management-cluster.ts'
import { readClusterObject, readPlanFacts } from './plan-facts.ts'
import { planText, type ClusterPlan } from './plan-text.ts'
import type { CommandSetup } from '../setup.ts'

/** Whom to plan for: a Cluster that exists, or those in manifests. */
export type PlanOptions = { readonly cluster: NamespacedName } | { readonly files: readonly string[] }

/** Shows what a run would do, and writes nothing. */
export async function runPlan(options: PlanOptions, setup: CommandSetup): Promise<number> {
  const { config, console } = setup
  const manifests =
    'files' in options ? (await Promise.all(options.files.map(readClusterManifests))).flat() : []
  const plans = await withManagementCluster(setup, async (managementCluster) =>
    'files' in options
      ? Promise.all(manifests.map((manifest) => planForManifest(managementCluster, config, manifest)))
      : [await planForKey(managementCluster, config, options.cluster)],
  )
  console.print({ plans }, (style) => plans.map((plan) => planText(plan, style)).join('\n\n'))
  return plans.some(actionRequired) ? exitCodes.actionRequired : exitCodes.fine
}

async function planForKey(
  managementCluster: ManagementCluster,
  config: Config,
  key: NamespacedName,
): Promise<ClusterPlan> {
  const object = await readClusterObject(managementCluster.connection, key)
  if (object !== undefined) return planFor(managementCluster, config, object)
  const message = `Cluster ${formatKey(key)} does not exist`
  return { cluster: key, reason: 'ClusterDeleted', message, roles: [] }
}

/** An existing Cluster keeps the fields that the manifest does not name. */
async function planForManifest(
  managementCluster: ManagementCluster,
  config: Config,
  { object, version, name, namespace = defaultNamespace(config) }: ClusterManifest,
): Promise<ClusterPlan> {
  const present = await readClusterObject(managementCluster.connection, { namespace, name }, version)
  const metadata = { ...objectOf(object['metadata']), namespace }
  return planFor(managementCluster, config, appliedOver(present ?? {}, { ...object, metadata }))
}

/** The namespace that `kubectl apply` would use for an object that names none. */
function defaultNamespace(config: Config): string {
  const [namespace] = config.namespaces
  if (namespace !== undefined) return namespace
  return contextIn(loadKubeConfig(config))?.namespace ?? 'default'
}

async function planFor({ api }: ManagementCluster, config: Config, object: JsonObject): Promise<ClusterPlan> {
  const facts = await readPlanFacts(api, object, config)
  const { namespace, name, topology } = clusterFrom(object)
  return {
    cluster: { namespace, name },
    ...(topology !== undefined && { clusterClass: topology.clusterClass }),
    roles: [...facts]
      .map(([role, ofRole]) => planRole(ofRole, role))
      .map(({ patch, ...plan }) => ({
        ...plan,
        nextStep: nextSteps[plan.reason],
        ...(patch !== undefined && { diff: diffOf(formatKey({ namespace, name }), object, patch) }),
      })),
  }
}

function actionRequired(plan: ClusterPlan): boolean {
  return plan.reason !== undefined || plan.roles.some((role) => role.actionRequired)
}
