import type { StepInput, Steps } from '../domain/allocation/steps.ts'
import type { Reason } from '../domain/reason.ts'
import type {
  AllocateAtOnceInput,
  AllocateAtOnceResult,
  ConfirmReleaseInput,
  ConfirmReleaseResult,
} from '../workflows/contract.ts'
import type { StepSettings } from './advance.ts'
import { allocateAtOnce } from './allocate-at-once.ts'
import { assignVip } from './assign-vip.ts'
import { awaitIPAddress, createClaimWaitBudget } from './await-ip-address.ts'
import { confirmRelease } from './confirm-release.ts'
import { ensureIPAddressClaim } from './ensure-ip-address-claim.ts'
import { FastPathAbandoned, releasePending, translatingFailures } from './failures.ts'
import { leaveForeignRuns, type ManagementClusterPorts } from './leave-foreign-runs.ts'
import { probeAddress, type ProbePort } from './probe-address.ts'
import { publishKept, publishRelease } from './publish-condition.ts'
import { publishDnsName } from './publish-dns-name.ts'
import { runStep, type StepPorts, type StepRun } from './run-step.ts'
import { selectIPPool } from './select-ip-pool.ts'
import { signalWorkflow } from './signal-workflow.ts'
import type { StepResult } from './step-outcome.ts'

/** The activities. Each observes the objects as they are, and can be repeated at any time. */
export interface Activities extends Steps {
  /** A local activity: the steps, as far as each makes progress. */
  allocateAtOnce(input: AllocateAtOnceInput): Promise<AllocateAtOnceResult>
  confirmRelease(input: ConfirmReleaseInput): Promise<ConfirmReleaseResult>
}

export interface ActivitySetup
  extends Omit<StepPorts, 'signalWorkflow' | 'settings'>, ManagementClusterPorts {
  readonly settings: StepSettings
  readonly probePort: ProbePort
  /** Default: a signal through the Worker's connection. */
  readonly signalWorkflow?: StepPorts['signalWorkflow']
  /** Runs a step of the fast path in a span that names it; absent if traces are off. */
  readonly aroundStep?: AroundStep
}

export type AroundStep = <R>(name: string, run: () => Promise<R>) => Promise<R>

/** Binds the activities to a management cluster; a Worker registers what this returns. */
export function createActivities(setup: ActivitySetup): Activities {
  const ports = { signalWorkflow, ...setup }
  const fastPath = createSteps(ports, true, setup.aroundStep)
  const durable = createSteps(ports, false)
  const owned = leaveForeignRuns(setup)
  return {
    selectIPPool: owned((input) => durable.selectIPPool(input)),
    ensureIPAddressClaim: owned((input) => durable.ensureIPAddressClaim(input)),
    awaitIPAddress: owned((input) => durable.awaitIPAddress(input)),
    assignVip: owned((input) => durable.assignVip(input)),
    publishDnsName: owned((input) => durable.publishDnsName(input)),
    probeAddress: owned((input) => durable.probeAddress(input)),
    allocateAtOnce: owned((input) => allocateAtOnce(fastPath, input)),
    confirmRelease: owned((input) =>
      translatingFailures(releasePending, async () => {
        const result = await confirmRelease(setup.api, input)
        if (result.next === 'released') await publishRelease(ports, input, result.held)
        if (result.next === 'keep' && result.isNew === true) await publishKept(ports, input, result.message)
        return result
      }),
    ),
  }
}

function createSteps(
  ports: StepPorts & Pick<ActivitySetup, 'settings' | 'probePort'>,
  isFastPath: boolean,
  around: AroundStep = (_, run) => run(),
): Steps {
  const { settings } = ports
  /** A second run on live reads would probe again. */
  const live = { ...ports, cachedApi: undefined }
  const pollWithinBudget = createClaimWaitBudget()
  const perform = <R extends StepResult>(
    name: keyof Steps,
    input: StepInput,
    run: StepRun<R>,
    rejected: Reason = 'AllocationFailed',
  ): Promise<R> => around(name, () => runStep(ports, { name, rejected, isFastPath }, input, run))
  return {
    selectIPPool: (input) => perform('selectIPPool', input, (api) => selectIPPool(api, settings, input)),
    ensureIPAddressClaim: (input) =>
      perform('ensureIPAddressClaim', input, (api) => ensureIPAddressClaim(api, settings, input, isFastPath)),
    awaitIPAddress: (input) =>
      perform('awaitIPAddress', input, (api, kind) =>
        pollWithinBudget(kind, (timeoutMs) => awaitIPAddress(api, settings, input, timeoutMs)),
      ),
    assignVip: (input) =>
      perform('assignVip', input, (api) => assignVip(api, settings, input), 'ClusterRejected'),
    // A probe may wait for a second: the workflow task must not.
    probeAddress: (input) =>
      isFastPath
        ? Promise.reject(new FastPathAbandoned('a probe is an activity of its own'))
        : runStep(live, { name: 'probeAddress', rejected: 'AllocationFailed', isFastPath }, input, (api) =>
            probeAddress(api, ports.probePort, input),
          ),
    publishDnsName: (input) =>
      around('publishDnsName', () => publishDnsName(ports, settings, input, isFastPath)),
  }
}
