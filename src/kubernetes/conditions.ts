import type { Cluster } from '../domain/model/cluster.ts'
import type { Condition } from '../domain/model/condition.ts'
import { fieldManager } from '../domain/names.ts'
import { formatKey } from '../domain/model/object-meta.ts'
import type { Role } from '../domain/role.ts'
import type { KubernetesConnection } from './transport/connection.ts'
import { pathOf, resources } from './resources.ts'

/**
 * Writes one condition by server-side apply on the status subresource: it leaves those of others alone, and passes by
 * the webhooks that check the spec. The manager owns this one condition and nothing else, so that applying nothing
 * removes it. It is conditional on the Cluster
 * as read, uid and resourceVersion: an attempt that was overtaken says nothing, and a Cluster that was paused meanwhile
 * stays untouched.
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
    // The type of the condition is ours: whoever else wrote it wrote for us.
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
