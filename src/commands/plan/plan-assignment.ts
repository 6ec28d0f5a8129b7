import { holdersOf } from '../../domain/allocation/address-holder.ts'
import type { IPAddress } from '../../domain/model/ip-address.ts'
import {
  decideAssignment,
  formatVip,
  giveWayOf,
  type AssignedVip,
  type AssignmentDecision,
} from '../../domain/allocation/assignment.ts'
import { variableOf } from '../../domain/model/cluster.ts'
import { decideNewAddress } from '../../domain/allocation/new-address.ts'
import { formatKey } from '../../domain/model/object-meta.ts'
import type { PlanFacts, PlannedVariable, RolePlan } from './role-plan.ts'
import { planned, type Draft } from './plan-draft.ts'
import { formatPool } from '../../domain/model/pool.ts'
import type { VipRole } from '../../domain/role.ts'
import { addressIn } from '../../domain/allocation/vip-ownership.ts'
import { decideVipVariable, type VipVariableDecision } from '../../domain/allocation/vip-variable.ts'

/** What is planned up to the write to the Cluster. */
export interface Given extends Pick<RolePlan, 'considered' | 'pool' | 'claim'> {
  /** Undefined: the port of a host that is not ours is completed, or the address is open. */
  readonly address?: string
  /** Of the claim, where it is bound. */
  readonly ipAddress?: IPAddress
  /** The IPAM provider has yet to decide about the address. */
  readonly isAddressOpen?: boolean
}

export type AssignmentPlan =
  | { readonly next: 'done'; readonly draft: Draft }
  /** The claim goes, and another one asks for another address. */
  | { readonly next: 'next-address'; readonly steps: readonly string[] }
  /** The claim goes, and the Cluster is looked at anew. */
  | { readonly next: 'without-claim'; readonly steps: readonly string[] }

/** Decides about the write to the Cluster, as `assignVip` does. */
export function planAssignment(facts: PlanFacts, vip: VipRole, given: Given): AssignmentPlan {
  const { cluster, clusterClass, defaultPort } = facts
  const variable = decideVipVariable(cluster, vip, clusterClass)
  const address = given.isAddressOpen === true ? openAddress(given) : given.address
  const known = {
    ...pick(given),
    // A host that is not ours goes into no variable.
    ...(address !== undefined && { variable: plannedVariable(facts, vip, variable) }),
  }
  if (variable.decision === 'wait') return done(planned('wait', variable, known))
  const hasVariable = variable.decision === 'write'
  const decision = decideAssignment(cluster, { vip, address, hasVariable, defaultPort })
  switch (decision.decision) {
    case 'in-place': {
      const message = `Cluster ${formatKey(cluster)} has ${formatVip(decision.assigned)} as it should`
      return done(
        planned('in-place', { reason: 'Allocated', message }, { ...known, ...vipOf(decision, given) }),
      )
    }
    case 'taken':
      return planGivingWay(facts, vip, given, decision.message)
    case 'patch':
      return duplicate(facts, vip, given) ?? done(patching(vip, given, decision, known))
    default:
      return decision satisfies never
  }
}

function patching(
  vip: VipRole,
  given: Given,
  decision: Extract<AssignmentDecision, { readonly decision: 'patch' }>,
  known: Partial<Draft>,
): Draft {
  const { patch, assigned } = decision
  const draft = {
    ...known,
    ...vipOf(decision, given),
    patch,
    steps: [`write ${formatVip(assigned)} to the Cluster`],
  }
  if (given.isAddressOpen === true) {
    const message = `the ${vip.role} VIP would be an address of ${poolIn(given)}; the IPAM provider decides which`
    return planned('assign', { reason: 'Allocated', message }, draft)
  }
  if (given.address === undefined) {
    const message = `the host is somebody else's and stays; its port would be completed: ${formatVip(assigned)}`
    return planned('complete-port', { reason: 'EndpointAlreadySet', message }, draft)
  }
  const message = `the ${vip.role} VIP would be ${formatVip(assigned)}`
  return planned('assign', { reason: 'Allocated', message }, draft)
}

/** The Cluster has another VIP than its claim holds. */
function planGivingWay(facts: PlanFacts, vip: VipRole, given: Given, message: string): AssignmentPlan {
  const { deletesClaim, next } = giveWayOf(facts.cluster, vip)
  const steps =
    deletesClaim && given.ipAddress !== undefined
      ? [`delete IPAddressClaim ${given.claim?.name}: ${message}`]
      : []
  if (next === 'restart') return { next: 'without-claim', steps }
  return done(planned('skip', { reason: 'EndpointAlreadySet', message }, { steps }))
}

/** Where somebody else has, or had, the address of the claim. */
function duplicate(facts: PlanFacts, vip: VipRole, given: Given): AssignmentPlan | undefined {
  const { cluster, use, variables } = facts
  const { ipAddress } = given
  if (ipAddress === undefined || addressIn(cluster, vip) !== '') return undefined
  const seeker = { cluster, vip, claimName: given.claim?.name ?? '' }
  const holders = holdersOf(ipAddress.address, seeker, use, variables)
  const decision = decideNewAddress(cluster, vip, ipAddress, holders)
  switch (decision.decision) {
    case 'assign':
      return undefined
    case 'wait':
    case 'refuse':
      return done(
        planned(
          'wait',
          { reason: 'DuplicateAddress', message: decision.message },
          {
            ...pick(given),
            address: ipAddress.address,
            actionRequired: decision.decision === 'refuse',
          },
        ),
      )
    case 'step-back':
      return {
        next: 'next-address',
        steps: [`keep ${ipAddress.address} reserved and delete its claim: ${decision.why}`],
      }
    default:
      return decision satisfies never
  }
}

function plannedVariable(
  { cluster, clusterClass }: PlanFacts,
  vip: VipRole,
  decision: VipVariableDecision,
): PlannedVariable {
  const name = vip.variable
  const isWritten = decision.decision === 'write'
  const ref = cluster.topology?.clusterClass
  if (ref === undefined) return { name, isWritten, because: 'the Cluster has no spec.topology' }
  if (variableOf(cluster, name) !== undefined) {
    return { name, isWritten, because: 'the Cluster has a value for it' }
  }
  const key = `ClusterClass ${formatKey(ref)}`
  if (clusterClass === undefined) return { name, isWritten, because: `${key} does not exist` }
  const words = {
    write: 'has it',
    omit: 'does not have it',
    wait: 'declares it, and has not taken it in yet',
  }
  return { name, isWritten, because: `${key} ${words[decision.decision]}` }
}

/** What stands in the patch for an address that is not known. */
function openAddress(given: Given): string {
  return `<an address of ${poolIn(given)}>`
}

function poolIn({ pool }: Given): string {
  return pool === undefined ? 'the pool' : formatPool(pool)
}

function vipOf(
  { assigned }: { readonly assigned: AssignedVip },
  { isAddressOpen }: Given,
): Pick<Draft, 'address' | 'port'> {
  const { host, port } = assigned
  return { ...(isAddressOpen !== true && { address: host }), ...(port !== undefined && { port }) }
}

function pick({ considered, pool, claim }: Given): Pick<Draft, 'considered' | 'pool' | 'claim'> {
  return { considered, ...(pool !== undefined && { pool }), ...(claim !== undefined && { claim }) }
}

function done(draft: Draft): AssignmentPlan {
  return { next: 'done', draft }
}
