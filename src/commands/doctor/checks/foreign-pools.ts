import { describeUnserved, foreignPoolOf } from '../../../domain/allocation/vip-role.ts'
import type { Snapshot } from '../../../domain/allocation/snapshot.ts'
import { formatKey } from '../../../domain/model/object-meta.ts'
import { inClusterPoolKinds } from '../../../domain/model/pool-kinds.ts'
import type { PoolKind } from '../../../domain/model/pool-kind.ts'
import { formatPool, type IPPoolReference } from '../../../domain/model/pool.ts'
import { roles, roleSpecs } from '../../../domain/role.ts'
import type { ForeignPoolState } from '../../../kubernetes/foreign-kinds.ts'
import { fault, type CheckOutcome } from './check-result.ts'

/** What is known of pools of other IPAM providers, by `foreignPoolKey`. */
export type ForeignPools = ReadonlyMap<string, ForeignPoolState>

/** @param namespace of the Clusters that name it; a pool that is not namespaced has one entry for each */
export function foreignPoolKey({ apiGroup, kind, name }: IPPoolReference, namespace: string): string {
  return `${namespace} ${kind}.${apiGroup}/${name}`
}

/** Checks the pools of other IPAM providers that Clusters name, as far as they can be read. */
export function foreignPoolProblems(
  { clusters }: Pick<Snapshot, 'clusters'>,
  pools: ForeignPools,
  poolKinds: readonly PoolKind[] = inClusterPoolKinds,
): readonly CheckOutcome[] {
  return [...clusters.values()].flatMap((cluster) =>
    roles.flatMap((role) => {
      const pool = foreignPoolOf(cluster, role, poolKinds)
      if (pool === undefined) return []
      const { poolAnnotation } = roleSpecs[role]
      const name = `Cluster ${formatKey(cluster)}`
      switch (pools.get(foreignPoolKey(pool, cluster.namespace))) {
        case 'kind-not-served': {
          const { found, fix } = describeUnserved(pool, role)
          return [fault(`${name}: ${found}, which ${poolAnnotation} names`, fix)]
        }
        case 'absent':
          return [
            fault(
              `${name}: ${poolAnnotation} names ${formatPool(pool)}, and there is no such pool`,
              `create it, or correct the annotation ${poolAnnotation} of the Cluster`,
            ),
          ]
        default:
          return []
      }
    }),
  )
}
