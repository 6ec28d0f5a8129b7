import { log, proxyActivities, proxyLocalActivities, workflowInfo } from '@temporalio/workflow'
import type { Activities } from '../activities/index.ts'
import { describeAllocated, describeCompleted, vipFields } from '../domain/allocation/cluster-patch.ts'
import {
  takeSteps,
  type ProbeAddressInput,
  type ProbeAddressResult,
  type PublishDnsNameInput,
  type PublishDnsNameResult,
  type SelectIPPoolResult,
  type SequenceEnd,
  type StepInput,
  type Steps,
} from '../domain/allocation/steps.ts'
import { claimNameFor } from '../domain/model/claim.ts'
import { formatKey, type NamespacedName } from '../domain/model/object-meta.ts'
import { poolNamespaceFor } from '../domain/model/pool-kinds.ts'
import { formatPool, type IPPoolReference } from '../domain/model/pool.ts'
import { withAddition } from '../domain/quote.ts'
import { fastPath, step } from './activity-policies.ts'
import type {
  AllocateAtOnceInput,
  AllocateAtOnceResult,
  PoolSummary,
  RoleResult,
  RoleStatus,
} from './contract.ts'
import type { StatusUpdate } from './status-record.ts'
import type { RoleWakeUp } from './wake-up.ts'

/** The allocation of one role, and how it waits and reports. */
export interface RoleRun {
  /** Of every step. */
  readonly input: StepInput
  readonly wakeUp: RoleWakeUp
  readonly progress: StatusUpdate
  /** Shared by all roles: open until a step of the run makes no progress. */
  readonly fastPath: { isOpen: boolean }
  /** Called with the result of the first step. */
  readonly onSelected: (
    selected: Pick<SelectIPPoolResult, 'alsoWanted' | 'searchable'> & {
      readonly uid: string
      readonly insteadOf?: string
    },
  ) => void
  /** Called for an address that was left to somebody else. */
  readonly onDuplicate: (message: string) => void
}

/** Where a VIP comes from. */
interface VipSource {
  readonly pool: PoolSummary
  readonly claim: string
  /** Of its DNS name; undefined: it has none. */
  readonly published: PublishDnsNameResult | undefined
}

/** The end of a pass: a result, or another pass for the same or a recreated Cluster. */
export type RolePass =
  | { readonly pass: 'done'; readonly result: RoleResult }
  | { readonly pass: 'restart' }
  | { readonly pass: 'replaced' }

/** One pass through the steps: each on the fast path if it makes progress there, else as a regular activity. */
export async function allocateRole(run: RoleRun): Promise<RolePass> {
  const { input, progress } = run
  const { cluster, role } = input
  const { runToCompletion } = run.wakeUp
  const startedAt = workflowInfo().runStartTime.getTime()
  progress({
    phase: 'SelectingPool',
    message: `looking for a ${role} pool for Cluster ${formatKey(cluster)}`,
  })
  const made: AllocateAtOnceResult = await (run.fastPath.isOpen
    ? runToCompletion(() => takeFastPath(run, { ...input, startedAt }))
    : {})
  const { steps, sourceOf } = stepsAfter(run, made)
  const end = await takeSteps(steps, input, startedAt)
  return passFor(run, end, sourceOf())
}

/** The steps after the fast path, which has made some of them. Each updates the status. */
function stepsAfter(
  run: RoleRun,
  made: AllocateAtOnceResult,
): { readonly steps: Steps; readonly sourceOf: () => VipSource | undefined } {
  const {
    input: { cluster, role },
    progress,
  } = run
  const { runInterruptible } = run.wakeUp
  const key = formatKey(cluster)
  let claim = claimNameFor(cluster, role)
  let pool: PoolSummary | undefined
  let published: PublishDnsNameResult | undefined
  const steps: Steps = {
    async selectIPPool(input) {
      const summary = `${role} pool for ${key}`
      const selected =
        made.selectIPPool ?? (await runInterruptible(() => activity(summary).selectIPPool(input)))
      reportSelection(run, claim, selected)
      return selected
    },
    async ensureIPAddressClaim(input) {
      const source = `${claim} from ${formatPool(input.poolRef)}`
      const summary = input.restore === undefined ? source : `${source} with ${input.restore.address}`
      const ensured =
        made.ensureIPAddressClaim ??
        (await runInterruptible(() => activity(summary).ensureIPAddressClaim(input)))
      if (ensured.next === 'await') {
        pool = poolFor(ensured.poolRef, cluster)
        claim = ensured.claim
        const message = `waiting for ${formatPool(pool)} to bind ${claim}`
        progress({ phase: 'AwaitingAddress', message, pool, claim })
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
    probeAddress: (input) => probeAddress(run, input),
    async publishDnsName(input) {
      published = await publishDnsName(run, made, input)
      return published
    },
  }
  return { steps, sourceOf: () => pool && { pool, claim, published } }
}

function reportSelection(
  { input: { cluster }, progress, onSelected }: RoleRun,
  claim: string,
  selected: SelectIPPoolResult,
): void {
  if ('uid' in selected) onSelected(selected)
  if (selected.next === 'claim') {
    progress(choiceMade(cluster, claim, selected), { keepsVerdicts: selected.isFound === true })
  }
  if (selected.next === 'complete-port') {
    progress({ phase: 'AssigningVip', message: `completing the port of Cluster ${formatKey(cluster)}` })
  }
}

async function probeAddress(
  { progress, wakeUp }: RoleRun,
  input: ProbeAddressInput,
): Promise<ProbeAddressResult> {
  const { address, ports } = input
  const summary = `${address} at ports ${ports.join(', ')}`
  progress({ phase: 'ProbingAddress', message: `probing ${summary}`, address })
  return wakeUp.runInterruptible(() => activity(summary).probeAddress(input))
}

async function publishDnsName(
  { input: { cluster, role }, progress, wakeUp }: RoleRun,
  made: AllocateAtOnceResult,
  input: PublishDnsNameInput,
): Promise<PublishDnsNameResult> {
  const { dnsName } = input
  const key = formatKey(cluster)
  progress({ phase: 'PublishingName', message: `publishing ${dnsName} of Cluster ${key}` })
  const published =
    made.publishDnsName ?? (await wakeUp.runInterruptible(() => activity(dnsName).publishDnsName(input)))
  if (published.next === 'left') log.warn(published.because, { cluster: key, role })
  return published
}

function choiceMade(
  cluster: NamespacedName,
  claim: string,
  { poolRef, considered, insteadOf }: Extract<SelectIPPoolResult, { readonly next: 'claim' }>,
): Partial<RoleStatus> {
  return {
    phase: 'EnsuringClaim',
    message: withAddition(`${claim} from ${formatPool(poolRef)}`, insteadOf),
    claim,
    pool: poolFor(poolRef, cluster),
    ...(considered.length > 0 && { considered }),
  }
}

/** @param summary shown in the Temporal UI */
function activity(summary: string): Steps {
  return proxyActivities<Activities>({ ...step, summary })
}

/**
 * Tries the steps within the workflow task. The first one that makes no progress becomes a regular activity, which is shown
 * under Pending Activities and retried until it succeeds. So do all later ones for as long as the run lasts: a run that
 * waits receives messages, and a long workflow task would delay them.
 */
async function takeFastPath(run: RoleRun, input: AllocateAtOnceInput): Promise<AllocateAtOnceResult> {
  // Another role may have closed it in the meantime.
  if (!run.fastPath.isOpen) return {}
  const summary = `${input.role} VIP for ${formatKey(input.cluster)}`
  try {
    const made = await proxyLocalActivities<Activities>({ ...fastPath, summary }).allocateAtOnce(input)
    run.fastPath.isOpen = made.assignVip !== undefined
    return made
  } catch {
    run.fastPath.isOpen = false
    return {}
  }
}

/** @param source undefined if there is no claim */
function passFor(run: RoleRun, end: SequenceEnd, source: VipSource | undefined): RolePass {
  switch (end.next) {
    case 'replaced':
      return { pass: 'replaced' }
    case 'restart': {
      const { cluster, role } = run.input
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
      return { pass: 'done', result: resultOf(end, source) }
    default:
      return end satisfies never
  }
}

function resultOf(
  { dnsName, disagreement, ...assigned }: Extract<SequenceEnd, { readonly next: 'assigned' }>,
  source: VipSource | undefined,
): RoleResult {
  if (source === undefined) {
    const message = describeCompleted(assigned, disagreement)
    return { outcome: 'skipped', reason: 'EndpointAlreadySet', message, ...vipFields(assigned) }
  }
  const { pool, claim, published } = source
  const unpublished = published?.next === 'left' ? published.because : undefined
  return {
    outcome: 'allocated',
    reason: 'Allocated',
    message: withAddition(describeAllocated(assigned, pool, claim, disagreement), unpublished),
    ...vipFields(assigned),
    pool,
    claim,
    ...(published?.next === 'published' && dnsName !== undefined && { dnsName }),
  }
}

function poolFor(poolRef: IPPoolReference, cluster: NamespacedName): PoolSummary {
  const { kind, name } = poolRef
  return { kind, name, namespace: poolNamespaceFor(poolRef, cluster.namespace) }
}
