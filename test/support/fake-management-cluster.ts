import { ipAddressClaimFrom, type IPAddressClaim } from '../../src/domain/model/claim.ts'
import type { ClusterClass } from '../../src/domain/model/cluster-class.ts'
import { clusterFrom, type Cluster } from '../../src/domain/model/cluster.ts'
import { objectOf, stringMapOf } from '../../src/domain/model/decode.ts'
import { ipAddressFrom, isReservation, type IPAddress } from '../../src/domain/model/ip-address.ts'
import { appliedTo, type JsonPatch } from '../../src/domain/model/json-patch.ts'
import { poolsUsableBy } from '../../src/domain/allocation/snapshot.ts'
import { formatKey, type ObjectMeta } from '../../src/domain/model/object-meta.ts'
import { formatPool, type IPPool } from '../../src/domain/model/pool.ts'
import { clusterNameLabel, duplicateAddressesAnnotation } from '../../src/domain/names.ts'
import type { ClusterApi } from '../../src/kubernetes/cluster-api.ts'

/** Initial objects; the first Cluster is the one under test. */
export interface InitialObjects {
  readonly clusters: readonly Cluster[]
  readonly clusterClass: ClusterClass | undefined
  readonly claims: readonly IPAddressClaim[]
  readonly ipAddresses: readonly IPAddress[]
  readonly pools: readonly IPPool[]
  /** The Namespace of the Cluster; none: it cannot be read. */
  readonly namespaces: readonly ObjectMeta[]
}

/** The pools that the Cluster under test can use. */
export function usablePools({ pools, namespaces }: InitialObjects): readonly IPPool[] {
  return poolsUsableBy('clusters', pools, namespaces[0]?.labels)
}

/** A management cluster in memory, whose IPAM provider binds every claim at once. */
export interface FakeCluster {
  readonly api: Partial<ClusterApi>
  /** Descriptions of all writes, in order. */
  readonly writes: readonly string[]
}

export function createFakeCluster(initial: InitialObjects): FakeCluster {
  const clusters = mapOf(initial.clusters)
  const claims = mapOf(initial.claims)
  const ipAddresses = mapOf(initial.ipAddresses)
  const writes: string[] = []
  const use = async () => ({ clusters: [...clusters.values()], ipAddresses: [...ipAddresses.values()] })
  let given = 0

  const bind = (claim: IPAddressClaim): IPAddressClaim => {
    const { namespace, name, poolRef } = claim
    const present = ipAddresses.get(formatKey(claim))
    given += 1
    const isSix = initial.pools.some(
      (pool) => formatPool(pool) === formatPool(poolRef) && pool.addresses.some((each) => each.includes(':')),
    )
    const spec = { address: isSix ? `fd00:7::${given}` : `10.7.0.${given}`, poolRef, claimRef: { name } }
    ipAddresses.set(formatKey(claim), present ?? ipAddressFrom({ metadata: { namespace, name }, spec }))
    return { ...claim, addressName: name }
  }

  const api: Partial<ClusterApi> = {
    getCluster: async (key) => clusters.get(formatKey(key)),
    getClusterClass: async () => initial.clusterClass,
    listIPPools: async () => usablePools(initial),
    getIPAddressClaim: async (key) => claims.get(formatKey(key)),
    listClaimsOf: async ({ name }) =>
      [...claims.values()].filter(({ labels }) => labels[clusterNameLabel] === name),
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
      const { labels, ownerReferences } = ipAddressClaimFrom(patch)
      const isAdopted = ownerReferences.length > 0
      writes.push(isAdopted ? 'adopt claim' : 'label claim')
      const claim = {
        ...before,
        labels: { ...before.labels, ...labels },
        ...(isAdopted && { ownerReferences }),
      }
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
    async deleteIPAddress(ipAddress) {
      if (!isReservation(ipAddress)) writes.push('discard address')
      ipAddresses.delete(formatKey(ipAddress))
    },
    async patchCluster(before, patch) {
      const after = patched(before, patch)
      writes.push(...writesTo(before, after, patch))
      clusters.set(formatKey(after), after)
      return after
    },
  }
  return { api, writes }
}

/** The reservation that follows describes the record of a duplicate. */
function writesTo(before: Cluster, after: Cluster, patch: JsonPatch): readonly string[] {
  if (patch.some(({ path }) => path.startsWith('/spec'))) return ['write']
  const [was, is] = [before, after].map(({ annotations }) =>
    (annotations[duplicateAddressesAnnotation] ?? '').split(',').filter((address) => address !== ''),
  )
  const released = was?.filter((address) => is?.includes(address) === false) ?? []
  if (released.length > 0) return released.map((address) => `release ${address}`)
  return was?.length === is?.length ? ['write'] : []
}

/** Applies a patch of an object to the decoded Cluster. */
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
