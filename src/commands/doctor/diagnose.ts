import type { VariableNames } from '../../domain/role.ts'
import { checkApiVersions } from './checks/api-versions.ts'
import { fault, ok, runCheck, type CheckResult, type Reading } from './checks/check-result.ts'
import { checkClock } from './checks/clock.ts'
import { checkClusterClasses } from './checks/cluster-classes.ts'
import { checkClusters } from './checks/clusters.ts'
import { checkIpamProvider } from './checks/ipam-provider.ts'
import { checkPermissions } from './checks/permissions.ts'
import { checkPoolLabels } from './checks/pool-labels.ts'
import { checkPoolRanges } from './checks/pool-ranges.ts'
import { checkPools } from './checks/pools.ts'
import { checkCore } from './checks/providers.ts'
import { checkNamespace, checkSearchAttributes, checkTaskQueue } from './checks/temporal.ts'
import { checkWorkflowRuns } from './checks/workflow-runs.ts'
import type { KubernetesFacts } from './kubernetes-facts.ts'
import type { TemporalFacts } from './temporal-facts.ts'

/**
 * Runs all checks of the management cluster, in the order of the report. If the API server cannot be reached, that is the
 * only result.
 */
export function diagnoseKubernetes(
  facts: Reading<KubernetesFacts>,
  variables: VariableNames,
  now: number,
): readonly CheckResult[] {
  if ('unread' in facts) {
    const fix = 'check --kubeconfig, --context and the network; kubectl version shows what kubectl can reach'
    return runCheck('api-server', { read: facts.unread }, (unread) => [fault(unread, fix)])
  }
  const { clock, servedKinds, permissions, core, ipamProvider, snapshot, isEverywhere } = facts.read
  return [
    ...runCheck('api-server', facts, (server) => [ok(describeServer(server))]),
    ...runCheck('clock', clock, checkClock),
    ...runCheck('api-versions', servedKinds, checkApiVersions),
    ...runCheck('permissions', permissions, checkPermissions),
    ...runCheck('cluster-api-core', core, checkCore),
    ...runCheck('ipam-provider', { read: ipamProvider }, (found) => checkIpamProvider(found, snapshot, now)),
    ...runCheck('pools', snapshot, checkPools),
    ...runCheck('pool-labels', snapshot, (read) => checkPoolLabels(read, isEverywhere)),
    ...runCheck('pool-ranges', snapshot, checkPoolRanges),
    ...runCheck('cluster-classes', snapshot, (read) => checkClusterClasses(read, variables)),
    ...runCheck('clusters', snapshot, checkClusters),
  ]
}

function describeServer({ server, version, latencySeconds, user }: KubernetesFacts): string {
  const who = 'read' in user ? ` as ${user.read}` : ''
  return `Kubernetes ${version} at ${server} answers${who} in ${(latencySeconds * 1000).toFixed(0)} ms`
}

export function diagnoseTemporal(facts: Reading<TemporalFacts>, now: number): readonly CheckResult[] {
  if ('unread' in facts) {
    const fix =
      'check TEMPORAL_ADDRESS, TEMPORAL_API_KEY, TEMPORAL_TLS_* and the network; temporal operator cluster health shows what the temporal CLI can reach'
    return runCheck('temporal', { read: facts.unread }, (unread) => [fault(unread, fix)])
  }
  const { address, version, namespace, retentionSeconds, searchAttributes, registered } = facts.read
  const { taskQueueName, taskQueue, workflowRuns } = facts.read
  return [
    ...runCheck('temporal', facts, () => [ok(`Temporal ${version} at ${address} answers`)]),
    ...runCheck('temporal-namespace', retentionSeconds, (read) => checkNamespace(namespace, read)),
    ...runCheck('temporal-workers', taskQueue, (read) => checkTaskQueue(read, now)),
    ...runCheck('workflow-runs', workflowRuns, (read) => checkWorkflowRuns(read, taskQueueName, now)),
    ...runCheck('search-attributes', searchAttributes, (read) =>
      checkSearchAttributes(read, namespace, registered),
    ),
  ]
}
