import { vipOf, type ClusterFacts, type PoolFacts } from './facts.ts'
import { bothRoles, clusterClassKey, ingressEnabledAnnotation, roleKey, type RoleWords } from './names.ts'
import { isExcused, type Observations } from './observations.ts'
import type { Violation } from './violation.ts'
import type { World } from './world.ts'

/**
 * I6: who wants a VIP and could have one has it. A Cluster wants one if it has a topology, or names a pool, and is
 * neither paused nor being deleted; for ingress unless it says no. It could have one if a pool that is meant for it is
 * neither paused nor being deleted and is known to have an address left. Where something else stands in the way, such
 * as somebody else's claim under our name, the caller excuses the Cluster.
 */
export function unservedClusters(world: World, observations: Observations): readonly Violation[] {
  const { isPoolFor = isPoolByLabel } = observations
  return world.clusters
    .filter((cluster) => !cluster.isDeleting && !cluster.isPaused && !isExcused(observations, 'I6', cluster))
    .flatMap((cluster) =>
      bothRoles
        .filter((words) => isWanted(cluster, words))
        .flatMap((words) => {
          const pool = world.pools.find((pool) => isUsable(pool, cluster) && isPoolFor(pool, cluster, words))
          return pool === undefined ? [] : [violationOf(cluster, words, pool)]
        }),
    )
}

/** Whether the Cluster has no VIP for the role and should have. */
export function isWanted(cluster: ClusterFacts, words: RoleWords): boolean {
  if (vipOf(cluster, words) !== '') return false
  if (words.role === 'ingress' && cluster.annotations[ingressEnabledAnnotation] === 'false') return false
  return cluster.className !== undefined || cluster.annotations[words.poolAnnotation] !== undefined
}

/**
 * The plain rules by which a pool is meant for a Cluster: the label names its class, or the Cluster names the pool; a
 * pool without a role is for the control plane. Pools that use lists, wildcards or priorities need the caller's own.
 */
export function isPoolByLabel(pool: PoolFacts, cluster: ClusterFacts, words: RoleWords): boolean {
  const named = cluster.annotations[words.poolAnnotation]?.trim()
  if (named !== undefined && named !== '') return named === pool.name || named === `${pool.kind}/${pool.name}`
  if ((pool.labels[roleKey] ?? 'control-plane') !== words.role) return false
  return cluster.className !== undefined && pool.labels[clusterClassKey] === cluster.className
}

function isUsable(pool: PoolFacts, cluster: ClusterFacts): boolean {
  const isInReach = pool.kind === 'GlobalInClusterIPPool' || pool.namespace === cluster.namespace
  return isInReach && !pool.isDeleting && !pool.isPaused && (pool.available ?? 0) > 0
}

function violationOf(cluster: ClusterFacts, words: RoleWords, pool: PoolFacts): Violation {
  return {
    invariant: 'I6',
    message: `Cluster ${cluster.key} (uid ${cluster.uid}) has no ${words.role} VIP, though ${pool.kind} ${pool.name} has ${pool.available ?? 0} left`,
  }
}
