import type { Cluster } from '../model/cluster.ts'
import { integerIn } from '../model/integer-text.ts'
import { formatKey, type NamespacedName } from '../model/object-meta.ts'
import { queuePriorityAnnotation } from '../names.ts'
import type { Reason } from '../reason.ts'
import { roles, type Role } from '../role.ts'
import type { Waiter } from './action.ts'
import { isWritable } from './eligibility.ts'
import { vipConditionOf } from './vip-condition.ts'

/** What a place in the queue follows from. A Cluster that nobody has seen waiting has no `since`, and comes after all that do. */
export type Turn = Pick<Waiter, 'cluster' | 'role' | 'priority'> & Partial<Pick<Waiter, 'since'>>

/** The reasons of a Cluster that waits for some pool. */
const poolReasons: readonly string[] = [
  'PoolExhausted',
  'PoolNotReady',
  'NoMatchingPool',
] satisfies readonly Reason[]

/**
 * The VIPs for which a Cluster waits in the queue. Kubernetes alone says so: the status of our condition is False since the
 * VIP is missing, whatever the reasons were meanwhile, and no restart changes that time. One that cannot be served now, since
 * it is paused or its annotation cannot be read, keeps its time but holds nobody up.
 */
export function waitersOf(cluster: Cluster): readonly Waiter[] {
  if (cluster.conditions.length === 0 || !isWritable(cluster)) return []
  const priority = queuePriorityOf(cluster)
  if (priority === undefined) return []
  return roles.flatMap((role) => {
    const condition = vipConditionOf(cluster, role)
    if (condition?.status !== 'False' || !poolReasons.includes(condition.reason)) return []
    return [{ cluster, role, priority, since: condition.lastTransitionTime }]
  })
}

/** The turn of a Cluster, whether it waits already or not. */
export function turnOf(cluster: Cluster, role: Role): Turn {
  const condition = vipConditionOf(cluster, role)
  const priority = queuePriorityOf(cluster) ?? 0
  return condition?.status === 'False'
    ? { cluster, role, priority, since: condition.lastTransitionTime }
    : { cluster, role, priority }
}

/** Undefined if the annotation is no integer. */
export function queuePriorityOf({ annotations }: Pick<Cluster, 'annotations'>): number | undefined {
  const text = annotations[queuePriorityAnnotation]
  return text === undefined ? 0 : integerIn(text)
}

/** Total order, who is served first: priority, time of waiting, age, and the names, so that no two are equal. */
export function compareTurns(a: Turn, b: Turn): number {
  return (
    b.priority - a.priority ||
    compareTexts(a.since ?? last, b.since ?? last) ||
    compareTexts(a.cluster.creationTimestamp, b.cluster.creationTimestamp) ||
    compareTexts(a.cluster.namespace, b.cluster.namespace) ||
    compareTexts(a.cluster.name, b.cluster.name) ||
    compareTexts(a.role, b.role)
  )
}

/** After every time. */
const last = '~'

/** By code units, which is the same everywhere. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** All who wait, in the order of their turns, kept up to date Cluster by Cluster. */
export interface WaiterList {
  /** The same array at all times. */
  readonly waiters: readonly Waiter[]
  put(cluster: Cluster): void
  remove(cluster: NamespacedName): void
}

/** Makes an empty list. A change costs the logarithm of its length. */
export function createWaiterList(): WaiterList {
  const waiters: Waiter[] = []
  const byCluster = new Map<string, readonly Waiter[]>()

  const placeFor = (waiter: Waiter): number => {
    let [from, to] = [0, waiters.length]
    while (from < to) {
      const middle = (from + to) >>> 1
      const other = waiters[middle]
      if (other !== undefined && compareTurns(other, waiter) < 0) from = middle + 1
      else to = middle
    }
    return from
  }

  const remove = (cluster: NamespacedName): void => {
    const key = formatKey(cluster)
    for (const waiter of byCluster.get(key) ?? []) waiters.splice(placeFor(waiter), 1)
    byCluster.delete(key)
  }

  return {
    waiters,
    put(cluster) {
      remove(cluster)
      const found = waitersOf(cluster)
      if (found.length > 0) byCluster.set(formatKey(cluster), found)
      for (const waiter of found) waiters.splice(placeFor(waiter), 0, waiter)
    },
    remove,
  }
}
