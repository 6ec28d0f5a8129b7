import type { Plural } from '../stack/resource-path.ts'
import type { Testbed } from '../../test/e2e/testbed.ts'

/** Writes as the allocator's field manager, also what the allocator would never write. */
export interface ManualWrites {
  readonly uidOf: (cluster: string) => Promise<string>
  /** Patches a Cluster (merge patch), as our field manager if no other is given. */
  readonly patchCluster: (name: string, patch: object, manager?: string) => Promise<void>
  /** Creates the claim `vip-cp-<cluster>` with our label; without `ownerUid`, it has no owner. */
  readonly createClaim: (cluster: string, pool: string, ownerUid?: string) => Promise<void>
  /** Waits until the Cluster's claim is bound. Resolves with the address. */
  readonly boundAddress: (cluster: string) => Promise<string>
  /** Sets the host of a Cluster, and our annotation. */
  readonly assign: (cluster: string, host: string) => Promise<void>
  /** Writes everything that an allocation writes. */
  readonly serve: (cluster: string, pool: string) => Promise<string>
  /** Creates a reservation: an IPAddress without claim, with our label, owned by the Cluster. */
  readonly reserve: (cluster: string, address: string) => Promise<void>
  readonly remove: (plural: Plural, name: string) => Promise<void>
}

const ourManager = 'capi-vip-allocator'
const ipamGroup = 'ipam.cluster.x-k8s.io'

export function manualWritesIn({ api, path, namespace, untilClaim }: Testbed): ManualWrites {
  const create = async (plural: Plural, object: object): Promise<void> => {
    await api.send({ method: 'POST', path: `${path(plural)}?fieldManager=${ourManager}`, body: object })
  }
  const ownedBy = (name: string, uid: string | undefined): object =>
    uid === undefined
      ? {}
      : {
          ownerReferences: [
            { apiVersion: 'cluster.x-k8s.io/v1beta2', kind: 'Cluster', name, uid, controller: true },
          ],
        }
  const writes: ManualWrites = {
    uidOf: async (cluster) => {
      const { metadata } = await api.send<{ metadata: { uid: string } }>({
        method: 'GET',
        path: path('clusters', cluster),
      })
      return metadata.uid
    },
    patchCluster: async (name, patch, manager = ourManager) => {
      await api.send({
        method: 'PATCH',
        path: `${path('clusters', name)}?fieldManager=${manager}`,
        body: patch,
        contentType: 'application/merge-patch+json',
      })
    },
    createClaim: async (cluster, pool, ownerUid) =>
      create('ipaddressclaims', {
        apiVersion: `${ipamGroup}/v1beta2`,
        kind: 'IPAddressClaim',
        metadata: {
          name: `vip-cp-${cluster}`,
          namespace,
          labels: { 'vip.capi.gorizond.io/role': 'control-plane' },
          ...ownedBy(cluster, ownerUid),
        },
        spec: {
          clusterName: cluster,
          poolRef: { apiGroup: ipamGroup, kind: 'InClusterIPPool', name: pool },
        },
      }),
    boundAddress: async (cluster) => {
      const claim = await untilClaim(`vip-cp-${cluster}`, (now) => now?.addressName !== undefined)
      const { spec } = await api.send<{ spec: { address: string } }>({
        method: 'GET',
        path: path('ipaddresses', claim?.addressName),
      })
      return spec.address
    },
    assign: (cluster, host) =>
      writes.patchCluster(cluster, {
        metadata: { annotations: { 'vip.capi.gorizond.io/control-plane-vip': host } },
        spec: { controlPlaneEndpoint: { host, port: 6443 } },
      }),
    serve: async (cluster, pool) => {
      await writes.createClaim(cluster, pool, await writes.uidOf(cluster))
      const address = await writes.boundAddress(cluster)
      await writes.assign(cluster, address)
      return address
    },
    reserve: async (cluster, address) =>
      create('ipaddresses', {
        apiVersion: `${ipamGroup}/v1beta2`,
        kind: 'IPAddress',
        metadata: {
          name: `vip-reserved-${cluster}-${address}`,
          namespace,
          labels: { 'vip.capi.gorizond.io/reserved-by': cluster },
          ...ownedBy(cluster, await writes.uidOf(cluster)),
        },
        spec: {
          address,
          prefix: 24,
          claimRef: { name: 'nobody' },
          poolRef: { apiGroup: ipamGroup, kind: 'InClusterIPPool', name: 'nobody' },
        },
      }),
    remove: async (plural, name) => {
      await api.send({ method: 'DELETE', path: path(plural, name) })
    },
  }
  return writes
}
