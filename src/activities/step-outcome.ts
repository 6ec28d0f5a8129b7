import { ApplicationFailure } from '@temporalio/common'
import { describeAllocated, describeCompleted } from '../domain/allocation/cluster-patch.ts'
import type { PoolVerdict } from '../domain/allocation/pool-selection.ts'
import type {
  AssignVipResult,
  AwaitIPAddressResult,
  ProbeAddressResult,
  EnsureIPAddressClaimResult,
  SelectIPPoolResult,
} from '../domain/allocation/steps.ts'
import type { ConditionUpdate } from '../domain/allocation/vip-condition.ts'
import { isReason, type Reason } from '../domain/reason.ts'
import type { Role } from '../domain/role.ts'
import type { WaitKind } from '../domain/timings.ts'
import { alsoWantedIn, consideredIn, isAfterOthers, isWait, waitKindOf } from './failures.ts'

export type StepResult =
  | SelectIPPoolResult
  | EnsureIPAddressClaimResult
  | AwaitIPAddressResult
  | AssignVipResult
  | ProbeAddressResult

/** Whether the next step can follow, or the VIP is assigned. */
export function makesProgress({ next }: StepResult): boolean {
  return next === 'claim' || next === 'await' || next === 'assign' || next === 'assigned'
}

/** How an attempt of a step ended, for condition, event, signal and metrics. */
export interface StepOutcome {
  readonly result: 'success' | 'waiting' | 'error'
  /** A Reason, or the type of a failure; `""` if the allocation simply continues. */
  readonly reason: string
  readonly message: string
  /** What to do with the Cluster's condition; undefined: nothing. */
  readonly condition: ConditionUpdate | undefined
  /** The verdicts on the pools, of a step that waits for one. */
  readonly considered: readonly PoolVerdict[]
  /** How it waits; of any other outcome `usual`. */
  readonly waitKind: WaitKind
  /** The other roles whose VIPs the Cluster wants, of a step that waits and knows it. */
  readonly alsoWanted: readonly Role[]
  /** This attempt wrote a VIP to a Cluster that had none. */
  readonly isAllocated: boolean
  /** This attempt stepped back from a duplicate address. */
  readonly isDuplicate: boolean
  /** This attempt gave back a claim that its IPAM provider has refused, for `reason`. */
  readonly isRefused: boolean
}

const continued: StepOutcome = {
  result: 'success',
  reason: '',
  message: '',
  condition: undefined,
  considered: [],
  waitKind: 'usual',
  alsoWanted: [],
  isAllocated: false,
  isDuplicate: false,
  isRefused: false,
}

export function outcomeOf(result: StepResult): StepOutcome {
  if (result.next === 'assigned') return assigned(result)
  if (result.next === 'end') return ended(result.reason, result.message)
  if (result.next !== 'restart') return continued
  const { reason, message, refusal } = result
  if (refusal !== undefined) return { ...continued, reason: refusal, message, isRefused: true }
  return reason === undefined ? continued : { ...withCondition(false, reason, message), isDuplicate: true }
}

export function outcomeOfFailure(failure: unknown): StepOutcome {
  if (!(failure instanceof ApplicationFailure)) {
    return { ...continued, result: 'error', reason: 'Unknown', message: String(failure) }
  }
  const { type, message } = failure
  const reason = type ?? 'Unknown'
  return {
    ...(isReason(reason)
      ? withCondition(false, reason, message, isAfterOthers(failure))
      : { ...continued, reason, message }),
    result: isWait(failure) ? 'waiting' : 'error',
    considered: consideredIn(failure),
    waitKind: waitKindOf(failure),
    alsoWanted: alsoWantedIn(failure),
  }
}

function assigned(vip: Extract<AssignVipResult, { readonly next: 'assigned' }>): StepOutcome {
  const { poolRef, claim, second, isNew = false, disagreement } = vip
  if (poolRef === undefined || claim === undefined) {
    return withCondition(true, 'EndpointAlreadySet', describeCompleted(vip, disagreement))
  }
  const other = second && { pool: second.poolRef, claim: second.claim }
  const message = describeAllocated(vip, { pool: poolRef, claim }, other, disagreement)
  return { ...withCondition(true, 'Allocated', message), isAllocated: isNew }
}

function ended(reason: Reason, message: string): StepOutcome {
  if (reason === 'ClusterDeleted') return { ...continued, reason, message }
  if (reason === 'NoMatchingPool') return { ...continued, reason, message, condition: 'remove' }
  return withCondition(reason === 'EndpointAlreadySet', reason, message)
}

function withCondition(isReady: boolean, reason: Reason, message: string, isPassing = false): StepOutcome {
  const condition = { isReady, reason, message, ...(isPassing && { isPassing }) }
  return { ...continued, reason, message, condition }
}

/** Receives steps and reports for the metrics. */
export interface StepObserver {
  /** One attempt of a step, at its end. */
  observeStep(reading: StepReading): void
  /** One condition, event or signal of the Worker. */
  countReport(kind: ReportKind, result: 'written' | 'unchanged' | 'failed'): void
}

export type ReportKind = 'condition' | 'event' | 'signal' | 'dns-name'

/** One attempt of a step. It holds no name of a Cluster, since its texts become labels of metrics. */
export interface StepReading extends Pick<StepOutcome, 'result' | 'reason' | 'isDuplicate' | 'isRefused'> {
  readonly step: string
  readonly role: string
  /** Name of the ClusterClass; `""` if the Cluster has none, or was not read. */
  readonly clusterClass: string
  /** Duration of the attempt. */
  readonly seconds: number
  /** If this attempt wrote a VIP to a Cluster that had none: the age of the Cluster, and of the run if the input has it. */
  readonly allocated?: { readonly sinceStartSeconds?: number; readonly sinceCreationSeconds: number }
}
