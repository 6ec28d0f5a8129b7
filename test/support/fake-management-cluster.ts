import { ipAddressClaimFrom, type IPAddressClaim } from '../../src/domain/model/claim.ts'
import type { ClusterClass } from '../../src/domain/model/cluster-class.ts'
import { clusterFrom, type Cluster } from '../../src/domain/model/cluster.ts'
import { objectOf, stringMapOf } from '../../src/domain/model/decode.ts'
import { ipAddressFrom, isReservation, type IPAddress } from '../../src/domain/model/ip-address.ts'
import { appliedTo, type JsonPatch } from '../../src/domain/model/json-patch.ts'
import { formatKey } from '../../src/domain/model/object-meta.ts'
import { formatPool, type IPPool } from '../../src/domain/model/pool.ts'
import { duplicateAddressesAnnotation } from '../../src/domain/names.ts'
import type { ClusterApi } from '../../src/kubernetes/cluster-api.ts'

/** What there is when a run begins; the first Cluster is the one that it is for. */
export interface World {
  readonly clusters: readonly Cluster[]
  readonly clusterClass: ClusterClass | undefined
  readonly claims: readonly IPAddressClaim[]
  readonly ipAddresses: readonly IPAddress[]
  readonly pools: readonly IPPool[]
}

/** A management cluster in memory, whose IPAM provider binds every claim at once. */
export interface FakeCluster {
  readonly api: Partial<ClusterApi>
  /** In order, in words. */
  readonly writes: readonly string[]
}

export function createFakeCluster(world: World): FakeCluster {
  const clusters = mapOf(world.clusters)
  const claims = mapOf(world.claims)
  const ipAddresses = mapOf(world.ipAddresses)
  const writes: string[] = []
  const use = async () => ({ clusters: [...clusters.values()], ipAddresses: [...ipAddresses.values()] })
  let given = 0

  const bind = (claim: IPAddressClaim): IPAddressClaim => {
    const { namespace, name, poolRef } = claim
    const present = ipAddresses.get(formatKey(claim))
    given += 1
    const spec = { address: `10.7.0.${given}`, poolRef, claimRef: { name } }
    ipAddresses.set(formatKey(claim), present ?? ipAddressFrom({ metadata: { namespace, name }, spec }))
    return { ...claim, addressName: name }
  }

  const api: Partial<ClusterApi> = {
    getCluster: async (key) => clusters.get(formatKey(key)),
    getClusterClass: async () => world.clusterClass,
    listIPPools: async () => world.pools,
    getIPAddressClaim: async (key) => claims.get(formatKey(key)),
    getIPAddress: async (key) => ipAddresses.get(formatKey(key)),
    listAddressUse: use,
    async createIPAddressClaim(object) {
      const claim = bind(ipAddressClaimFrom(object))
      writes.push(`claim ${formatPool(claim.poolRef)}`)
      claims.set(formatKey(claim), claim)
      return claim
    },
    async patchIPAddressClaim(key, patch) {
      const before = claims.get(formatKey(key))
      if (before === undefined) throw new Error(`there is no claim ${formatKey(key)}`)
      writes.push('adopt claim')
      const claim = { ...before, ownerReferences: ipAddressClaimFrom(patch).ownerReferences }
      claims.set(formatKey(claim), claim)
      return claim
    },
    async deleteIPAddressClaim(claim) {
      writes.push('delete claim')
      claims.delete(formatKey(claim))
      ipAddresses.delete(formatKey(claim))
    },
    async createIPAddress(object) {
      const ipAddress = ipAddressFrom(object)
      writes.push(`${isReservation(ipAddress) ? 'reserve' : 'restore'} ${ipAddress.address}`)
      ipAddresses.set(formatKey(ipAddress), ipAddress)
      return ipAddress
    },
    deleteIPAddress: async (ipAddress) => void ipAddresses.delete(formatKey(ipAddress)),
    async patchCluster(before, patch) {
      const after = patched(before, patch)
      writes.push(...writesTo(before, after, patch))
      clusters.set(formatKey(after), after)
      return after
    },
  }
  return { api, writes }
}

/** A record of a duplicate is noted by the reservation that follows it. */
function writesTo(before: Cluster, after: Cluster, patch: JsonPatch): readonly string[] {
  if (patch.some(({ path }) => path.startsWith('/spec'))) return ['write']
  const [was, is] = [before, after].map(({ annotations }) =>
    (annotations[duplicateAddressesAnnotation] ?? '').split(',').filter((address) => address !== ''),
  )
  const released = was?.filter((address) => is?.includes(address) === false) ?? []
  if (released.length > 0) return released.map((address) => `release ${address}`)
  return was?.length === is?.length ? ['write'] : []
}

/** A decoded Cluster as the patch of its object leaves it. */
function patched(cluster: Cluster, patch: JsonPatch): Cluster {
  const { annotations, controlPlaneEndpoint, topology } = cluster
  const variables = topology?.variables
  const spec = { controlPlaneEndpoint, ...(topology && { topology: { variables } }) }
  const object = appliedTo({ metadata: { annotations }, spec }, patch.slice(1))
  const { controlPlaneEndpoint: endpoint } = clusterFrom(object)
  const now = objectOf(objectOf(objectOf(object['spec'])['topology']))['variables']
  return {
    ...cluster,
    annotations: stringMapOf(objectOf(object['metadata'])['annotations']),
    controlPlaneEndpoint: endpoint,
    topology: topology && { ...topology, variables: (now ?? []) as typeof topology.variables },
  }
}

function mapOf<T extends { readonly namespace: string; readonly name: string }>(
  objects: readonly T[],
): Map<string, T> {
  return new Map(objects.map((object) => [formatKey(object), object]))
}
