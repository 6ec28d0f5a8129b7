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
import { selectIPPool } from './select-ip-pool.ts'
import type { AllocationSettings } from './settings.ts'

/** The activities, in the order of an allocation and of what follows when its Cluster is gone. Each reads the world anew and can be repeated at any time. */
export interface Activities {
  selectIPPool(input: StepInput): Promise<SelectIPPoolResult>
  ensureIPAddressClaim(input: EnsureIPAddressClaimInput): Promise<EnsureIPAddressClaimResult>
  awaitIPAddress(input: ClaimStepInput): Promise<AwaitIPAddressResult>
  assignVip(input: AssignVipInput): Promise<AssignVipResult>
  confirmRelease(input: ConfirmReleaseInput): Promise<ConfirmReleaseResult>
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
    confirmRelease: (input) => translatingFailures(releasePending, () => confirmRelease(api, input)),
  }
}
