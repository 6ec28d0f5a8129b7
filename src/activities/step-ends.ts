import type { ActionOf } from '../domain/allocation/action.ts'
import { clusterGone } from '../domain/allocation/next-action.ts'
import type { ClaimStepInput, StepEnd } from '../domain/allocation/steps.ts'
import type { Cluster } from '../domain/model/cluster.ts'

/** Why the step has no Cluster to go on with, if the one it was asked about is gone; undefined: it has. */
export function endWithout(
  cluster: Cluster | undefined,
  { cluster: key, uid }: ClaimStepInput,
): StepEnd | undefined {
  if (cluster === undefined) return endFor(uid, clusterGone(key))
  return cluster.uid === uid ? undefined : { next: 'replaced' }
}

/** The answer of a step that finds nothing left to do. */
export function endFor(uid: string, { reason, message, vip }: ActionOf<'done'>): StepEnd {
  return { next: 'end', uid, reason, message, ...vip }
}

/** The answer of a step that has deleted the claim. */
export function endWithoutClaim(uid: string, { outcome, because }: ActionOf<'deleteClaim'>): StepEnd {
  return outcome === 'restart' ? { next: 'restart', message: because } : endFor(uid, outcome)
}
