import { isValidEndpoint, type Cluster } from '../model/cluster.ts'
import { formatKey } from '../model/object-meta.ts'
import type { HookAnswer } from './hooks.ts'
import type { RenderedVip } from './rendered-vip.ts'

export interface GateAnswer extends HookAnswer {
  /** 0: the topology may be created. */
  readonly retryAfterSeconds: number
}

/** The shortest time: core has whole seconds, and no event ends it. */
const retryAfterSeconds = 1

/**
 * Decides whether the topology of a Cluster may be created. The hook is called for Clusters of every class, so one that is not
 * served, or wants no VIP, is let through. After that core goes on with the Cluster as it was before the call, so only an
 * endpoint in the request itself opens the gate.
 *
 * @param cluster as in the request
 * @param vip undefined if the Cluster is not served
 */
export function gateAnswerFor(cluster: Cluster, vip: RenderedVip | undefined): GateAnswer {
  const isOpen =
    vip === undefined || vip.state === 'unwanted' || isValidEndpoint(cluster.controlPlaneEndpoint)
  if (isOpen) return { status: 'Success', retryAfterSeconds: 0 }
  const message =
    vip.state === 'pending'
      ? vip.message
      : `the control-plane VIP of Cluster ${formatKey(cluster)} has just been assigned`
  return { status: 'Success', message, retryAfterSeconds }
}
