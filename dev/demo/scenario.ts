/** What the demo shows: a VIP that arrives, or a whole cluster that is reached through it. */
export const goals = ['vip', 'available'] as const

export type Goal = (typeof goals)[number]

/** Files of `examples/` for a goal, without `.yaml`, and the names in them. */
export interface Scenario {
  readonly clusterClass: { readonly file: string; readonly name: string }
  readonly pool: { readonly file: string; readonly name: string }
  readonly clusterFile: string
  /** Of a Cluster to create by hand. */
  readonly nextClusterFile: string
}

export const scenarios: Readonly<Record<Goal, Scenario>> = {
  vip: {
    clusterClass: { file: 'cluster-class', name: 'rke2-cluster-class' },
    pool: { file: 'ip-pool', name: 'vip-pool' },
    clusterFile: 'cluster-v1beta2',
    nextClusterFile: 'cluster-v1beta1',
  },
  available: {
    clusterClass: { file: 'in-memory-class', name: 'in-memory' },
    pool: { file: 'in-memory-pool', name: 'in-memory-pool' },
    clusterFile: 'in-memory-cluster',
    nextClusterFile: 'in-memory-cluster',
  },
}
