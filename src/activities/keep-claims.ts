import { describeKept, retainedClaimOf } from '../domain/model/retained-claim.ts'
import { formatKey } from '../domain/model/object-meta.ts'
import type { IPPool } from '../domain/model/pool.ts'
import { decideRetention, type RetentionDecision } from '../domain/release/retention.ts'
import type { ObservedRelease, RemainingObject } from '../domain/release/release.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import { isKubernetesError } from '../kubernetes/errors.ts'

type RemainingClaim = Extract<RemainingObject, { readonly kind: 'IPAddressClaim' }>

/** A claim that has outlived its Cluster, and what has been decided about it. */
export interface KeptClaim {
  /** Milliseconds since the epoch until which nothing is to be done, infinite if only another change can end that. */
  readonly until: number | undefined
  readonly message: string
  /** It is kept from now on, or until another time than before. */
  readonly isNew: boolean
}

/** Whether the claim of a deleted Cluster is to outlive it. One that is being deleted goes. */
export function isKept(remaining: RemainingObject): remaining is RemainingClaim {
  return remaining.kind === 'IPAddressClaim' && retainedClaimOf(remaining.object) !== undefined
}

/** Marks, keeps or releases a claim that has outlived its Cluster. Every write is conditional on the claim as it was read. */
export async function keepClaim(
  api: Pick<ClusterApi, 'patchIPAddressClaim' | 'deleteIPAddressClaim'>,
  { object: claim, held }: RemainingClaim,
  { present }: ObservedRelease,
  pools: readonly IPPool[],
): Promise<KeptClaim> {
  const { address } = held
  const decision = decideRetention({ claim, address, pools, present, now: Date.now() })
  const name = `IPAddressClaim ${formatKey(claim)}${address === undefined ? '' : ` (${address})`}`
  const kept = retainedClaimOf(claim)
  const isWritten = await write(api, claim, decision)
  switch (decision.decision) {
    case 'mark':
    case 'keep': {
      const message = `${name} is ${kept === undefined ? 'kept' : describeKept(kept.keptFor, decision.until)}`
      // Somebody has changed the claim, so it is read again.
      return {
        message,
        until: isWritten ? decision.until : undefined,
        isNew: isWritten && decision.decision === 'mark',
      }
    }
    case 'wait':
      return { message: `${name}: ${decision.because}`, until: undefined, isNew: false }
    case 'release':
      return {
        message: `${name} is released, since ${decision.because}`,
        until: undefined,
        isNew: false,
      }
    default:
      return decision satisfies never
  }
}

/** @returns false if the claim has changed or is gone, so that nothing was written */
async function write(
  api: Pick<ClusterApi, 'patchIPAddressClaim' | 'deleteIPAddressClaim'>,
  claim: RemainingClaim['object'],
  decision: RetentionDecision,
): Promise<boolean> {
  try {
    if (decision.decision === 'mark') {
      const { annotations } = decision
      const { resourceVersion } = claim
      await api.patchIPAddressClaim(claim, { metadata: { resourceVersion, annotations } })
    }
    if (decision.decision === 'release') await api.deleteIPAddressClaim(claim)
    return true
  } catch (error) {
    if (!isKubernetesError(error, 'conflict', 'notFound')) throw error
    return false
  }
}
