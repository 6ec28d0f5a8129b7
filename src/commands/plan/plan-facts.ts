import type { Config } from '../../config.ts'
import { findClaim, readPools } from '../../activities/read-facts.ts'
import { addressKeyFor, claimKeyFor } from '../../domain/model/claim.ts'
import { clusterFrom, type Cluster } from '../../domain/model/cluster.ts'
import { objectOf, type JsonObject } from '../../domain/model/decode.ts'
import type { NamespacedName } from '../../domain/model/object-meta.ts'
import type { IPPool } from '../../domain/model/pool.ts'
import type { PoolKind } from '../../domain/model/pool-kind.ts'
import { poolKindsOf } from '../../domain/model/pool-kinds.ts'
import { roles, secondPartOf, type Role, type VipPart } from '../../domain/role.ts'
import { discoverApiVersions } from '../../kubernetes/api-versions.ts'
import type { ClusterApi } from '../../kubernetes/cluster-api.ts'
import { createObjectClient } from '../../kubernetes/objects.ts'
import { resources } from '../../kubernetes/resources.ts'
import type { KubernetesConnection } from '../../kubernetes/transport/connection.ts'
import type { PlanFacts } from './role-plan.ts'

/** Reads a Cluster with all its fields; undefined if there is none. @param version undefined: the best one served */
export function readClusterObject(
  connection: KubernetesConnection,
  key: NamespacedName,
  version?: string,
): Promise<JsonObject | undefined> {
  const { clusters } = resources
  const versions = version === undefined ? clusters.versions : [version]
  const access = { connection, versions: discoverApiVersions(connection) }
  return createObjectClient(access, { ...clusters, versions, decode: objectOf }).get(key)
}

/** Reads everything that the plans for a Cluster follow from. @param object the Cluster, as it is or is to be */
export async function readPlanFacts(
  api: ClusterApi,
  object: JsonObject,
  settings: Pick<Config, 'variables' | 'defaultPort' | 'requiresOptIn' | 'poolKinds' | 'dnsNames'>,
): Promise<ReadonlyMap<Role, PlanFacts>> {
  const { variables, defaultPort, requiresOptIn, poolKinds, dnsNames } = settings
  const cluster = clusterFrom(object)
  const { namespace, name } = cluster
  const ref = cluster.topology?.clusterClass
  const [addressUse, waiting, clusterClass, bindings] = await Promise.all([
    api.listAddressUse(),
    api.readWaitingQueue(),
    ref === undefined ? undefined : api.getClusterClass(ref),
    Promise.all(
      roles.map(
        async (role) => [role, await readRoleFacts(api, cluster, role, poolKindsOf(settings))] as const,
      ),
    ),
  ])
  const taken = { variables, defaultPort, requiresOptIn, poolKinds, dnsNames }
  const about = { key: { namespace, name }, cluster, clusterClass, ...taken }
  const shared = { ...about, addressUse, sameAddressUse: addressUse, waiting }
  return new Map(
    bindings.map(([role, binding]) => {
      const second = { ...binding.second, sameAddressUse: addressUse }
      return [role, { ...shared, ...binding, second }]
    }),
  )
}

async function readRoleFacts(
  api: ClusterApi,
  cluster: Cluster,
  role: Role,
  poolKinds: readonly PoolKind[],
): Promise<Pick<PlanFacts, 'pools' | 'unreadable'> & AddressFacts & { readonly second: AddressFacts }> {
  const listed = await readPools(api, cluster.namespace, () => cluster, role, poolKinds)
  const { pools } = listed
  const first = await readAddressFacts(api, cluster, role, pools)
  return { ...listed, ...first, second: await readAddressFacts(api, cluster, secondPartOf(role), pools) }
}

type AddressFacts = Pick<PlanFacts, 'claim' | 'usualClaim' | 'ipAddress' | 'namedAddress'>

async function readAddressFacts(
  api: ClusterApi,
  cluster: Cluster,
  part: VipPart,
  pools: readonly IPPool[],
): Promise<AddressFacts> {
  const { namespace } = cluster
  const usual = await api.getIPAddressClaim(claimKeyFor(cluster, part))
  const claim = await findClaim(api, cluster, part, { usual, pools })
  const usualClaim = usual?.name === claim?.name ? undefined : usual
  const namedAddress = await api.getIPAddress(addressKeyFor(cluster, part, claim))
  const bound = claim?.addressName
  const ipAddress = bound === undefined ? undefined : await api.getIPAddress({ namespace, name: bound })
  return { claim, usualClaim, ipAddress, namedAddress }
}
