import { askedAddress, couldGiveAsked } from './asked-addresses.ts'
import { isOpenTo } from './closed-pools.ts'
import { vipOf, type ClusterFacts, type PoolFacts } from './facts.ts'
import {
  bothRoles,
  clusterClassKey,
  controlPlane,
  ingressEnabledAnnotation,
  roleKey,
  type RoleWords,
} from './names.ts'
import { isExcused, type Observations } from './observations.ts'
import type { Violation } from './violation.ts'
import type { SnapshotFacts } from './snapshot-facts.ts'

/**
 * I6: every Cluster that wants a VIP and could have one has it. A Cluster wants one if it has a topology or names a
 * pool, is neither paused nor in deletion, and, for ingress, does not opt out. It could have one if a pool for it is
 * neither paused nor in deletion, open to its Namespace, and has a free address: the one that the Cluster asks for, if it asks
 * for one. The caller excuses a Cluster with another obstacle, such as
 * a foreign claim under our name.
 */
export function unservedClusters(facts: SnapshotFacts, observations: Observations): readonly Violation[] {
  const { isPoolFor = isPoolByLabel } = observations
  return facts.clusters
    .filter((cluster) => !cluster.isDeleting && !cluster.isPaused && !isExcused(observations, 'I6', cluster))
    .flatMap((cluster) =>
      bothRoles
        .filter((words) => isWanted(cluster, words))
        // An ingress VIP is allocated once the pool of the control plane is selected.
        .filter(({ role }) => role === 'control-plane' || !waitsForAsked(cluster))
        .flatMap((words) => {
          const labels = facts.namespaceLabels.get(cluster.namespace) ?? {}
          const pool = facts.pools.find(
            (pool) =>
              isUsable(pool, cluster) &&
              isOpenTo(pool, labels) &&
              isPoolFor(pool, cluster, words) &&
              couldGiveAsked(facts, pool, cluster, words),
          )
          return pool === undefined ? [] : [violationOf(cluster, words, pool)]
        }),
    )
}

/** Whether the Cluster lacks a VIP that it wants. */
export function isWanted(cluster: ClusterFacts, words: RoleWords): boolean {
  if (vipOf(cluster, words) !== '') return false
  if (words.role === 'ingress' && cluster.annotations[ingressEnabledAnnotation] === 'false') return false
  return cluster.className !== undefined || cluster.annotations[words.poolAnnotation] !== undefined
}

/**
 * Whether a pool is for a Cluster by the basic rules: its label names the class, or the Cluster names the pool; a pool
 * without a role is for the control plane. For lists, wildcards and priorities, the caller passes its own function.
 */
export function isPoolByLabel(pool: PoolFacts, cluster: ClusterFacts, words: RoleWords): boolean {
  const named = cluster.annotations[words.poolAnnotation]?.trim()
  if (named !== undefined && named !== '') return named === pool.name || named === `${pool.kind}/${pool.name}`
  if ((pool.labels[roleKey] ?? 'control-plane') !== words.role) return false
  return cluster.className !== undefined && pool.labels[clusterClassKey] === cluster.className
}

function waitsForAsked(cluster: ClusterFacts): boolean {
  return cluster.host === '' && askedAddress(cluster, controlPlane) !== undefined
}

/** Whether Clusters of this namespace can use the pool at all: it is in the same one, or in none. */
export function isInReach(pool: PoolFacts, { namespace }: ClusterFacts): boolean {
  return pool.namespace === '' || pool.namespace === namespace
}

function isUsable(pool: PoolFacts, cluster: ClusterFacts): boolean {
  return isInReach(pool, cluster) && !pool.isDeleting && !pool.isPaused && (pool.available ?? 0) > 0
}

function violationOf(cluster: ClusterFacts, words: RoleWords, pool: PoolFacts): Violation {
  return {
    invariant: 'I6',
    message: `Cluster ${cluster.key} (uid ${cluster.uid}) has no ${words.role} VIP, though ${pool.kind} ${pool.name} has ${pool.available ?? 0} left`,
  }
}
