import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import type {
  AssignVipInput,
  AssignVipResult,
  AwaitIPAddressResult,
  ClaimStepInput,
  EnsureIPAddressClaimInput,
  EnsureIPAddressClaimResult,
  SelectIPPoolResult,
  StepInput,
} from '../workflows/contract.ts'
import { assignVip } from './assign-vip.ts'
import { awaitIPAddress } from './await-ip-address.ts'
import { ensureIPAddressClaim } from './ensure-ip-address-claim.ts'
import { performStep, type StepPorts } from './perform-step.ts'
import { selectIPPool } from './select-ip-pool.ts'
import type { AllocationSettings } from './settings.ts'
import { tellWorkflow } from './tell-workflow.ts'

/** The activities, in the order of an allocation. Each reads the world anew and can be repeated at any time. */
export interface Activities {
  selectIPPool(input: StepInput): Promise<SelectIPPoolResult>
  ensureIPAddressClaim(input: EnsureIPAddressClaimInput): Promise<EnsureIPAddressClaimResult>
  awaitIPAddress(input: ClaimStepInput): Promise<AwaitIPAddressResult>
  assignVip(input: AssignVipInput): Promise<AssignVipResult>
}

/** What the activities go through, and are set to. */
export interface ActivitySetup extends Omit<StepPorts, 'tellWorkflow'> {
  readonly api: ClusterApi
  readonly settings: AllocationSettings
  /** Default: the run that the attempt belongs to, by a signal. */
  readonly tellWorkflow?: StepPorts['tellWorkflow']
}

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
      performStep(ports, step('awaitIPAddress', 'AllocationFailed'), input, (api) =>
        awaitIPAddress(api, settings, input),
      ),
    assignVip: (input) =>
      performStep(ports, step('assignVip', 'ClusterRejected'), input, (api) =>
        assignVip(api, settings, input),
      ),
  }
}
