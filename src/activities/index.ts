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
import { translatingFailures } from './failures.ts'
import { selectIPPool } from './select-ip-pool.ts'
import type { AllocationSettings } from './settings.ts'

/** The activities, in the order of an allocation. Each reads the world anew and can be repeated at any time. */
export interface Activities {
  selectIPPool(input: StepInput): Promise<SelectIPPoolResult>
  ensureIPAddressClaim(input: EnsureIPAddressClaimInput): Promise<EnsureIPAddressClaimResult>
  awaitIPAddress(input: ClaimStepInput): Promise<AwaitIPAddressResult>
  assignVip(input: AssignVipInput): Promise<AssignVipResult>
}

/** Binds the activities to a management cluster; a Worker registers what this returns. */
export function createActivities(api: ClusterApi, settings: AllocationSettings): Activities {
  return {
    selectIPPool: (input) =>
      translatingFailures('AllocationFailed', () => selectIPPool(api, settings, input)),
    ensureIPAddressClaim: (input) =>
      translatingFailures('AllocationFailed', () => ensureIPAddressClaim(api, input)),
    awaitIPAddress: (input) =>
      translatingFailures('AllocationFailed', () => awaitIPAddress(api, settings, input)),
    assignVip: (input) => translatingFailures('ClusterRejected', () => assignVip(api, settings, input)),
  }
}
