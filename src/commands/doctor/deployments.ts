import { listObjects } from '../../kubernetes/objects.ts'
import type { Resource } from '../../kubernetes/resources.ts'
import type { KubernetesConnection } from '../../kubernetes/transport/connection.ts'
import { programDeploymentFrom, type ProgramDeployment } from './checks/provider-deployment.ts'

const deployments: Resource = {
  group: 'apps',
  plural: 'deployments',
  kind: 'Deployment',
  namespaced: true,
  versions: ['v1'],
  provider: 'Kubernetes',
}

/**
 * Lists the Deployments with a label in all namespaces.
 *
 * @throws KubernetesError
 */
export async function listDeployments(
  connection: KubernetesConnection,
  labelSelector: string,
): Promise<readonly ProgramDeployment[]> {
  const query = { namespace: '', labelSelector }
  const { items } = await listObjects(connection, deployments, 'apps/v1', query, programDeploymentFrom)
  return items
}
