import { formatKey } from '../../../domain/model/object-meta.ts'
import { ok, skipped, warning, type CheckOutcome } from './check-result.ts'
import {
  availabilityProblems,
  coreProvider,
  describe,
  isBefore,
  providerLabel,
  versionIn,
  type ProgramDeployment,
} from './provider-deployment.ts'

/** Checks the Deployment of Cluster API's core manager. */
export function checkCore(deployments: readonly ProgramDeployment[]): readonly CheckOutcome[] {
  if (deployments.length === 0) {
    return [
      skipped(`no Deployment has the label ${providerLabel}=${coreProvider}: its version cannot be known`),
    ]
  }
  return deployments.flatMap((deployment) => {
    const problems = [
      ...availabilityProblems('Cluster API core', deployment),
      ...coreVersionProblems(deployment),
      ...topologyProblems(deployment),
    ]
    return problems.length > 0 ? problems : [ok(`${describe(deployment)} is available`)]
  })
}

function coreVersionProblems(deployment: ProgramDeployment): readonly CheckOutcome[] {
  const version = versionIn(deployment.image)
  if (version === undefined || !isBefore(version, 1, 11)) return []
  return [
    warning(
      `Cluster API core is ${describe(deployment)}: before 1.11 there is no v1beta2, and Clusters get no conditions`,
      'upgrade Cluster API core to 1.12 or newer: clusterctl upgrade plan',
    ),
  ]
}

/** The feature gate is off by default in the manifests of Cluster API core. */
function topologyProblems(deployment: ProgramDeployment): readonly CheckOutcome[] {
  if (!deployment.args.some((argument) => /[=,]ClusterTopology=false\b/.test(argument))) return []
  return [
    warning(
      `the feature gate ClusterTopology is off in Deployment ${formatKey(deployment)}: Clusters of a ClusterClass are refused`,
      'switch it on: set CLUSTER_TOPOLOGY=true for clusterctl init, or --feature-gates=ClusterTopology=true on the manager',
    ),
  ]
}
