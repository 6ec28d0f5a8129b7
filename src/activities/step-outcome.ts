import type {
  AssignVipResult,
  AwaitIPAddressResult,
  EnsureIPAddressClaimResult,
  SelectIPPoolResult,
} from '../domain/allocation/steps.ts'
import { ApplicationFailure } from '@temporalio/common'
import { describeAllocated, describeCompleted, type AssignedVip } from '../domain/allocation/cluster-patch.ts'
import type { PoolVerdict } from '../domain/allocation/pool-selection.ts'
import { isReason, type Reason } from '../domain/reason.ts'
import type { ConditionUpdate } from '../domain/allocation/vip-condition.ts'
import { consideredIn, isWait } from './failures.ts'

export type StepResult =
  SelectIPPoolResult | EnsureIPAddressClaimResult | AwaitIPAddressResult | AssignVipResult

/** How an attempt of a step ended, as far as others than the workflow want to know. */
export interface StepOutcome {
  readonly result: 'success' | 'waiting' | 'error'
  /** `""` where the allocation simply goes on. */
  readonly reason: string
  readonly message: string
  /** What the Cluster has to say from now on; undefined: nothing new. */
  readonly saying: ConditionUpdate | undefined
  /** The pools looked at, of a step that waits for one. */
  readonly considered: readonly PoolVerdict[]
  /** The Cluster has a VIP by this attempt, and had none before. */
  readonly isAllocated: boolean
  /** An address had to be left to somebody else. */
  readonly isDuplicate: boolean
}

const wentOn: StepOutcome = {
  result: 'success',
  reason: '',
  message: '',
  saying: undefined,
  considered: [],
  isAllocated: false,
  isDuplicate: false,
}

/** Reads the ending out of what a step answered. */
export function outcomeOf(result: StepResult): StepOutcome {
  if (result.next === 'assigned') return assigned(result)
  if (result.next === 'end') return ended(result.reason, result.message)
  if (result.next !== 'restart' || result.reason === undefined) return wentOn
  return { ...wentOn, ...about(false, result.reason, result.message), isDuplicate: true }
}

/** Reads the ending out of what a step failed with. */
export function outcomeOfFailure(failure: unknown): StepOutcome {
  if (!(failure instanceof ApplicationFailure)) {
    return { ...wentOn, result: 'error', reason: 'Unknown', message: String(failure) }
  }
  const { type, message } = failure
  const reason = type ?? 'Unknown'
  return {
    ...wentOn,
    ...(isReason(reason) ? about(false, reason, message) : { reason, message }),
    result: isWait(failure) ? 'waiting' : 'error',
    considered: consideredIn(failure),
  }
}

function assigned({
  host,
  port,
  poolRef,
  claim,
  isNew = false,
}: Extract<AssignVipResult, { readonly next: 'assigned' }>): StepOutcome {
  const vip: AssignedVip = { host, ...(port !== undefined && { port }) }
  if (poolRef === undefined || claim === undefined) {
    return { ...wentOn, ...about(true, 'EndpointAlreadySet', describeCompleted(vip)) }
  }
  return {
    ...wentOn,
    ...about(true, 'Allocated', describeAllocated(vip, poolRef, claim)),
    isAllocated: isNew,
  }
}

function ended(reason: Reason, message: string): StepOutcome {
  if (reason === 'ClusterDeleted') return { ...wentOn, reason, message }
  if (reason === 'NoMatchingPool') return { ...wentOn, reason, message, saying: { about: 'nothing' } }
  return { ...wentOn, ...about(reason === 'EndpointAlreadySet', reason, message) }
}

function about(
  isReady: boolean,
  reason: Reason,
  message: string,
): Pick<StepOutcome, 'reason' | 'message' | 'saying'> {
  return { reason, message, saying: { about: 'vip', isReady, reason, message } }
}
