import { addressGlanceMs, addressWatchMs } from '../domain/waiting.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import type {
  AssignVipInput,
  AssignVipResult,
  AwaitIPAddressResult,
  ClaimStepInput,
  ConfirmReleaseInput,
  ConfirmReleaseResult,
  EnsureIPAddressClaimInput,
  EnsureIPAddressClaimResult,
  SelectIPPoolResult,
  StepInput,
} from '../workflows/contract.ts'
import { assignVip } from './assign-vip.ts'
import { awaitIPAddress } from './await-ip-address.ts'
import { confirmRelease } from './confirm-release.ts'
import { ensureIPAddressClaim } from './ensure-ip-address-claim.ts'
import { releasePending, translatingFailures } from './failures.ts'
import { performStep, type StepPorts } from './perform-step.ts'
import { tellReleased } from './reporting.ts'
import { selectIPPool } from './select-ip-pool.ts'
import type { AllocationSettings } from './settings.ts'
import { tellWorkflow } from './tell-workflow.ts'

/** The activities, in the order of an allocation and of what follows when its Cluster is gone. Each reads the world anew and can be repeated at any time. */
export interface Activities {
  selectIPPool(input: StepInput): Promise<SelectIPPoolResult>
  ensureIPAddressClaim(input: EnsureIPAddressClaimInput): Promise<EnsureIPAddressClaimResult>
  awaitIPAddress(input: ClaimStepInput): Promise<AwaitIPAddressResult>
  assignVip(input: AssignVipInput): Promise<AssignVipResult>
  confirmRelease(input: ConfirmReleaseInput): Promise<ConfirmReleaseResult>
}

/** What the activities go through, and are set to. */
export interface ActivitySetup extends Omit<StepPorts, 'tellWorkflow'> {
  readonly api: ClusterApi
  readonly settings: AllocationSettings
  /** Default: the run that the attempt belongs to, by a signal. */
  readonly tellWorkflow?: StepPorts['tellWorkflow']
}

/** Milliseconds for which a claim is looked at. */
const patienceMs = { 'at-once': addressGlanceMs, first: addressWatchMs, second: 0 } as const

/** Binds the activities to a management cluster; a Worker registers what this returns. */
export function createActivities(setup: ActivitySetup): Activities {
  const ports: StepPorts = { tellWorkflow, ...setup }
  const { settings } = setup
  const step = (name: keyof Activities, rejected: 'AllocationFailed' | 'ClusterRejected') => ({
    name,
    rejected,
  })
  return {
    selectIPPool: (input) =>
      performStep(ports, step('selectIPPool', 'AllocationFailed'), input, (api) =>
        selectIPPool(api, settings, input),
      ),
    ensureIPAddressClaim: (input) =>
      performStep(ports, step('ensureIPAddressClaim', 'AllocationFailed'), input, (api) =>
        ensureIPAddressClaim(api, input),
      ),
    awaitIPAddress: (input) =>
      performStep(ports, step('awaitIPAddress', 'AllocationFailed'), input, (api, look) =>
        awaitIPAddress(api, settings, input, patienceMs[look]),
      ),
    assignVip: (input) =>
      performStep(ports, step('assignVip', 'ClusterRejected'), input, (api) =>
        assignVip(api, settings, input),
      ),
    confirmRelease: (input) =>
      translatingFailures(releasePending, async () => {
        const result = await confirmRelease(setup.api, input)
        if (result.next === 'released') await tellReleased(ports, input, result.held)
        return result
      }),
  }
}
