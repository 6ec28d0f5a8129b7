import type { Testbed } from '../../test/e2e/testbed.ts'

/** Writes to the API server in the allocator's name what the allocator would never write. */
export interface ByHand {
  readonly uidOf: (cluster: string) => Promise<string>
  /** A merge patch of a Cluster, by our manager unless another one is named. */
  readonly patchCluster: (name: string, patch: object, manager?: string) => Promise<void>
  /** Makes a claim `vip-cp-<cluster>` with our label; `ownerUid` absent: owned by nobody. */
  readonly createClaim: (cluster: string, pool: string, ownerUid?: string) => Promise<void>
  /** The address of the Cluster's claim once it is bound. */
  readonly boundAddress: (cluster: string) => Promise<string>
  /** Gives a Cluster the host and our annotation. */
  readonly assign: (cluster: string, host: string) => Promise<void>
  /** All that an allocation does. */
  readonly serve: (cluster: string, pool: string) => Promise<string>
  /** An IPAddress without claim, labelled as a reservation, owned by the Cluster. */
  readonly reserve: (cluster: string, address: string) => Promise<void>
  readonly remove: (plural: string, name: string) => Promise<void>
}

const ourManager = 'capi-vip-allocator'
const ipamGroup = 'ipam.cluster.x-k8s.io'

export function byHandIn({ api, path, namespace, untilClaim }: Testbed): ByHand {
  const create = async (plural: string, object: object): Promise<void> => {
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
  const hand: ByHand = {
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
      hand.patchCluster(cluster, {
        metadata: { annotations: { 'vip.capi.gorizond.io/control-plane-vip': host } },
        spec: { controlPlaneEndpoint: { host, port: 6443 } },
      }),
    serve: async (cluster, pool) => {
      await hand.createClaim(cluster, pool, await hand.uidOf(cluster))
      const address = await hand.boundAddress(cluster)
      await hand.assign(cluster, address)
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
          ...ownedBy(cluster, await hand.uidOf(cluster)),
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
  return hand
}
