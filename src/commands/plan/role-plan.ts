import type { Action, ActionOf, Observed } from '../../domain/allocation/action.ts'
import { afterAction, openAddressOf } from '../../domain/allocation/after-action.ts'
import { formatVip, vipFields } from '../../domain/allocation/cluster-patch.ts'
import { desireFor, poolRequestFor } from '../../domain/allocation/eligibility.ts'
import { nextAction } from '../../domain/allocation/next-action.ts'
import { claimStays, verdictsBeside, type PoolVerdict } from '../../domain/allocation/pool-selection.ts'
import { decideVipVariable } from '../../domain/model/cluster-class.ts'
import { claimNameFor, ownershipOf } from '../../domain/model/claim.ts'
import { variableOf, type Cluster } from '../../domain/model/cluster.ts'
import type { JsonPatch } from '../../domain/model/json-patch.ts'
import { formatKey } from '../../domain/model/object-meta.ts'
import { formatPool, type IPPoolReference } from '../../domain/model/pool.ts'
import type { Reason } from '../../domain/reason.ts'
import { roleSpecs, type Role, type VipRole } from '../../domain/role.ts'
import { withAddition } from '../../domain/quote.ts'

/** Everything that a plan for one role of a Cluster follows from, as of one moment: no fact is missing. */
export type PlanFacts = Required<Omit<Observed, 'cluster' | 'choice' | 'attempt'>> & {
  readonly cluster: Cluster
}

/** What a run would do now for one role of the Cluster. */
export interface RolePlan {
  readonly role: Role
  /**
   * `assign`: the VIP would be written; `complete-port`: only the port of a host that is not ours; `in-place`: nothing is
   * missing; `skip`: no VIP is wanted, or somebody else gave one; `wait`: the run would wait.
   */
  readonly outcome: 'assign' | 'complete-port' | 'in-place' | 'skip' | 'wait'
  /** With which a run would end or wait. */
  readonly reason: Reason
  readonly message: string
  /** A person has to act before the Cluster has its VIP. */
  readonly actionRequired: boolean
  /** The writes, in order, in words. */
  readonly steps: readonly string[]
  /** Every pool, with why it would or would not be chosen. */
  readonly considered: readonly PoolVerdict[]
  readonly pool?: IPPoolReference
  readonly claim?: { readonly name: string; readonly action: 'create' | 'adopt' | 'use' }
  /** Absent if the IPAM provider decides. */
  readonly address?: string
  readonly port?: number
  readonly variable?: { readonly name: string; readonly isWritten: boolean; readonly because: string }
  /** Of the Cluster; a text in angle brackets stands for an address that the IPAM provider decides. */
  readonly patch?: JsonPatch
}

/** Each action deletes a claim, makes one, or ends the plan: more of them would be a fault of the rules. */
const mostActions = 30

/** Plans what a run would do for one role: asks for the next action until that is the last one. Nothing is written. */
export function planRole(facts: PlanFacts, vip: VipRole): RolePlan {
  let observed: Observed = facts
  let made: Made = { steps: [], considered: [] }
  for (let actions = 0; actions < mostActions; actions += 1) {
    made = withClaimInUse(made, observed, vip)
    const action = nextAction(observed, vip)
    made = { ...made, steps: [...made.steps, ...stepsOf(action, observed, vip)] }
    if (isLast(action)) return { role: vip.role, ...conclusion(action, made, observed, vip) }
    made = withAction(made, action, observed, vip)
    observed = afterAction(observed, vip.role, action)
  }
  throw new Error(`the plan for Cluster ${formatKey(facts.key)} does not end`)
}

/** What has been planned so far. */
interface Made extends Pick<RolePlan, 'steps' | 'considered' | 'pool' | 'claim'> {
  /** Why it is not the address that the Cluster's annotation names. */
  readonly insteadOf?: string | undefined
}

type Last =
  | ActionOf<'wait' | 'refuse' | 'done' | 'patchCluster'>
  | (ActionOf<'deleteClaim'> & { readonly outcome: ActionOf<'done'> })

function isLast(action: Action): action is Last {
  if (action.action === 'deleteClaim') return action.outcome !== 'restart'
  return ['wait', 'refuse', 'done', 'patchCluster'].includes(action.action)
}

/** A usable claim that exists has made the choice already. */
function withClaimInUse(made: Made, { cluster, claim, pools = [] }: Observed, vip: VipRole): Made {
  if (made.claim !== undefined || cluster === undefined || claim === undefined || claim.isDeleting)
    return made
  const { owner } = ownershipOf(claim, cluster)
  if (owner !== 'this-cluster' && owner !== 'nobody') return made
  return {
    ...made,
    considered: verdictsBeside(poolRequestFor(cluster, vip.role), pools, claim.poolRef, claimStays),
    pool: claim.poolRef,
    claim: { name: claim.name, action: owner === 'nobody' ? 'adopt' : 'use' },
  }
}

function withAction(made: Made, action: Action, { cluster, pools = [] }: Observed, vip: VipRole): Made {
  switch (action.action) {
    case 'selectPool': {
      const { poolRef: pool, restore, insteadOf, considered } = action.choice
      if (cluster === undefined) return { ...made, pool }
      const claim = { name: claimNameFor(cluster, vip.role), action: 'create' as const }
      if (restore === undefined) return { ...made, pool, claim, considered, insteadOf }
      const because = `has ${restore.address}, which the Cluster had before`
      const request = poolRequestFor(cluster, vip.role)
      return { ...made, pool, claim, considered: verdictsBeside(request, pools, pool, because) }
    }
    case 'discardClaim':
    case 'deleteClaim':
    case 'stepBack':
      return { steps: made.steps, considered: [] }
    default:
      return made
  }
}

/** The writes of an action, in words. */
function stepsOf(action: Action, { key }: Observed, vip: VipRole): readonly string[] {
  const name = claimNameFor(key, vip.role)
  switch (action.action) {
    case 'releaseReservations':
      return action.addresses.map((address) => `let go of ${address}, which nobody else has any more`)
    case 'restoreAddress':
      return [`create IPAddress ${name} with ${action.address.address} again`]
    case 'createClaim':
      return [`create IPAddressClaim ${name} for ${formatPool(action.poolRef)}`]
    case 'adoptClaim':
      return [`adopt IPAddressClaim ${name}, which nobody owns`]
    case 'labelClaim': {
      const labels = Object.entries(action.labels).map(([key, value]) => `${key}=${value}`)
      return [`label IPAddressClaim ${name} with ${labels.join(', ')}`]
    }
    case 'discardClaim':
    case 'deleteClaim':
      return [`delete IPAddressClaim ${name}: ${action.because}`]
    case 'stepBack':
      return [`keep ${action.ipAddress.address} reserved and delete its claim: ${action.because}`]
    case 'patchCluster':
      return [`write ${formatVip(action.assigned)} to the Cluster`]
    case 'selectPool':
    case 'observe':
    case 'wait':
    case 'refuse':
    case 'done':
      return []
    default:
      return action satisfies never
  }
}

type Conclusion = Omit<RolePlan, 'role'>

function conclusion(action: Last, made: Made, observed: Observed, vip: VipRole): Conclusion {
  const { insteadOf: _insteadOf, ...choice } = made
  const withChoice = { ...choice, actionRequired: false }
  const withoutChoice = { steps: made.steps, considered: [], actionRequired: false }
  switch (action.action) {
    case 'patchCluster': {
      const { assigned, patch } = action
      if (action.writes === 'vip') return { ...withChoice, ...writing(action, made, observed, vip) }
      const message = `the host is somebody else's and stays; its port would be completed: ${formatVip(assigned)}`
      const outcome = { outcome: 'complete-port', reason: 'EndpointAlreadySet', message } as const
      return { ...withoutChoice, ...outcome, patch, ...vipFields(assigned) }
    }
    case 'deleteClaim': {
      const { reason, message } = action.outcome
      return { ...withoutChoice, outcome: 'skip', reason, message }
    }
    case 'done': {
      const { reason, message } = action
      if (reason === 'Allocated') {
        const inPlace = action.vip && vipFields(action.vip)
        const outcome = { outcome: 'in-place', reason, message } as const
        return { ...withChoice, ...outcome, ...inPlace, ...variableIn(observed, vip) }
      }
      const actionRequired = reason === 'ClusterDeleted' || lacksDefaultVip(observed, vip)
      return { ...withoutChoice, outcome: 'skip', reason, message, actionRequired }
    }
    case 'wait':
    case 'refuse': {
      const { action: kind, reason, message } = action
      const isUnchosen = kind === 'wait' && made.claim === undefined
      const { ipAddress } = observed
      return {
        ...withChoice,
        outcome: 'wait',
        reason,
        message,
        actionRequired: kind === 'refuse' || endedByPerson.includes(reason),
        considered: (isUnchosen ? action.considered : undefined) ?? made.considered,
        ...(reason === 'DuplicateAddress' && ipAddress && { address: ipAddress.address }),
        ...(reason === 'ClusterRejected' && variableIn(observed, vip)),
      }
    }
    default:
      return action satisfies never
  }
}

/** Whether the Cluster has no VIP of a kind that Clusters have, and does not refuse it. */
function lacksDefaultVip(observed: Observed, vip: VipRole): boolean {
  if (observed.cluster === undefined || !roleSpecs[vip.role].isDefault) return false
  const desire = desireFor(observed.cluster, vip, observed)
  return desire.desired === 'no' && !desire.isRefused
}

/** Waits that no controller ends. */
const endedByPerson: readonly Reason[] = ['ClusterPaused', 'NoMatchingPool', 'PoolExhausted', 'PoolNotReady']

function writing(
  { assigned, patch }: ActionOf<'patchCluster'>,
  { pool, insteadOf }: Made,
  observed: Observed,
  vip: VipRole,
): Pick<Conclusion, 'outcome' | 'reason' | 'message' | 'patch' | 'address' | 'port' | 'variable'> {
  const isOpen = pool !== undefined && assigned.host === openAddressOf(pool)
  const { address, ...port } = vipFields(assigned)
  const message = isOpen
    ? `the ${vip.role} VIP would be an address of ${formatPool(pool)}; the IPAM provider decides which`
    : `the ${vip.role} VIP would be ${formatVip(assigned)}`
  return {
    outcome: 'assign',
    reason: 'Allocated',
    message: withAddition(message, insteadOf),
    patch,
    ...port,
    ...(!isOpen && { address }),
    ...variableIn(observed, vip),
  }
}

function variableIn({ cluster, clusterClass }: Observed, vip: VipRole): Pick<RolePlan, 'variable'> {
  if (cluster === undefined) return {}
  const { decision } = decideVipVariable(cluster, vip, clusterClass)
  const name = vip.variable
  const ref = cluster.topology?.clusterClass
  const why = (): string => {
    if (ref === undefined) return 'the Cluster has no spec.topology'
    if (variableOf(cluster, name) !== undefined) return 'the Cluster has a value for it'
    const key = `ClusterClass ${formatKey(ref)}`
    if (clusterClass === undefined) return `${key} does not exist`
    const words = {
      write: 'has it',
      omit: 'does not have it',
      wait: 'declares it, and has not taken it in yet',
    }
    return `${key} ${words[decision]}`
  }
  return { variable: { name, isWritten: decision === 'write', because: why() } }
}
