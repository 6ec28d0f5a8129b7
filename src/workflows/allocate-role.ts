import { log, proxyActivities, proxyLocalActivities, workflowInfo } from '@temporalio/workflow'
import type { Activities } from '../activities/index.ts'
import { describeAllocated, describeCompleted, type AssignedVip } from '../domain/allocation/assignment.ts'
import { claimNameFor } from '../domain/model/claim.ts'
import { formatKey, type NamespacedName } from '../domain/model/object-meta.ts'
import { formatPool, type IPPoolReference } from '../domain/model/pool.ts'
import { alsoSaying } from '../domain/quote.ts'
import type { Role } from '../domain/role.ts'
import { atOnce, step } from './activity-policies.ts'
import type {
  AllocateAtOnceInput,
  AllocateAtOnceResult,
  PoolSummary,
  RoleResult,
  RoleStatus,
  SelectIPPoolResult,
  StepEnd,
} from './contract.ts'
import type { RoleWakeUp } from './wake-up.ts'

/** What one role's allocation is for, and how it waits and reports. */
export interface RoleRun {
  readonly cluster: NamespacedName
  readonly role: Role
  readonly wakeUp: RoleWakeUp
  readonly progress: (news: Partial<RoleStatus>) => void
  /** Whether every step of the run has got on at once so far. */
  readonly pace: { isAtOnce: boolean }
  /** Told what the first step has found out about the Cluster, and about Temporal. */
  readonly onSelected: (
    found: Pick<SelectIPPoolResult, 'alsoWanted' | 'searchable'> & {
      readonly uid: string
      readonly insteadOf?: string
    },
  ) => void
  /** Told of an address that had to be left to somebody else. */
  readonly onDuplicate: (message: string) => void
}

/** How a pass ended: with a result, or with the need for another pass over the same or a new Cluster. */
export type RolePass =
  | { readonly pass: 'done'; readonly uid: string; readonly result: RoleResult }
  | { readonly pass: 'restart' }
  | { readonly pass: 'replaced' }

/** One pass: select the pool, ensure the claim, await the address, assign the VIP. */
export async function allocateRole(run: RoleRun): Promise<RolePass> {
  const { cluster, role, progress } = run
  const { runInterruptible, runToCompletion } = run.wakeUp
  const key = formatKey(cluster)
  const startedAt = workflowInfo().runStartTime.getTime()

  progress({ phase: 'SelectingPool', message: `looking for a ${role} pool for Cluster ${key}` })
  const got: AllocateAtOnceResult = await (run.pace.isAtOnce
    ? runToCompletion(() => asFarAsAtOnce(run, { cluster, role, startedAt }))
    : {})
  const selected =
    got.selectIPPool ??
    (await runInterruptible(() => summarized(`${role} pool for ${key}`).selectIPPool({ cluster, role })))
  if ('uid' in selected) run.onSelected(selected)
  if (selected.next === 'complete-port') return completePort(run, selected.uid)
  if (selected.next !== 'claim') return passFor(run, selected)
  const { uid, poolRef, considered, restore, insteadOf } = selected
  const claim = claimNameFor(cluster, role)
  const source = `${claim} from ${formatPool(poolRef)}`

  progress({
    phase: 'EnsuringClaim',
    message: alsoSaying(source, insteadOf),
    claim,
    pool: poolFor(poolRef, cluster),
    // A pass that finds the choice made keeps why it was made.
    ...(considered.length > 0 && { considered }),
  })
  const ensured =
    got.ensureIPAddressClaim ??
    (await runInterruptible(() =>
      summarized(
        restore === undefined ? source : `${source} with ${restore.address} again`,
      ).ensureIPAddressClaim({ cluster, role, uid, poolRef, ...(restore !== undefined && { restore }) }),
    ))
  if (ensured.next !== 'await') return passFor(run, ensured)
  const pool = poolFor(ensured.poolRef, cluster)

  progress({ phase: 'AwaitingAddress', message: `waiting for ${formatPool(pool)} to bind ${claim}`, pool })
  const awaited =
    got.awaitIPAddress ??
    (await runInterruptible(() => summarized(`address for ${claim}`).awaitIPAddress({ cluster, role, uid })))
  if (awaited.next !== 'assign') return passFor(run, awaited)
  const { address } = awaited

  progress({ phase: 'AssigningVip', message: `writing ${address} to Cluster ${key}`, address })
  const assigned =
    got.assignVip ??
    (await runInterruptible(() =>
      summarized(`${address} to ${key}`).assignVip({ cluster, role, uid, address, startedAt }),
    ))
  if (assigned.next !== 'assigned') return passFor(run, assigned)
  const message = describeAllocated(assigned, pool, claim)
  return {
    pass: 'done',
    uid,
    result: { outcome: 'allocated', reason: 'Allocated', message, ...vipFields(assigned), pool, claim },
  }
}

/** Somebody gave the Cluster a host without a port: the host stays, no address is taken. */
async function completePort(run: RoleRun, uid: string): Promise<RolePass> {
  const { cluster, role, progress } = run
  progress({ phase: 'AssigningVip', message: `completing the port of Cluster ${formatKey(cluster)}` })
  const completed = await run.wakeUp.runInterruptible(() =>
    summarized(`port of ${formatKey(cluster)}`).assignVip({ cluster, role, uid }),
  )
  if (completed.next !== 'assigned') return passFor(run, completed)
  const message = describeCompleted(completed)
  return {
    pass: 'done',
    uid,
    result: { outcome: 'skipped', reason: 'EndpointAlreadySet', message, ...vipFields(completed) },
  }
}

/** A step as an activity, with a line that says in the Temporal UI what this one is about. */
function summarized(summary: string): Omit<Activities, 'allocateAtOnce' | 'confirmRelease'> {
  return proxyActivities<Activities>({ ...step, summary })
}

/**
 * Tries the steps at once, one after the other, within the workflow task. The first that does not get on becomes an
 * activity of its own, which is seen under Pending Activities and tried again until it does. So do all that follow, for as
 * long as the run lasts: one that had to wait is one that others send messages to, and those should not meet with a
 * workflow task that takes its time.
 */
async function asFarAsAtOnce(
  { cluster, role, pace }: RoleRun,
  input: AllocateAtOnceInput,
): Promise<AllocateAtOnceResult> {
  // Another role may have had to wait since.
  if (!pace.isAtOnce) return {}
  const summary = `${role} VIP for ${formatKey(cluster)}`
  try {
    const got = await proxyLocalActivities<Activities>({ ...atOnce, summary }).allocateAtOnce(input)
    pace.isAtOnce = got.assignVip !== undefined
    return got
  } catch {
    pace.isAtOnce = false
    return {}
  }
}

function passFor(run: RoleRun, end: StepEnd): RolePass {
  if (end.next === 'restart' && end.reason !== undefined) {
    const { cluster, role } = run
    log.warn(end.message, { cluster: formatKey(cluster), role, reason: end.reason })
    run.onDuplicate(end.message)
  }
  if (end.next !== 'end') return { pass: end.next }
  const { uid, reason, message, host, port } = end
  const present = host === undefined ? {} : vipFields({ host, ...(port !== undefined && { port }) })
  return { pass: 'done', uid, result: { outcome: 'skipped', reason, message, ...present } }
}

function vipFields({ host, port }: AssignedVip): Pick<RoleResult, 'address' | 'port'> {
  return { address: host, ...(port !== undefined && { port }) }
}

function poolFor({ kind, name }: IPPoolReference, cluster: NamespacedName): PoolSummary {
  return { kind, name, namespace: kind === 'InClusterIPPool' ? cluster.namespace : '' }
}
