import { clusterFrom, type Cluster } from '../../domain/model/cluster.ts'
import { claimNameFor } from '../../domain/model/claim.ts'
import type { JsonObject } from '../../domain/model/decode.ts'
import type { PlanFacts } from './role-plan.ts'
import { roles, type Role } from '../../domain/role.ts'
import type { Config } from '../../config.ts'
import type { ClusterApi } from '../../kubernetes/cluster-api.ts'

type Api = Pick<
  ClusterApi,
  'getClusterClass' | 'listIPPools' | 'getIPAddressClaim' | 'getIPAddress' | 'listAddressUse'
>

/** What plans for the roles of one Cluster follow from. */
export type ClusterFacts = ReadonlyMap<Role, PlanFacts>

/**
 * Reads everything that the plans for a Cluster follow from.
 *
 * @param object the Cluster, as it is or is to be
 * @throws KubernetesError
 */
export async function readPlanFacts(
  api: Api,
  object: JsonObject,
  { variables, defaultPort }: Pick<Config, 'variables' | 'defaultPort'>,
): Promise<ClusterFacts> {
  const cluster = clusterFrom(object)
  const { namespace, name } = cluster
  const ref = cluster.topology?.clusterClass
  const [pools, addressUse, clusterClass, bindings] = await Promise.all([
    api.listIPPools(namespace),
    api.listAddressUse(),
    ref === undefined ? undefined : api.getClusterClass(ref),
    Promise.all(roles.map((role) => readBinding(api, cluster, role))),
  ])
  const shared = {
    key: { namespace, name },
    cluster,
    clusterClass,
    pools,
    addressUse,
    sameAddressUse: addressUse,
    variables,
    defaultPort,
  }
  return new Map(bindings.map(({ role, ...binding }) => [role, { ...shared, ...binding }]))
}

type Binding = Pick<PlanFacts, 'claim' | 'ipAddress' | 'namedAddress'>

async function readBinding(
  api: Api,
  cluster: Cluster,
  role: Role,
): Promise<Binding & { readonly role: Role }> {
  const { namespace } = cluster
  const key = { namespace, name: claimNameFor(cluster, role) }
  const [claim, namedAddress] = await Promise.all([api.getIPAddressClaim(key), api.getIPAddress(key)])
  const bound = claim?.addressName
  const ipAddress = bound === undefined ? undefined : await api.getIPAddress({ namespace, name: bound })
  return { role, claim, ipAddress, namedAddress }
}
