import { clusterFrom, type Cluster } from '../../domain/model/cluster.ts'
import { claimNameFor } from '../../domain/model/claim.ts'
import type { JsonObject } from '../../domain/model/decode.ts'
import type { PlanFacts, PlanBinding } from './role-plan.ts'
import type { Role } from '../../domain/role.ts'
import type { Config } from '../../config.ts'
import type { ClusterApi } from '../../kubernetes/cluster-api.ts'

type Api = Pick<
  ClusterApi,
  'getClusterClass' | 'listIPPools' | 'getIPAddressClaim' | 'getIPAddress' | 'listAddressUse'
>

/**
 * Reads everything that a plan for the Cluster follows from.
 *
 * @param object the Cluster, as it is or is to be
 * @throws KubernetesError
 */
export async function readPlanFacts(
  api: Api,
  object: JsonObject,
  { variables, defaultPort }: Pick<Config, 'variables' | 'defaultPort'>,
): Promise<PlanFacts> {
  const cluster = clusterFrom(object)
  const ref = cluster.topology?.clusterClass
  const [pools, use, clusterClass, controlPlane, ingress] = await Promise.all([
    api.listIPPools(cluster.namespace),
    api.listAddressUse(),
    ref === undefined ? undefined : api.getClusterClass(ref),
    readHolding(api, cluster, 'control-plane'),
    readHolding(api, cluster, 'ingress'),
  ])
  const holdings = { 'control-plane': controlPlane, ingress }
  return { cluster, clusterClass, pools, holdings, use, variables, defaultPort }
}

async function readHolding(api: Api, cluster: Cluster, role: Role): Promise<PlanBinding> {
  const { namespace } = cluster
  const key = { namespace, name: claimNameFor(cluster, role) }
  const [claim, namesake] = await Promise.all([api.getIPAddressClaim(key), api.getIPAddress(key)])
  const bound = claim?.addressName
  const ipAddress = bound === undefined ? undefined : await api.getIPAddress({ namespace, name: bound })
  return { claim, ipAddress, namesake }
}
