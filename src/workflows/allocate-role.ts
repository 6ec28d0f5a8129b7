import {
  takeSteps,
  type SelectIPPoolResult,
  type SequenceEnd,
  type Steps,
} from '../domain/allocation/steps.ts'
import { log, proxyActivities, proxyLocalActivities, workflowInfo } from '@temporalio/workflow'
import type { Activities } from '../activities/index.ts'
import { describeAllocated, describeCompleted, type AssignedVip } from '../domain/allocation/cluster-patch.ts'
import { claimNameFor } from '../domain/model/claim.ts'
import { formatKey, type NamespacedName } from '../domain/model/object-meta.ts'
import { poolNamespaceFor } from '../domain/model/pool-kind.ts'
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
  | { readonly pass: 'done'; readonly result: RoleResult }
  | { readonly pass: 'restart' }
  | { readonly pass: 'replaced' }

/** One pass through the steps: each on the fast path if it gets on there, else as an activity of its own. */
export async function allocateRole(run: RoleRun): Promise<RolePass> {
  const { cluster, role, progress } = run
  const { runToCompletion } = run.wakeUp
  const startedAt = workflowInfo().runStartTime.getTime()
  progress({
    phase: 'SelectingPool',
    message: `looking for a ${role} pool for Cluster ${formatKey(cluster)}`,
  })
  const made: AllocateAtOnceResult = await (run.pace.isAtOnce
    ? runToCompletion(() => takeFastPath(run, { cluster, role, startedAt }))
    : {})
  const { steps, poolOfClaim } = stepsAfter(run, made)
  const end = await takeSteps(steps, { cluster, role }, startedAt)
  return passFor(run, end, poolOfClaim())
}

/** The steps, of which some were made on the fast path; each shows in the status what comes next. */
function stepsAfter(
  run: RoleRun,
  made: AllocateAtOnceResult,
): { readonly steps: Steps; readonly poolOfClaim: () => PoolSummary | undefined } {
  const { cluster, role, progress } = run
  const { runInterruptible } = run.wakeUp
  const key = formatKey(cluster)
  const claim = claimNameFor(cluster, role)
  let pool: PoolSummary | undefined
  const steps: Steps = {
    async selectIPPool(input) {
      const summary = `${role} pool for ${key}`
      const selected =
        made.selectIPPool ?? (await runInterruptible(() => activity(summary).selectIPPool(input)))
      if ('uid' in selected) run.onSelected(selected)
      if (selected.next === 'claim') progress(choiceMade(cluster, claim, selected))
      if (selected.next === 'complete-port') {
        progress({ phase: 'AssigningVip', message: `completing the port of Cluster ${key}` })
      }
      return selected
    },
    async ensureIPAddressClaim(input) {
      const source = `${claim} from ${formatPool(input.poolRef)}`
      const summary = input.restore === undefined ? source : `${source} with ${input.restore.address} again`
      const ensured =
        made.ensureIPAddressClaim ??
        (await runInterruptible(() => activity(summary).ensureIPAddressClaim(input)))
      if (ensured.next === 'await') {
        pool = poolFor(ensured.poolRef, cluster)
        const message = `waiting for ${formatPool(pool)} to bind ${claim}`
        progress({ phase: 'AwaitingAddress', message, pool })
      }
      return ensured
    },
    async awaitIPAddress(input) {
      const awaited =
        made.awaitIPAddress ??
        (await runInterruptible(() => activity(`address for ${claim}`).awaitIPAddress(input)))
      if (awaited.next === 'assign') {
        const { address } = awaited
        progress({ phase: 'AssigningVip', message: `writing ${address} to Cluster ${key}`, address })
      }
      return awaited
    },
    async assignVip(input) {
      const summary = input.address === undefined ? `port of ${key}` : `${input.address} to ${key}`
      return made.assignVip ?? runInterruptible(() => activity(summary).assignVip(input))
    },
  }
  return { steps, poolOfClaim: () => pool }
}

function choiceMade(
  cluster: NamespacedName,
  claim: string,
  { poolRef, considered, insteadOf }: Extract<SelectIPPoolResult, { readonly next: 'claim' }>,
): Partial<RoleStatus> {
  return {
    phase: 'EnsuringClaim',
    message: alsoSaying(`${claim} from ${formatPool(poolRef)}`, insteadOf),
    claim,
    pool: poolFor(poolRef, cluster),
    // A pass that finds the choice made keeps why it was made.
    ...(considered.length > 0 && { considered }),
  }
}

/** A step as an activity, with a line that says in the Temporal UI what this one is about. */
function activity(summary: string): Steps {
  return proxyActivities<Activities>({ ...step, summary })
}

/**
 * Tries the steps at once, one after the other, within the workflow task. The first that does not get on becomes an
 * activity of its own, which is seen under Pending Activities and tried again until it does. So do all that follow, for as
 * long as the run lasts: one that had to wait is one that others send messages to, and those should not meet with a
 * workflow task that takes its time.
 */
async function takeFastPath(
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

/** @param pool of the claim; undefined if none was needed */
function passFor(run: RoleRun, end: SequenceEnd, pool: PoolSummary | undefined): RolePass {
  switch (end.next) {
    case 'replaced':
      return { pass: 'replaced' }
    case 'restart': {
      const { cluster, role } = run
      if (end.reason !== undefined) {
        log.warn(end.message, { cluster: formatKey(cluster), role, reason: end.reason })
        run.onDuplicate(end.message)
      }
      return { pass: 'restart' }
    }
    case 'end': {
      const { reason, message, host, port } = end
      const present = host === undefined ? {} : vipFields({ host, ...(port !== undefined && { port }) })
      return { pass: 'done', result: { outcome: 'skipped', reason, message, ...present } }
    }
    case 'assigned':
      return { pass: 'done', result: resultOf(run, end, pool) }
    default:
      return end satisfies never
  }
}

function resultOf(
  { cluster, role }: RoleRun,
  assigned: AssignedVip,
  pool: PoolSummary | undefined,
): RoleResult {
  if (pool === undefined) {
    const message = describeCompleted(assigned)
    return { outcome: 'skipped', reason: 'EndpointAlreadySet', message, ...vipFields(assigned) }
  }
  const claim = claimNameFor(cluster, role)
  const message = describeAllocated(assigned, pool, claim)
  return { outcome: 'allocated', reason: 'Allocated', message, ...vipFields(assigned), pool, claim }
}

function vipFields({ host, port }: AssignedVip): Pick<RoleResult, 'address' | 'port'> {
  return { address: host, ...(port !== undefined && { port }) }
}

function poolFor({ kind, name }: IPPoolReference, cluster: NamespacedName): PoolSummary {
  return { kind, name, namespace: poolNamespaceFor(kind, cluster.namespace) }
}
