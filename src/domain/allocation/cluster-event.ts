import type { Cluster } from '../model/cluster.ts'
import type { NamespacedName } from '../model/object-meta.ts'
import { longestMessage } from '../quote.ts'
import { requiresAction, type Reason } from '../reason.ts'
import type { Role } from '../role.ts'

/** What an event is about: also a Cluster that is gone. */
export type EventSubject = NamespacedName & Pick<Cluster, 'uid' | 'apiVersion'>

/** Something that happened to a Cluster, as `kubectl describe` and `kubectl events` show it (events.k8s.io/v1). */
export interface ClusterEvent {
  readonly cluster: EventSubject
  readonly type: 'Normal' | 'Warning'
  readonly reason: Reason | 'Released'
  /** What was being done. */
  readonly action: 'AllocateVIP' | 'ReleaseVIP'
  readonly note: string
}

/** The event that says what an allocation has come to. */
export function allocationEvent(
  cluster: EventSubject,
  role: Role,
  reason: Reason,
  message: string,
): ClusterEvent {
  const type = requiresAction(reason) ? 'Warning' : 'Normal'
  return { cluster, type, reason, action: 'AllocateVIP', note: noteOn(role, message) }
}

/** The event that says that a deleted Cluster's address is free again. */
export function releaseEvent(cluster: EventSubject, message: string): ClusterEvent {
  return {
    cluster,
    type: 'Normal',
    reason: 'Released',
    action: 'ReleaseVIP',
    note: message.slice(0, longestMessage),
  }
}

function noteOn(role: Role, message: string): string {
  return `${role} VIP: ${message}`.slice(0, longestMessage)
}
