import type { Cluster } from '../domain/model/cluster.ts'
import type { Condition } from '../domain/model/condition.ts'
import { fieldManager } from '../domain/names.ts'
import { formatKey } from '../domain/model/object-meta.ts'
import type { Role } from '../domain/role.ts'
import type { KubernetesConnection } from './transport/connection.ts'
import { pathOf, resources } from './resources.ts'

/**
 * Writes one condition by server-side apply on the status subresource, which leaves other conditions alone and bypasses the
 * webhooks that check the spec. The field manager owns this condition only, so applying none removes it. The uid and
 * resourceVersion make the write conditional on the Cluster as it was read, since it may have been paused meanwhile.
 */
export async function applyCondition(
  connection: Pick<KubernetesConnection, 'request'>,
  cluster: Cluster,
  role: Role,
  condition: Condition | undefined,
): Promise<void> {
  const { namespace, name, uid, resourceVersion, apiVersion } = cluster
  const resource = resources.clusters
  await connection.request({
    verb: 'patch',
    resource: `${resource.plural}/status`,
    action: `patch status of Cluster ${formatKey(cluster)}`,
    path: `${pathOf(resource, apiVersion, cluster)}/status`,
    // The condition type is ours, whichever manager wrote it before.
    query: { force: 'true' },
    applyAs: `${fieldManager}-${role}`,
    body: {
      apiVersion,
      kind: resource.kind,
      metadata: { namespace, name, uid, resourceVersion },
      status: condition === undefined ? {} : { conditions: [{ ...condition }] },
    },
  })
}
