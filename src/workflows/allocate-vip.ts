import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  defineUpdate,
  log,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import type { LogMetadata } from '@temporalio/common'
import type { StepInput } from '../domain/allocation/steps.ts'
import { formatKey, type NamespacedName } from '../domain/model/object-meta.ts'
import { formatPool } from '../domain/model/pool.ts'
import { withAddition } from '../domain/quote.ts'
import { defaultRole, type Role } from '../domain/role.ts'
import { allocateRole, type RoleRun } from './allocate-role.ts'
import {
  managementClusterIn,
  parseAllocateVipInput,
  parseWaitReport,
  partsOfWorkflowId,
  retryNowUpdate,
  statusQuery,
  waitingSignal,
  wakeSignal,
  type AllocateVipResult,
  type AllocationStatus,
  type RoleResult,
} from './contract.ts'
import { describeStatus } from './describe-status.ts'
import { createSearchAttributeRecorder, type SearchAttributeRecorder } from './search-attribute-recorder.ts'
import { readArgument } from './read-argument.ts'
import { createStatusRecord, type StatusRecord, type StatusUpdate } from './status-record.ts'
import { createWakeUp, type RoleWakeUp, type WakeUp } from './wake-up.ts'

export const wake = defineSignal<[string?]>(wakeSignal)
export const status = defineQuery<AllocationStatus>(statusQuery)
export const waiting = defineSignal<[unknown]>(waitingSignal)
export const retryNow = defineUpdate<AllocationStatus, [string?]>(retryNowUpdate)

/**
 * Gives a Cluster its VIPs, however long that takes. Ends when the Cluster is served, needs nothing, or is gone; a Cluster
 * that was recreated under the same name gets a new run under the same id. The control plane goes first; other roles are
 * allocated in parallel.
 *
 * @param args one object, `{ namespace, name }`; anything else fails the run at once with `InvalidInput`
 */
export async function allocateVip(...args: readonly unknown[]): Promise<AllocateVipResult> {
  const { workflowId, memo } = workflowInfo()
  const cluster = readArgument(() => parseAllocateVipInput(args, workflowId))
  const startNewRun = async (): Promise<never> => {
    await condition(() => allHandlersFinished() && !run.wakeUp.isBusy())
    return continueAsNew<typeof allocateVip>(cluster)
  }
  const run: Run = {
    cluster,
    ...managementClusterIn(memo),
    wakeUp: createWakeUp(startNewRun),
    wakeUps: new Map(),
    alsoWanted: new Set(),
    record: createStatusRecord(cluster),
    searchAttributes: createSearchAttributeRecorder(partsOfWorkflowId(workflowId)?.managementCluster),
    startNewRun,
  }
  handleMessages(run)
  const results = await allocateRoles(run)
  run.searchAttributes.update(run.record.report(run.wakeUp.recent))
  return { cluster: { ...cluster, uid: run.record.uid() }, roles: Object.fromEntries(results) }
}

/** The state that the message handlers and the allocations of a run share. */
interface Run extends Pick<StepInput, 'managementClusterUid'> {
  readonly cluster: NamespacedName
  readonly wakeUp: WakeUp
  readonly wakeUps: Map<Role, RoleWakeUp>
  /** The roles for which the Cluster wants a VIP, as a step of the first one says that has to wait. */
  readonly alsoWanted: Set<Role>
  readonly record: StatusRecord
  readonly searchAttributes: SearchAttributeRecorder
  /** Continues as a new run. */
  readonly startNewRun: () => Promise<never>
}

function show({ record, wakeUp }: Run): void {
  setCurrentDetails(describeStatus(record.report(wakeUp.recent)))
}

/**
 * Allocates for the first role, and in parallel for the others that the Cluster wants, also while the first one waits. It awaits
 * no condition that is met: Temporal's SDK takes a stack trace for every promise of a workflow.
 */
async function allocateRoles(run: Run): Promise<ReadonlyMap<Role, RoleResult>> {
  const { wakeUp, wakeUps, alsoWanted } = run
  const fastPath = { isOpen: true }
  const started = new Set<Role>()
  const results = new Map<Role, RoleResult>()
  /** Why a VIP is not the address that the Cluster's annotation names. A later pass does not find out again. */
  const insteadOf = new Map<Role, string>()
  const isSettled = (): boolean => results.size === started.size
  let failure: { readonly error: unknown } | undefined

  const start = (role: Role): void => {
    if (started.has(role)) return
    started.add(role)
    void allocate(role).catch((error: unknown) => {
      failure ??= { error }
    })
  }

  /** Allocates for one role; and again if a wake comes while another role still waits. */
  const allocate = async (role: Role): Promise<void> => {
    const own = wakeUp.forRole()
    wakeUps.set(role, own)
    do {
      results.delete(role)
      results.set(role, await untilResult(run, { role, wakeUp: own, fastPath, start, insteadOf }))
      const isOver = (): boolean => !wakeUp.isHeld() && (own.isPending() || isSettled())
      if (!isOver()) await condition(isOver)
    } while (own.isPending())
  }

  const unstarted = (): readonly Role[] => [...alsoWanted].filter((role) => !started.has(role))
  const isToStart = (): boolean => !wakeUp.isHeld() && unstarted().length > 0

  start(defaultRole)
  do {
    await condition(() => failure !== undefined || isSettled() || isToStart())
    if (failure !== undefined) throw failure.error
    if (!isSettled() && isToStart()) unstarted().forEach(start)
    if (!allHandlersFinished()) await condition(allHandlersFinished)
  } while (!isSettled())
  return results
}

interface RoleAllocation extends Pick<RoleRun, 'wakeUp' | 'fastPath'> {
  readonly role: Role
  readonly start: (role: Role) => void
  readonly insteadOf: Map<Role, string>
}

/** Passes through the steps until a pass ends with a result. */
async function untilResult(run: Run, allocation: RoleAllocation): Promise<RoleResult> {
  const { cluster, managementClusterUid, record, searchAttributes } = run
  const { role, wakeUp, fastPath } = allocation
  const progress: StatusUpdate = (update, options) => {
    record.progress(role, update, options)
    show(run)
  }
  let tried: string | undefined
  for (;;) {
    const ended = await allocateRole({
      input: {
        cluster,
        role,
        ...(managementClusterUid !== undefined && { managementClusterUid }),
        ...(tried !== undefined && { tried }),
      },
      wakeUp,
      fastPath,
      progress,
      onDuplicate: (message) => record.duplicate(role, message),
      onSelected: ({ uid, alsoWanted = [], searchable = [], insteadOf }) => {
        if (insteadOf !== undefined) allocation.insteadOf.set(role, insteadOf)
        record.selected(uid)
        searchAttributes.register(searchable)
        alsoWanted.forEach(allocation.start)
      },
    })
    if (ended.pass === 'replaced') return run.startNewRun()
    tried = ended.pass === 'restart' ? ended.tried : undefined
    if (ended.pass === 'done' && !wakeUp.isPending()) {
      const more = ended.result.outcome === 'allocated' ? allocation.insteadOf.get(role) : undefined
      const result = { ...ended.result, message: withAddition(ended.result.message, more) }
      progress({ phase: 'Done', message: result.message, reason: result.reason })
      log.info(result.message, logFieldsOf(cluster, role, result))
      return result
    }
    if (workflowInfo().continueAsNewSuggested) return run.startNewRun()
  }
}

function logFieldsOf(
  cluster: NamespacedName,
  role: Role,
  { reason, address, pool, claim, second }: RoleResult,
): LogMetadata {
  return {
    cluster: formatKey(cluster),
    role,
    reason,
    ...(address !== undefined && { address }),
    ...(pool !== undefined && { pool: formatPool(pool) }),
    ...(claim !== undefined && { claim }),
    ...(second?.address !== undefined && { secondAddress: second.address }),
    ...(second?.claim !== undefined && { secondClaim: second.claim }),
  }
}

function handleMessages(run: Run): void {
  const { wakeUp, wakeUps, alsoWanted, record, searchAttributes } = run
  const report = (): AllocationStatus => record.report(wakeUp.recent)
  setHandler(status, report, { description: 'Where the allocation is, and why' })
  setHandler(wake, (reason) => wakeUp.wake(textOf(reason, 'woken')), {
    description: 'Look again now; the reason given is kept in the status',
  })
  setHandler(
    retryNow,
    (reason) => {
      wakeUp.wakeByUpdate(textOf(reason, 'retried by hand'))
      return report()
    },
    { description: 'Look again now, and answer with the status' },
  )
  setHandler(
    waiting,
    (argument) => {
      const wait = parseWaitReport(argument)
      if (wait === undefined) return
      if (wait.isLeft) record.duplicate(wait.role, wait.message)
      else {
        record.waits(wait, new Date())
        wait.alsoWanted?.forEach((role) => alsoWanted.add(role))
        wakeUps.get(wait.role)?.waits(wait.scheduledAt)
      }
      show(run)
      searchAttributes.register(wait.searchable)
      if (!wakeUp.isHeld()) searchAttributes.update(report())
    },
    { description: 'Sent by the steps of this run: what they wait for' },
  )
}

function textOf(reason: unknown, otherwise: string): string {
  return typeof reason === 'string' && reason !== '' ? reason : otherwise
}
