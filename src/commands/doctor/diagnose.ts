import { poolsIn } from '../../domain/allocation/snapshot.ts'
import { checkApiVersions } from './checks/api-versions.ts'
import {
  fault,
  runCheck,
  ok,
  warning,
  type CheckResult,
  type CheckOutcome,
  type Reading,
} from './checks/check-result.ts'
import { checkClock } from './checks/clock.ts'
import { checkCore } from './checks/cluster-api-core.ts'
import { checkClusterClasses } from './checks/cluster-classes.ts'
import { checkClusters } from './checks/clusters.ts'
import { checkIpamProvider } from './checks/ipam-provider.ts'
import { checkPermissions } from './checks/permissions.ts'
import { checkPoolLabels } from './checks/pool-labels.ts'
import { checkPoolRanges } from './checks/pool-ranges.ts'
import { checkPools } from './checks/pools.ts'
import { checkSearchAttributes } from './checks/search-attributes.ts'
import { checkNamespace, checkTaskQueue } from './checks/temporal.ts'
import { checkWorkflowRuns } from './checks/workflow-runs.ts'
import type { KubernetesFacts } from './kubernetes-facts.ts'
import type { TemporalFacts } from './temporal-facts.ts'

/**
 * Runs all checks of the management cluster, in the order of the report. If the API server cannot be reached, that is the
 * only result.
 *
 * @param now milliseconds since 1970
 */
export function diagnoseKubernetes(facts: Reading<KubernetesFacts>, now: number): readonly CheckResult[] {
  if ('unread' in facts) {
    const fix = 'check --kubeconfig, --context and the network; kubectl version shows what kubectl can reach'
    return runCheck('api-server', { read: facts.unread }, (unread) => [fault(unread, fix)])
  }
  const { read } = facts
  const { snapshot } = read
  return [
    ...runCheck('api-server', facts, (server) => [ok(describeServer(server))]),
    ...runCheck('clock', read.clock, checkClock),
    ...runCheck('api-versions', read.servedKinds, checkApiVersions),
    ...runCheck('permissions', read.permissions, checkPermissions),
    ...runCheck('cluster-api-core', read.core, checkCore),
    ...runCheck('ipam-provider', { read: read.ipamProvider }, (deployments) =>
      checkIpamProvider(deployments, snapshot, now),
    ),
    ...runCheck('pools', snapshot, (objects) => checkPools(poolsIn(objects), [...objects.clusters.values()])),
    ...runCheck('pool-labels', snapshot, (objects) =>
      checkPoolLabels(poolsIn(objects), {
        classes: [...objects.clusterClasses.values()],
        areAll: read.isEverywhere,
      }),
    ),
    ...runCheck('pool-ranges', snapshot, (objects) => checkPoolRanges(poolsIn(objects))),
    ...runCheck('cluster-classes', snapshot, (objects) =>
      checkClusterClasses([...objects.clusters.values()], poolsIn(objects)),
    ),
    ...runCheck('clusters', snapshot, ({ clusters, clusterClasses, ...objects }) =>
      checkClusters([...clusters.values()], [...clusterClasses.values()], poolsIn(objects)),
    ),
  ]
}

function describeServer({ server, version, latencySeconds, user }: KubernetesFacts): string {
  const who = 'read' in user ? ` as ${user.read}` : ''
  return `Kubernetes ${version} at ${server} answers${who} in ${(latencySeconds * 1000).toFixed(0)} ms`
}

/** Runs all checks of Temporal. */
export function diagnoseTemporal(facts: Reading<TemporalFacts>, now: number): readonly CheckResult[] {
  if ('unread' in facts) {
    const fix =
      'check TEMPORAL_ADDRESS, TEMPORAL_API_KEY, TEMPORAL_TLS_* and the network; temporal operator cluster health shows what the temporal CLI can reach'
    return runCheck('temporal', { read: facts.unread }, (unread) => [fault(unread, fix)])
  }
  const { address, version, namespaceName, namespace, searchAttributes, registered } = facts.read
  const { taskQueueName, taskQueue, workflowRuns } = facts.read
  return [
    ...runCheck('temporal', facts, () => [ok(`Temporal ${version} at ${address} answers`)]),
    ...runCheck('temporal-namespace', namespace, (found) =>
      found === undefined ? [noNamespace(namespaceName)] : checkNamespace(found),
    ),
    ...runCheck('temporal-workers', taskQueue, (queue) => checkTaskQueue(queue, now)),
    ...runCheck('workflow-runs', workflowRuns, (runs) => checkWorkflowRuns(runs, taskQueueName, now)),
    ...runCheck('search-attributes', searchAttributes, (found) => [
      ...('unread' in registered ? [notRegistered(registered.unread)] : []),
      ...checkSearchAttributes(found, namespaceName),
    ]),
  ]
}

function noNamespace(name: string): CheckOutcome {
  return fault(
    `there is no namespace ${name}`,
    `temporal operator namespace create --namespace ${name} --retention 7d, or set TEMPORAL_NAMESPACE to one that exists`,
  )
}

function notRegistered(why: string): CheckOutcome {
  return warning(
    `search attributes could not be registered: ${why}`,
    "let somebody register them who may; on Temporal Cloud, in the namespace's settings",
  )
}
