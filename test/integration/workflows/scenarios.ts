import { claimNameFor } from '../../../src/domain/model/claim.ts'
import type { Role } from '../../../src/domain/role.ts'
import type { StepInput } from '../../../src/domain/allocation/steps.ts'
import { activityInfo } from '@temporalio/activity'
import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common'
import type { WorkflowHandle } from '@temporalio/client'
import type { Activities } from '../../../src/activities/index.ts'
import { allocateAtOnce } from '../../../src/activities/allocate-at-once.ts'
import { FastPathAbandoned } from '../../../src/activities/failures.ts'
import { signalWorkflow } from '../../../src/activities/signal-workflow.ts'
import { releaseVipType, wakeSignal } from '../../../src/workflows/contract.ts'

/** Fake activities and scenarios for the sandbox tests and the recorder of histories. */

export const input = { namespace: 'clusters', name: 'demo' }
export const poolRef = { apiGroup: 'ipam.cluster.x-k8s.io', kind: 'GlobalInClusterIPPool', name: 'vip-pool' }

export const deletedCluster = { ...input, uid: 'uid-1' }
export const releasedVip = { role: 'control-plane', claim: 'vip-cp-demo', address: '10.0.0.10' } as const

const steps: Omit<Activities, 'allocateAtOnce'> = {
  selectIPPool: async () => ({ next: 'claim', uid: 'uid-1', poolRef, considered: [] }),
  ensureIPAddressClaim: async ({ cluster, role }) => ({
    next: 'await',
    claim: claimNameFor(cluster, role),
    poolRef,
  }),
  awaitIPAddress: async () => ({ next: 'assign', address: '10.0.0.10' }),
  assignVip: async () => ({ next: 'assigned', host: '10.0.0.10', port: 6443 }),
  publishDnsName: async () => ({ next: 'published' }),
  probeAddress: async () => ({ next: 'assign' }),
  confirmRelease: async ({ held }) => ({ next: 'released', held }),
}

/** A VIP whose DNS name is to be published. */
const named = {
  next: 'assigned',
  host: '10.0.0.10',
  port: 6443,
  dnsName: 'demo.clusters.example.com',
} as const

/** Activities that all succeed on the fast path, with the given replacements. */
export function onFastPath(activities: Partial<Activities>): Activities {
  const own = { ...steps, ...activities }
  return { allocateAtOnce: (input) => allocateAtOnce(own, input), ...own }
}

export const fastPath = onFastPath({})

/** The same activities, but the fast path makes no progress, so each step is an activity. */
export function onDurablePath(activities: Partial<Activities>): Activities {
  return { ...onFastPath(activities), allocateAtOnce: async () => ({ left: 'nothing gets on at once here' }) }
}

/** The failure of an activity that retries after `nextRetryDelay` milliseconds. */
export function retryLater(type: string, nextRetryDelay: number): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message: `not yet: ${type}`,
    nextRetryDelay,
    category: ApplicationFailureCategory.BENIGN,
  })
}

/** Waits as a step does: signals the run, then fails. */
export async function signalAndWait(
  { role }: StepInput,
  reason: string,
  nextRetryDelay: number,
  alsoWanted: readonly Role[] = [],
): Promise<never> {
  const { scheduledTimestampMs: scheduledAt } = activityInfo()
  const failure = retryLater(reason, nextRetryDelay)
  const { message } = failure
  const wait = { role, reason, message, considered: [], searchable: [], alsoWanted }
  await signalWorkflow({ ...wait, isLeft: false, scheduledAt })
  throw failure
}

/** An address that is not bound until `change`; the step retries in an hour. */
export function delayedAddress(): {
  readonly activities: Partial<Activities>
  change(): void
  /** Resolves when the step has failed and the run has its signal. */
  readonly waiting: Promise<void>
} {
  let bound = false
  const { promise, resolve } = Promise.withResolvers<void>()
  return {
    activities: {
      awaitIPAddress: async (step) => {
        if (bound) return { next: 'assign', address: '10.0.0.10' }
        return signalAndWait(step, 'WaitingForAddress', 3_600_000).finally(resolve)
      },
    },
    change: () => (bound = true),
    waiting: promise,
  }
}

/** A run whose history is recorded. */
export interface Scenario {
  /** `allocateVip` by default. */
  readonly type?: typeof releaseVipType
  readonly activities: Partial<Activities>
  /** Its steps use the fast path as far as possible. */
  readonly isFastPath?: true
  readonly args?: readonly unknown[]
  /** Acts on the run from outside. */
  readonly drive?: (handle: WorkflowHandle) => Promise<void>
}

/** Scenarios by name of the history's file; each call creates new ones. */
export function scenarios(): Readonly<Record<string, Scenario>> {
  const woken = delayedAddress()
  let restarts = 1
  let selections = 0
  let probes = 1
  let addresses = 0
  const leaking = Promise.withResolvers<void>()
  let isReleased = false
  const keeping = Promise.withResolvers<void>()
  let keeps = 0
  return {
    allocated: { activities: {} },
    'allocated-at-once': { activities: {}, isFastPath: true },
    'duplicate-at-once': {
      isFastPath: true,
      activities: {
        awaitIPAddress: async () => ({ next: 'assign', address: `10.0.0.${(addresses += 1)}` }),
        assignVip: async ({ address = '' }) => {
          if (address !== '10.0.0.1') return { next: 'assigned', host: address, port: 6443 }
          if (activityInfo().isLocal) throw new FastPathAbandoned('somebody has it')
          return { next: 'restart', reason: 'DuplicateAddress', message: '10.0.0.1 is taken' }
        },
      },
    },
    probed: {
      activities: {
        selectIPPool: async (step) => ({
          ...(await steps.selectIPPool(step)),
          probe: { ports: [6443], except: [] },
        }),
        probeAddress: async () =>
          probes-- > 0
            ? { next: 'restart', reason: 'DuplicateAddress', message: '10.0.0.10 is in use' }
            : { next: 'assign' },
      },
    },
    'named-at-once': { activities: { assignVip: async () => named }, isFastPath: true },
    'name-left': {
      activities: {
        assignVip: async () => named,
        publishDnsName: async () => ({ next: 'left', because: 'DNS name is not published: not served' }),
      },
    },
    'woken-while-waiting': {
      activities: woken.activities,
      drive: async (handle) => {
        await woken.waiting
        woken.change()
        await handle.signal(wakeSignal, 'claim bound')
      },
    },
    'begun-anew': {
      activities: {
        awaitIPAddress: async (step) =>
          restarts-- > 0 ? { next: 'restart', message: 'the claim is gone' } : steps.awaitIPAddress(step),
      },
    },
    'cluster-replaced': {
      activities: {
        selectIPPool: async () => ({ next: 'claim', uid: `uid-${++selections}`, poolRef, considered: [] }),
        ensureIPAddressClaim: async (step) =>
          step.uid === 'uid-1' ? { next: 'replaced' } : steps.ensureIPAddressClaim(step),
      },
    },
    'ingress-too': {
      activities: {
        selectIPPool: async (step) => ({
          ...(await steps.selectIPPool(step)),
          ...(step.role === 'control-plane' && { alsoWanted: ['ingress'] }),
        }),
      },
    },
    'port-completed': { activities: { selectIPPool: async () => ({ next: 'complete-port', uid: 'uid-1' }) } },
    'endpoint-already-set': {
      activities: {
        selectIPPool: async () => ({
          next: 'end',
          uid: 'uid-1',
          reason: 'EndpointAlreadySet',
          message: 'set by hand',
          host: '10.9.9.9',
          port: 6443,
        }),
      },
    },
    released: {
      type: releaseVipType,
      args: [{ ...deletedCluster, held: [releasedVip] }],
      activities: {},
    },
    'released-late': {
      type: releaseVipType,
      args: [deletedCluster],
      activities: {
        confirmRelease: async ({ held, goneSince }) => {
          if (goneSince === undefined) return { next: 'wait', held: [releasedVip], isGone: true }
          if (isReleased) return { next: 'released', held }
          leaking.resolve()
          throw retryLater('ReleasePending', 3_600_000)
        },
      },
      drive: async (handle) => {
        await leaking.promise
        isReleased = true
        await handle.signal(wakeSignal, 'claim is gone')
      },
    },
    kept: {
      type: releaseVipType,
      args: [{ ...deletedCluster, held: [releasedVip] }],
      activities: {
        confirmRelease: async ({ held, goneSince }) => {
          if (goneSince === undefined) return { next: 'wait', held, isGone: true }
          keeps += 1
          if (keeps > 2) return { next: 'released', held }
          const message = 'it is kept'
          if (keeps === 2) return { next: 'keep', held, until: Date.now() + 100, message }
          keeping.resolve()
          return { next: 'keep', held, message }
        },
      },
      drive: async (handle) => {
        await keeping.promise
        await handle.signal(wakeSignal, 'the pool retains addresses for another time')
      },
    },
    'invalid-input': { activities: {}, args: ['clusters/demo'] },
  }
}

export function scenario(name: string): Scenario {
  const found = scenarios()[name]
  if (found === undefined) throw new Error(`there is no scenario ${name}`)
  return found
}
