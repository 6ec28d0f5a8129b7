import type { Cluster } from '../model/cluster.ts'
import type { NamespacedName } from '../model/object-meta.ts'
import { longestMessage } from '../quote.ts'
import { requiresAction, type Reason } from '../reason.ts'
import type { Role } from '../role.ts'

/** A Cluster that an event is about, also if it is gone. */
export type EventSubject = NamespacedName & Pick<Cluster, 'uid' | 'apiVersion'>

/** An event about a Cluster (events.k8s.io/v1), as `kubectl describe` and `kubectl events` show it. */
export interface ClusterEvent {
  readonly cluster: EventSubject
  readonly type: 'Normal' | 'Warning'
  readonly reason: Reason | 'Released' | 'Kept'
  readonly action: 'AllocateVIP' | 'ReleaseVIP'
  readonly note: string
}

export function allocationEvent(
  cluster: EventSubject,
  role: Role,
  reason: Reason,
  message: string,
): ClusterEvent {
  const type = requiresAction(reason) ? 'Warning' : 'Normal'
  const note = `${role} VIP: ${message}`.slice(0, longestMessage)
  return { cluster, type, reason, action: 'AllocateVIP', note }
}

/** The event that a deleted Cluster's addresses are released, or kept for a later Cluster of its name. */
export function releaseEvent(
  cluster: EventSubject,
  reason: 'Released' | 'Kept',
  message: string,
): ClusterEvent {
  const note = message.slice(0, longestMessage)
  return { cluster, type: 'Normal', reason, action: 'ReleaseVIP', note }
}
