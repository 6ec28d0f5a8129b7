import type {
  AssignVipInput,
  AssignVipResult,
  AwaitIPAddressResult,
  ClaimStepInput,
  EnsureIPAddressClaimInput,
  EnsureIPAddressClaimResult,
  SelectIPPoolResult,
  StepInput,
} from '../domain/allocation/steps.ts'
import type { Reason } from '../domain/reason.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import type {
  AllocateAtOnceInput,
  AllocateAtOnceResult,
  ConfirmReleaseInput,
  ConfirmReleaseResult,
} from '../workflows/contract.ts'
import { allocateAtOnce } from './allocate-at-once.ts'
import { assignVip } from './assign-vip.ts'
import { awaitIPAddress } from './await-ip-address.ts'
import { confirmRelease } from './confirm-release.ts'
import { ensureIPAddressClaim } from './ensure-ip-address-claim.ts'
import { releasePending, translatingFailures } from './failures.ts'
import { createClaimWaitBudget } from './claim-wait-budget.ts'
import { runStep, type Pace, type StepPorts, type StepRun } from './run-step.ts'
import { tellReleased } from './reporting.ts'
import { selectIPPool } from './select-ip-pool.ts'
import type { AllocationSettings } from './settings.ts'
import type { StepResult } from './step-outcome.ts'
import { tellWorkflow } from './tell-workflow.ts'

/**
 * The activities, in the order of an allocation and of what follows when its Cluster is gone. Each goes by the world as it
 * is and can be repeated at any time.
 */
export interface Activities extends Steps {
  /** A local activity: the four steps one after the other, as far as each gets on at once. */
  allocateAtOnce(input: AllocateAtOnceInput): Promise<AllocateAtOnceResult>
  confirmRelease(input: ConfirmReleaseInput): Promise<ConfirmReleaseResult>
}

/** What an allocation is made of. */
export interface Steps {
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
  /** Runs a step that is no activity of its own, in a span that names it; absent where nobody asked for traces. */
  readonly aroundStep?: AroundStep
}

export type AroundStep = <R>(name: string, run: () => Promise<R>) => Promise<R>

/** Binds the activities to a management cluster; a Worker registers what this returns. */
export function createActivities(setup: ActivitySetup): Activities {
  const ports = { tellWorkflow, ...setup }
  const atOnce = createSteps(ports, 'at-once', setup.aroundStep)
  return {
    ...createSteps(ports, 'patient'),
    allocateAtOnce: (input) => allocateAtOnce(atOnce, input),
    confirmRelease: (input) =>
      translatingFailures(releasePending, async () => {
        const result = await confirmRelease(setup.api, input)
        if (result.next === 'released') await tellReleased(ports, input, result.held)
        return result
      }),
  }
}

function createSteps(
  ports: StepPorts & Pick<ActivitySetup, 'settings'>,
  pace: Pace,
  around: AroundStep = (_, run) => run(),
): Steps {
  const { settings } = ports
  const patience = createClaimWaitBudget()
  const perform = <R extends StepResult>(
    name: keyof Steps,
    input: StepInput,
    run: StepRun<R>,
    rejected: Reason = 'AllocationFailed',
  ): Promise<R> => around(name, () => runStep(ports, { name, rejected, pace }, input, run))
  return {
    selectIPPool: (input) => perform('selectIPPool', input, (api) => selectIPPool(api, settings, input)),
    ensureIPAddressClaim: (input) =>
      perform('ensureIPAddressClaim', input, (api) => ensureIPAddressClaim(api, settings, input)),
    awaitIPAddress: (input) =>
      perform('awaitIPAddress', input, (api, look) =>
        patience.spend(look, (patienceMs) => awaitIPAddress(api, settings, input, patienceMs)),
      ),
    assignVip: (input) =>
      perform('assignVip', input, (api) => assignVip(api, settings, input), 'ClusterRejected'),
  }
}
