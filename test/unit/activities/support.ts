import { expect } from '@jest/globals'
import { ApplicationFailure } from '@temporalio/common'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { createActivities, type Activities, type ActivitySetup } from '../../../src/activities/index.ts'
import type { ClusterApi } from '../../../src/kubernetes/cluster-api.ts'
import { aCluster, anIPAddress, variables } from '../../support/builders.ts'
import { fakeClusterApi } from '../../support/fake-cluster-api.ts'

const settings = { defaultPort: 6443, variables, searchable: [] }
export const step = {
  cluster: { namespace: 'clusters', name: 'demo' },
  role: 'control-plane',
  uid: 'uid-of-demo',
} as const
export const poolRef = { apiGroup: 'ipam.cluster.x-k8s.io', kind: 'GlobalInClusterIPPool', name: 'vip-pool' }

/** A Cluster that holds the address of `step`'s claim. */
export const holder = aCluster({ name: 'holder', endpoint: { host: '10.0.0.10', port: 6443 } })

/** A management cluster with `holder`, in which an activity can release the duplicate address. */
export const clusterWithHolder = {
  getIPAddress: async ({ name }) => (name.startsWith('vip-reserved') ? undefined : anIPAddress()),
  listAddressUse: async () => ({ clusters: [holder], ipAddresses: [anIPAddress()] }),
  patchCluster: async () => aCluster(),
  createIPAddress: async () => anIPAddress(),
  deleteIPAddressClaim: async () => undefined,
} satisfies Partial<ClusterApi>

/** Settings besides the usual ones, and what answers to probes. */
type RunOptions = Partial<ActivitySetup['settings'] & Pick<ActivitySetup, 'probePort'>>

/** Runs one activity with the given API calls. */
export async function run<A extends keyof Activities>(
  activity: A,
  input: Parameters<Activities[A]>[0],
  calls: Partial<ClusterApi>,
  attempt = 1,
  { probePort = async () => undefined, ...more }: RunOptions = {},
): Promise<unknown> {
  const activities: Activities = createActivities({
    managementClusterUid: async () => undefined,
    // Reports have their own tests.
    api: fakeClusterApi({ applyCondition: async () => {}, recordEvent: async () => {}, ...calls }),
    settings: { ...settings, ...more },
    probePort,
    observer: { observeStep: () => {}, countReport: () => {} },
    signalWorkflow: async () => {},
  })
  const environment = new MockActivityEnvironment({ attempt }, { logger: new DefaultLogger('ERROR') })
  return environment.run(activities[activity] as (argument: unknown) => Promise<unknown>, input)
}

/** The failure of an activity that must fail. */
export async function failureOf(running: Promise<unknown>): Promise<ApplicationFailure> {
  const error = await running.then(
    (value) => Promise.reject(new Error(`it did not fail, but answered ${JSON.stringify(value)}`)),
    (failure: unknown) => failure,
  )
  expect(error).toBeInstanceOf(ApplicationFailure)
  return error as ApplicationFailure
}
