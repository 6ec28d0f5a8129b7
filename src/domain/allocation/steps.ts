import type { PoolVerdict } from './pool-selection.ts'
import type { PooledAddress } from '../model/ip-address.ts'
import type { NamespacedName } from '../model/object-meta.ts'
import type { IPPoolReference } from '../model/pool.ts'
import type { Reason } from '../reason.ts'
import type { Role } from '../role.ts'
import type { SearchAttributeName } from '../search-attributes.ts'

/**
 * The steps of an allocation. Each observes, performs what `nextAction` says and is its own to perform, and answers; each
 * can be repeated at any time. Inputs and answers go over the wire: running workflows depend on them.
 */
export interface Steps {
  selectIPPool(input: StepInput): Promise<SelectIPPoolResult>
  ensureIPAddressClaim(input: EnsureIPAddressClaimInput): Promise<EnsureIPAddressClaimResult>
  awaitIPAddress(input: ClaimStepInput): Promise<AwaitIPAddressResult>
  assignVip(input: AssignVipInput): Promise<AssignVipResult>
}

/** The answer that ends a pass through the steps. */
export type SequenceEnd = StepEnd | Extract<AssignVipResult, { readonly next: 'assigned' }>

/**
 * Takes the steps one after the other: select the pool, ensure the claim, await the address, assign the VIP. The workflow
 * runs them as activities, the fast path as functions.
 *
 * @param startedAt milliseconds since the epoch: when the run began
 * @returns the answer of the last step, or of the first that does not lead to the next
 */
export async function takeSteps(
  steps: Steps,
  { cluster, role }: StepInput,
  startedAt: number,
): Promise<SequenceEnd> {
  const selected = await steps.selectIPPool({ cluster, role })
  if (selected.next === 'complete-port') return steps.assignVip({ cluster, role, uid: selected.uid })
  if (selected.next !== 'claim') return selected
  const { uid, poolRef, restore } = selected
  const again = restore === undefined ? {} : { restore }

  const ensured = await steps.ensureIPAddressClaim({ cluster, role, uid, poolRef, ...again })
  if (ensured.next !== 'await') return ensured

  const awaited = await steps.awaitIPAddress({ cluster, role, uid })
  if (awaited.next !== 'assign') return awaited
  const { address } = awaited

  return steps.assignVip({ cluster, role, uid, address, startedAt })
}

/** What every activity is asked about. `uid` is fixed by the first one. */
export interface StepInput {
  readonly cluster: NamespacedName
  readonly role: Role
}

export interface ClaimStepInput extends StepInput {
  readonly uid: string
}

export interface EnsureIPAddressClaimInput extends ClaimStepInput {
  readonly poolRef: IPPoolReference
  /** Present: the claim has to get this very address again. */
  readonly restore?: PooledAddress
}

export interface AssignVipInput extends ClaimStepInput {
  /** Absent: complete the port of a host that is not ours. */
  readonly address?: string
  /** Milliseconds since the epoch: when the run began. */
  readonly startedAt?: number
}

/** Any step can find that the allocation is over, or that it has to begin anew. */
export type StepEnd =
  | {
      readonly next: 'end'
      readonly uid: string
      readonly reason: Reason
      readonly message: string
      readonly host?: string
      readonly port?: number
    }
  /** The Cluster of this name is another object now. */
  | { readonly next: 'replaced' }
  /** The world moved between two steps: look at it from the start. */
  | { readonly next: 'restart'; readonly reason?: 'DuplicateAddress'; readonly message: string }

/**
 * `alsoWanted`: the other roles for which the Cluster wants a VIP; absent for none. `searchable`: the search attributes
 * that this Temporal namespace has; absent for none.
 */
export type SelectIPPoolResult = (
  | StepEnd
  | { readonly next: 'complete-port'; readonly uid: string }
  | {
      readonly next: 'claim'
      readonly uid: string
      readonly poolRef: IPPoolReference
      readonly considered: readonly PoolVerdict[]
      readonly restore?: PooledAddress
      /** Why it is not the address that the Cluster's annotation names, in words; absent where it names none. */
      readonly insteadOf?: string
    }
) & { readonly alsoWanted?: readonly Role[]; readonly searchable?: readonly SearchAttributeName[] }

export type EnsureIPAddressClaimResult =
  StepEnd | { readonly next: 'await'; readonly claim: string; readonly poolRef: IPPoolReference }

export type AwaitIPAddressResult = StepEnd | { readonly next: 'assign'; readonly address: string }

/** `poolRef` and `claim`: where a VIP of ours comes from. `isNew`: the Cluster had none before. */
export type AssignVipResult =
  | StepEnd
  | {
      readonly next: 'assigned'
      readonly host: string
      readonly port?: number
      readonly poolRef?: IPPoolReference
      readonly claim?: string
      readonly isNew?: boolean
    }
