import { holdersOf } from '../../domain/allocation/address-holder.ts'
import { addressOfPool, decideRestoredAddress } from '../../domain/model/ip-address.ts'
import { claimNameFor, ownershipOf, type IPAddressClaim } from '../../domain/model/claim.ts'
import { obstacleOf } from '../../domain/allocation/claim-obstacle.ts'
import { freeDuplicatesOf } from '../../domain/allocation/duplicate-addresses.ts'
import { decideAllocation, poolRequestFor } from '../../domain/allocation/eligibility.ts'
import { formatKey } from '../../domain/model/object-meta.ts'
import type { PlanFacts, RolePlan } from './role-plan.ts'
import { planAssignment } from './plan-assignment.ts'
import { planned, type Draft } from './plan-draft.ts'
import { formatPool, poolRefTo, type IPPoolReference } from '../../domain/model/pool.ts'
import { selectIPPool, type PoolVerdict } from '../../domain/allocation/pool-selection.ts'
import { alsoSaying } from '../../domain/quote.ts'
import { decideRestoration } from '../../domain/allocation/restoration.ts'
import { defaultRole, type VipRole } from '../../domain/role.ts'
import { vipOwnershipOf } from '../../domain/allocation/vip-ownership.ts'
import { decideUnboundClaim } from '../../domain/allocation/unbound-claim.ts'

/** Decides what a run would do for one role, by the decisions that the activities act on. Nothing is written. */
export function planRole(facts: PlanFacts, vip: VipRole): RolePlan {
  return { role: vip.role, ...draftFor(facts, vip) }
}

function draftFor(facts: PlanFacts, vip: VipRole): Draft {
  const { cluster, pools } = facts
  const { claim } = facts.holdings[vip.role]
  const decision = decideAllocation(cluster, vip, claim, pools)
  switch (decision.decision) {
    case 'wait':
    case 'refuse':
      return planned('wait', decision, { actionRequired: true })
    case 'end':
      return planned('skip', decision, { actionRequired: true })
    case 'skip':
      // Nobody needs an ingress VIP that is not asked for; a control plane needs one.
      return planned('skip', decision, {
        actionRequired: decision.reason === 'NoMatchingPool' && vip.role === defaultRole,
      })
    case 'complete-port':
      return assignment(facts, vip, { considered: [] })
    case 'restore':
      return draftForLostClaim(facts, vip, decision.address)
    case 'allocate':
      return withSteps(
        claim === undefined ? draftForNewClaim(facts, vip) : draftForClaim(facts, vip, claim),
        freeDuplicatesOf(cluster, facts.use, facts.variables).map(
          (address) => `let go of ${address}, which nobody else has any more`,
        ),
      )
    default:
      return decision satisfies never
  }
}

/** @param insteadOf why it is not the address that the Cluster's annotation names */
function draftForNewClaim(facts: PlanFacts, vip: VipRole, insteadOf?: string): Draft {
  const selection = selectIPPool(poolRequestFor(facts.cluster, vip.role), facts.pools)
  const { considered } = selection
  if (selection.outcome === 'none') {
    const { reason } = selection
    const message = alsoSaying(selection.message, insteadOf)
    return planned('wait', { reason, message }, { actionRequired: true, considered })
  }
  const pool = poolRefTo(selection.pool)
  const name = claimNameFor(facts.cluster, vip.role)
  const claim = { name, action: 'create' } as const
  const draft = assignment(facts, vip, { considered, pool, claim, isAddressOpen: true })
  return withSteps({ ...draft, message: alsoSaying(draft.message, insteadOf) }, [
    `create IPAddressClaim ${name} for ${formatPool(pool)}`,
  ])
}

function draftForClaim(facts: PlanFacts, vip: VipRole, claim: IPAddressClaim): Draft {
  const obstacle = obstacleOf(claim, facts.cluster)
  if (obstacle !== undefined) {
    return planned('wait', obstacle, { actionRequired: obstacle.reason === 'ClaimConflict' })
  }
  const { ipAddress } = facts.holdings[vip.role]
  const isAdopted = ownershipOf(claim, facts.cluster).owner === 'nobody'
  const base = {
    considered: consideredBeside(facts, vip, claim.poolRef, 'its IPAddressClaim is there, and stays'),
    pool: claim.poolRef,
    claim: { name: claim.name, action: isAdopted ? ('adopt' as const) : ('use' as const) },
  }
  const draft =
    ipAddress === undefined
      ? draftForUnbound(facts, vip, claim, base)
      : assignment(facts, vip, { ...base, ipAddress, address: ipAddress.address })
  return withSteps(draft, isAdopted ? [`adopt IPAddressClaim ${claim.name}, which nobody owns`] : [])
}

function draftForUnbound(
  facts: PlanFacts,
  vip: VipRole,
  claim: IPAddressClaim,
  base: Pick<RolePlan, 'considered' | 'pool' | 'claim'>,
): Draft {
  const { cluster, pools } = facts
  if (claim.addressName !== undefined) {
    const message = `IPAddress ${claim.namespace}/${claim.addressName} is not there yet`
    return planned('wait', { reason: 'WaitingForAddress', message }, base)
  }
  const decision = decideUnboundClaim(cluster, vip, claim, pools, facts.holdings[vip.role].namesake)
  const gone = [`delete IPAddressClaim ${claim.name}: ${decision.message}`]
  switch (decision.decision) {
    case 'wait':
      return planned('wait', decision, { ...base, actionRequired: decision.reason !== 'WaitingForAddress' })
    case 'move':
      return withSteps(draftForNewClaim(facts, vip), gone)
    case 'give-back':
      return vipOwnershipOf(cluster, vip).state === 'incomplete'
        ? withSteps(draftFor(withoutClaim(facts, vip), vip), gone)
        : withSteps(planned('skip', { reason: 'EndpointAlreadySet', message: decision.message }), gone)
    default:
      return decision satisfies never
  }
}

function draftForLostClaim(facts: PlanFacts, vip: VipRole, recorded: string): Draft {
  const { cluster, pools, use, variables } = facts
  const name = claimNameFor(cluster, vip.role)
  const holders = holdersOf(recorded, { cluster, vip, claimName: name }, use, variables)
  const decision = decideRestoration(cluster, vip, recorded, holders, pools)
  if (decision.decision === 'allocate-anew') return draftForNewClaim(facts, vip, decision.because)
  if (decision.decision === 'lost') {
    const { message } = decision
    return planned('wait', { reason: 'AddressLost', message }, { actionRequired: true })
  }
  const { address } = decision
  const pool = poolRefTo(decision.pool)
  const because = `has ${address}, which the Cluster had before`
  const base = { considered: consideredBeside(facts, vip, pool, because), pool }
  const { namesake } = facts.holdings[vip.role]
  const restored = decideRestoredAddress(namesake, addressOfPool(decision.pool, address))
  if (restored.decision === 'wait') return planned('wait', restored, base)
  return withSteps(assignment(facts, vip, { ...base, claim: { name, action: 'create' }, address }), [
    ...(restored.decision === 'create' ? [`create IPAddress ${name} with ${address} again`] : []),
    `create IPAddressClaim ${name} for ${formatPool(pool)}`,
  ])
}

/** What follows from the address; where that is that the claim goes, what follows from having none. */
function assignment(facts: PlanFacts, vip: VipRole, given: Parameters<typeof planAssignment>[2]): Draft {
  const result = planAssignment(facts, vip, given)
  switch (result.next) {
    case 'done':
      return result.draft
    case 'next-address':
      return withSteps(draftForNewClaim(facts, vip), result.steps)
    case 'without-claim':
      return withSteps(draftFor(withoutClaim(facts, vip), vip), result.steps)
    default:
      return result satisfies never
  }
}

function withoutClaim(facts: PlanFacts, { role }: VipRole): PlanFacts {
  const nothing = { claim: undefined, ipAddress: undefined, namesake: undefined }
  return { ...facts, holdings: { ...facts.holdings, [role]: nothing } }
}

/** What is said of the pools where the choice is made already. */
function consideredBeside(
  { cluster, pools }: PlanFacts,
  { role }: VipRole,
  choice: IPPoolReference,
  because: string,
): readonly PoolVerdict[] {
  const { considered } = selectIPPool(poolRequestFor(cluster, role), pools)
  return considered.map((each) => {
    if (formatPool(each) === formatPool(choice)) return { ...each, verdict: 'selected', because }
    return each.verdict === 'selected'
      ? {
          ...each,
          verdict: 'eligible',
          because: `${each.because}; ${formatPool(choice)} is the choice of ${formatKey(cluster)} already`,
        }
      : each
  })
}

function withSteps(draft: Draft, steps: readonly string[]): Draft {
  return { ...draft, steps: [...steps, ...draft.steps] }
}
