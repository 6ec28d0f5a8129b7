import { log, proxyActivities, proxyLocalActivities, workflowInfo } from '@temporalio/workflow'
import type { Activities } from '../activities/index.ts'
import { describeAllocated, describeCompleted, vipFields } from '../domain/allocation/cluster-patch.ts'
import {
  isPromise,
  partOfStep,
  takeSteps,
  type AwaitIPAddressResult,
  type EnsureIPAddressClaimResult,
  type ProbeAddressInput,
  type ProbeAddressResult,
  type PublishDnsNameInput,
  type PublishDnsNameResult,
  type SelectIPPoolResult,
  type SequenceEnd,
  type StepInput,
  type Steps,
  type StepTakers,
} from '../domain/allocation/steps.ts'
import { claimNameFor } from '../domain/model/claim.ts'
import { formatKey } from '../domain/model/object-meta.ts'
import { poolNamespaceFor } from '../domain/model/pool-kinds.ts'
import { areSamePool, formatPool, type IPPoolReference } from '../domain/model/pool.ts'
import { withAddition } from '../domain/quote.ts'
import { fastPath, step } from './activity-policies.ts'
import type {
  AllocateAtOnceInput,
  AllocateAtOnceResult,
  MadeSteps,
  PoolSummary,
  RoleResult,
  RoleStatus,
  SecondAddress,
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

/** The result of the first step that a claim follows. */
type PoolClaim = Extract<SelectIPPoolResult, { readonly next: 'claim' }>

/** Where an address comes from. */
interface Source {
  readonly pool: PoolSummary
  readonly claim: string
}

/** Undefined without a claim, or without a second address. */
interface Sources {
  readonly first: Source | undefined
  readonly second: Source | undefined
  /** Of the DNS name; undefined: there is none. */
  readonly published: PublishDnsNameResult | undefined
}

/** The end of a pass: a result, or another pass for the same or a recreated Cluster. */
export type RolePass =
  | { readonly pass: 'done'; readonly result: RoleResult }
  | { readonly pass: 'restart'; readonly tried?: string }
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
  const { steps, sources } = stepsAfter(run, made)
  const end = await takeSteps(steps, input, startedAt)
  return passFor(run, end, sources())
}

/** The steps after the fast path, which has made some of them. Each updates the status. */
function stepsAfter(
  run: RoleRun,
  made: AllocateAtOnceResult,
): { readonly steps: StepTakers; readonly sources: () => Sources } {
  const { cluster, role } = run.input
  const { runInterruptible } = run.wakeUp
  const key = formatKey(cluster)
  const first = createAddressRecord(run, undefined)
  const second = createAddressRecord(run, 'second')
  const recordOf = ({ half }: StepInput): AddressRecord => (half === undefined ? first : second)
  const madeOf = ({ half }: StepInput): MadeSteps => (half === undefined ? made : (made.second ?? {}))
  let published: PublishDnsNameResult | undefined
  const steps: StepTakers = {
    selectIPPool(input) {
      const summary = input.half === undefined ? `${role} pool for ${key}` : `second ${role} pool for ${key}`
      return recorded(
        madeOf(input).selectIPPool ?? runInterruptible(() => activity(summary).selectIPPool(input)),
        (selected) => {
          if ('uid' in selected) run.onSelected(selected)
          recordOf(input).selected(selected)
        },
      )
    },
    ensureIPAddressClaim(input) {
      const source = `${recordOf(input).claim()} from ${formatPool(input.poolRef)}`
      const summary = input.restore === undefined ? source : `${source} with ${input.restore.address}`
      return recorded(
        madeOf(input).ensureIPAddressClaim ??
          runInterruptible(() => activity(summary).ensureIPAddressClaim(input)),
        recordOf(input).ensured,
      )
    },
    awaitIPAddress(input) {
      const summary = `address for ${recordOf(input).claim()}`
      return recorded(
        madeOf(input).awaitIPAddress ?? runInterruptible(() => activity(summary).awaitIPAddress(input)),
        recordOf(input).awaited,
      )
    },
    assignVip(input) {
      const { address, second: other } = input
      const addresses = other === undefined ? address : `${address} and ${other.address}`
      const summary = addresses === undefined ? `port of ${key}` : `${addresses} to ${key}`
      return made.assignVip ?? runInterruptible(() => activity(summary).assignVip(input))
    },
    probeAddress: (input) => probeAddress(run, input),
    publishDnsName: (input) =>
      recorded(publishDnsName(run, made, input), (result) => {
        published = result
      }),
  }
  return { steps, sources: () => ({ first: first.source(), second: second.source(), published }) }
}

/** Records a result: at once if the step was made before. */
function recorded<R>(taken: R | Promise<R>, record: (result: R) => void): R | Promise<R> {
  const keep = (result: R): R => {
    record(result)
    return result
  }
  return isPromise(taken) ? taken.then(keep) : keep(taken)
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

/** What becomes of one address, as the status shows it. */
interface AddressRecord {
  readonly selected: (selected: SelectIPPoolResult) => void
  readonly ensured: (ensured: EnsureIPAddressClaimResult) => void
  readonly awaited: (awaited: AwaitIPAddressResult) => void
  /** Name of the claim. */
  readonly claim: () => string
  readonly source: () => Source | undefined
}

/** @param half undefined: of the first address, or the only one */
function createAddressRecord({ input, progress }: RoleRun, half: StepInput['half']): AddressRecord {
  const { cluster, role } = input
  const key = formatKey(cluster)
  let claim = claimNameFor(cluster, partOfStep({ role, ...(half !== undefined && { half }) }))
  let pool: PoolSummary | undefined
  let chosen: Pick<PoolClaim, 'poolRef' | 'poolNamespace'> | undefined
  const summaryOf = (poolRef: IPPoolReference): PoolSummary => {
    const isChosen = chosen !== undefined && areSamePool(chosen.poolRef, poolRef)
    const namespace = isChosen ? chosen?.poolNamespace : undefined
    const { kind, name } = poolRef
    return { kind, name, namespace: namespace ?? poolNamespaceFor(poolRef, cluster.namespace) }
  }
  let known: SecondAddress = {}
  const about = (found: SecondAddress): Partial<RoleStatus> => {
    known = { ...known, ...found }
    return half === undefined ? found : { second: known }
  }
  return {
    selected(selected) {
      if (selected.next === 'claim') {
        chosen = selected
        const choice = choiceMade(claim, selected)
        const found = about({ claim, pool: summaryOf(selected.poolRef) })
        progress({ ...choice, ...found }, { keepsVerdicts: selected.isFound === true })
      }
      if (selected.next === 'complete-port') {
        progress({ phase: 'AssigningVip', message: `completing the port of Cluster ${key}` })
      }
    },
    ensured(ensured) {
      if (ensured.next !== 'await') return
      pool = summaryOf(ensured.poolRef)
      claim = ensured.claim
      const message = `waiting for ${formatPool(pool)} to bind ${claim}`
      progress({ phase: 'AwaitingAddress', message, ...about({ pool, claim }) })
    },
    awaited(awaited) {
      if (awaited.next !== 'assign') return
      const { address } = awaited
      progress({
        phase: 'AssigningVip',
        message: `writing ${address} to Cluster ${key}`,
        ...about({ address }),
      })
    },
    claim: () => claim,
    source: () => pool && { pool, claim },
  }
}

function choiceMade(claim: string, { poolRef, considered, insteadOf }: PoolClaim): Partial<RoleStatus> {
  return {
    phase: 'EnsuringClaim',
    message: withAddition(`${claim} from ${formatPool(poolRef)}`, insteadOf),
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

function passFor(run: RoleRun, end: SequenceEnd, sources: Sources): RolePass {
  switch (end.next) {
    case 'replaced':
      return { pass: 'replaced' }
    case 'restart': {
      const { cluster, role } = run.input
      if (end.reason !== undefined) {
        log.warn(end.message, { cluster: formatKey(cluster), role, reason: end.reason })
        run.onDuplicate(end.message)
      } else if (end.tried !== undefined) log.info(end.message, { cluster: formatKey(cluster), role })
      return { pass: 'restart', ...(end.tried !== undefined && { tried: end.tried }) }
    }
    case 'end': {
      const { reason, message, host, ...more } = end
      const present = host === undefined ? {} : vipFields({ host, ...more })
      return { pass: 'done', result: { outcome: 'skipped', reason, message, ...present } }
    }
    case 'assigned':
      return { pass: 'done', result: resultOf(end, sources) }
    default:
      return end satisfies never
  }
}

function resultOf(
  { dnsName, disagreement, ...assigned }: Extract<SequenceEnd, { readonly next: 'assigned' }>,
  { first, second, published }: Sources,
): RoleResult {
  const fields = vipFields(assigned)
  if (first === undefined) {
    const message = describeCompleted(assigned, disagreement)
    return { outcome: 'skipped', reason: 'EndpointAlreadySet', message, ...fields }
  }
  const unpublished = published?.next === 'left' ? published.because : undefined
  const result = {
    outcome: 'allocated',
    reason: 'Allocated',
    message: withAddition(describeAllocated(assigned, first, second, disagreement), unpublished),
    ...fields,
    ...first,
    ...(published?.next === 'published' && dnsName !== undefined && { dnsName }),
  } as const
  return fields.second === undefined ? result : { ...result, second: { ...fields.second, ...second } }
}
