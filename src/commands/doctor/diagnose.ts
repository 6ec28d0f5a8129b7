import { judgeApiVersions } from './checks/api-versions.ts'
import { judgeClock } from './checks/clock.ts'
import { judgeCore } from './checks/cluster-api-core.ts'
import { judgeClusterClasses } from './checks/cluster-classes.ts'
import { judgeClusters } from './checks/clusters.ts'
import {
  fault,
  judged,
  ok,
  warning,
  type Finding,
  type Judgment,
  type Reading,
} from './checks/check-result.ts'
import { judgeIpamProvider } from './checks/ipam-provider.ts'
import { judgePermissions } from './checks/permissions.ts'
import { judgePoolLabels } from './checks/pool-labels.ts'
import { judgePoolRanges } from './checks/pool-ranges.ts'
import { judgePools } from './checks/pools.ts'
import { judgeSearchAttributes } from './checks/search-attributes.ts'
import { judgeNamespace, judgeTaskQueue } from './checks/temporal.ts'
import { judgeWorkflowRuns } from './checks/workflow-runs.ts'
import { poolsIn } from '../../domain/allocation/snapshot.ts'
import type { KubernetesFacts } from './kubernetes-facts.ts'
import type { TemporalFacts } from './temporal-facts.ts'

/**
 * Judges everything on the management cluster, in the order of the report. Of an API server that cannot be reached
 * nothing else is said.
 *
 * @param now milliseconds since 1970
 */
export function diagnoseKubernetes(facts: Reading<KubernetesFacts>, now: number): readonly Finding[] {
  if ('unread' in facts) {
    const fix = 'check --kubeconfig, --context and the network; kubectl version shows what kubectl can reach'
    return judged('api-server', { read: facts.unread }, (unread) => [fault(unread, fix)])
  }
  const { read } = facts
  const { known } = read
  return [
    ...judged('api-server', facts, (server) => [ok(describeServer(server))]),
    ...judged('clock', read.clock, judgeClock),
    ...judged('api-versions', read.servedKinds, judgeApiVersions),
    ...judged('permissions', read.permissions, judgePermissions),
    ...judged('cluster-api-core', read.core, judgeCore),
    ...judged('ipam-provider', { read: read.ipamProvider }, (deployments) =>
      judgeIpamProvider(deployments, known, now),
    ),
    ...judged('pools', known, (objects) => judgePools(poolsIn(objects), [...objects.clusters.values()])),
    ...judged('pool-labels', known, (objects) =>
      judgePoolLabels(poolsIn(objects), {
        classes: [...objects.clusterClasses.values()],
        areAll: read.isEverywhere,
      }),
    ),
    ...judged('pool-ranges', known, (objects) => judgePoolRanges(poolsIn(objects))),
    ...judged('cluster-classes', known, (objects) =>
      judgeClusterClasses([...objects.clusters.values()], poolsIn(objects)),
    ),
    ...judged('clusters', known, ({ clusters, clusterClasses, ...objects }) =>
      judgeClusters([...clusters.values()], [...clusterClasses.values()], poolsIn(objects)),
    ),
  ]
}

function describeServer({ server, version, latencySeconds, user }: KubernetesFacts): string {
  const who = 'read' in user ? ` as ${user.read}` : ''
  return `Kubernetes ${version} at ${server} answers${who} in ${(latencySeconds * 1000).toFixed(0)} ms`
}

/** The same for Temporal. */
export function diagnoseTemporal(facts: Reading<TemporalFacts>, now: number): readonly Finding[] {
  if ('unread' in facts) {
    const fix =
      'check TEMPORAL_ADDRESS, TEMPORAL_API_KEY, TEMPORAL_TLS_* and the network; temporal operator cluster health shows what the temporal CLI can reach'
    return judged('temporal', { read: facts.unread }, (unread) => [fault(unread, fix)])
  }
  const { address, version, namespaceName, namespace, searchAttributes, registered } = facts.read
  const { taskQueueName, taskQueue, workflowRuns } = facts.read
  return [
    ...judged('temporal', facts, () => [ok(`Temporal ${version} at ${address} answers`)]),
    ...judged('temporal-namespace', namespace, (found) =>
      found === undefined ? [noNamespace(namespaceName)] : judgeNamespace(found),
    ),
    ...judged('temporal-workers', taskQueue, (queue) => judgeTaskQueue(queue, now)),
    ...judged('workflow-runs', workflowRuns, (runs) => judgeWorkflowRuns(runs, taskQueueName, now)),
    ...judged('search-attributes', searchAttributes, (found) => [
      ...('unread' in registered ? [notRegistered(registered.unread)] : []),
      ...judgeSearchAttributes(found, namespaceName),
    ]),
  ]
}

function noNamespace(name: string): Judgment {
  return fault(
    `there is no namespace ${name}`,
    `temporal operator namespace create --namespace ${name} --retention 7d, or set TEMPORAL_NAMESPACE to one that exists`,
  )
}

function notRegistered(why: string): Judgment {
  return warning(
    `search attributes could not be registered: ${why}`,
    "let somebody register them who may; on Temporal Cloud, in the namespace's settings",
  )
}
